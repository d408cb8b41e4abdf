#pragma once
#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// Sorts the trial's exchanges by their start and gives each its phase, cycle and `after_index`: `during`
/// overlaps [armed, stopped] of a cycle, `after` starts behind it, `before` ends before the first. What runs
/// on between cycles belongs to the one that was. `exposed` overlaps [first bite, last bite].
void assign_phases(Trial& trial);

/// Which phase of which cycle a moment belongs to.
struct Moment {
    Phase phase = Phase::before;
    std::size_t cycle = 0;
};
[[nodiscard]] Moment moment_of(const Trial& trial, Micros at);

}  // namespace homespun::seism
