#pragma once
#include "stampede/capacity/conductor.hpp"
#include "stampede/capacity/search.hpp"
#include "stampede/engine/session.hpp"

namespace homespun::stampede {

struct CapacitySettings {
    double first_load = 0;  ///< where the staircase begins; 0: felt out by doubling
    double level_s = 20;    ///< counted seconds of a step
    double warm_up_most_s = 60;
    double soak_s = 60;  ///< at the limit found; 0: none
    double push_s = 20;  ///< at twice the limit; 0: none
    double precision = 0.05;
    double price_a_month = 0;  ///< of the node; 0: unknown
    double disk_gb = 0;        ///< of the node; 0: unknown
    double mb_per_user = 4.5;  ///< on disk: 6,000 records of 450 bytes and what is around them
};

/// Searches the limit of the server behind the conductor: fills the run's levels, capacity, failure and
/// verdict.
void find_capacity(Conductor& conductor, const Model& model, const CapacitySettings& settings, Run& run);

/// What one generator thread reaches against a server that does nothing, requests a second.
base::Result<double> calibrate(double seconds);

/// Fills `conclusive`, the generator's health and the first line of the report from what was measured.
void conclude(Run& run);

/// Users that a rate of sessions serves, at the model's rate for one user and the peaks of the load sheet.
double users_of(double sessions_per_s, const Model& model);

}  // namespace homespun::stampede
