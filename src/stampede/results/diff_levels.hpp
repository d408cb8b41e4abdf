#pragma once
#include <span>
#include <vector>

#include "stampede/results/diff.hpp"

namespace homespun::stampede {

/// What one side measured at one load.
struct SideLevel {
    Counts counts = {};  ///< of all runs
    double seconds = 0;
    bool held = true;
    std::size_t runs = 0;                                  ///< that have this load
    std::vector<std::vector<double>> runs_values = {};     ///< [measure][run]; NaN where a run lacks it
    std::vector<std::vector<double>> stretch_values = {};  ///< [measure][stretch], of all runs
};

struct CommonLevel {
    double load = 0;
    SideLevel a = {}, b = {};
};

/// The measures of a level, in the order of SideLevel's values.
inline constexpr Measure level_measures[] = {Measure::good_rate, Measure::p50,         Measure::p95,
                                             Measure::p99,       Measure::error_share, Measure::apdex};

/// Loads in rising order, those within `tolerance` taken as one; levels that stand for no load (warm-up, the
/// push and what follows it) left out. The smallest load of each.
std::vector<double> loads_of(std::span<const Run* const> runs, double tolerance);
/// A run's levels at that load, all in one; nothing when it has none.
std::optional<Level> level_at(const Run& run, double load, double tolerance);

/// One measure of a level; NaN when it is not known.
double figure(const Counts& counts, double seconds, const Demands& demands, Measure measure);

/// The loads that both sides have.
std::vector<CommonLevel> common_levels(std::span<const Run> a, std::span<const Run> b,
                                       const DiffOptions& options);

}  // namespace homespun::stampede
