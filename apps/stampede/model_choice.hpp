#pragma once
#include <memory>

#include "options.hpp"
#include "stampede/models/target.hpp"

/// What the command line asks for, ready to run.
struct ModelChoice {
    homespun::stampede::Target target;
    std::unique_ptr<homespun::stampede::Model> model;
    std::unique_ptr<homespun::stampede::Model>
        preparation;          ///< stores what the model wants there; may be null
    std::uint64_t users = 0;  ///< that the model is about; 0: as many as asked for
};

/// The URL, with the secret of --secret-file.
homespun::base::Result<homespun::stampede::Target> target_of(const LoadOptions& options);

homespun::base::Result<ModelChoice> choose_model(const LoadOptions& options);

/// Whether somebody listens there.
homespun::base::Result<void> reach_target(const homespun::stampede::Target& target);

/// `stampede models`
void list_models();
