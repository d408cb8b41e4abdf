#pragma once
#include <string>
#include <vector>

#include "base/config.hpp"

struct ServeOptions {
    homespun::base::config::Settings settings;
    bool no_arbiter = false;
    std::vector<std::string> arguments;  ///< of this process, for its worker
};

/// `homespun serve`: returns the exit status. Messages go to standard error, the address and what to set in
/// Firefox to standard output.
int serve(ServeOptions options);
