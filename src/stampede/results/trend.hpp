#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/statistics.hpp"
#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// Follows one server over many runs, in the order of their beginnings: how its figures moved, and at which
/// run they changed for good. A change is seen when some six runs lie on either side of it (three when it is
/// large), and when it is of 5 % at least.

struct TrendOptions {
    std::size_t recent = 10;  ///< a worsening counts when it began within that many last runs
    double least_effect = 0.05;
    double load_tolerance = 0.01;  ///< loads this close count as one
    std::uint64_t seed = 1;
};

/// A run's figures at one load; NaN where it did not have that load.
struct TrendCell {
    static constexpr double missing = std::numeric_limits<double>::quiet_NaN();
    double apdex = missing, good_rate = missing, p99_ms = missing;
};

struct TrendRun {
    std::string label = {};                ///< its labels, else its commit, else when it began
    std::string commit = {};               ///< may be empty
    std::string time = {};                 ///< "2026-11-21 14:03"
    double capacity = TrendCell::missing;  ///< sessions a second
    std::vector<TrendCell> cells = {};     ///< one for each load of the trend
};

/// Where a series took another level.
struct TrendChange {
    std::size_t run = 0;           ///< the first of the new level
    double before = 0, after = 0;  ///< medians of what lies around it, up to the neighbouring changes
    base::Verdict verdict = base::Verdict::no_difference;
};

/// One figure over the runs.
struct TrendSeries {
    std::string name = {};  ///< "capacity, sessions/s", "p99 at load 200, ms"
    bool higher_is_better = true;
    std::vector<double> values = {};  ///< one for each run; NaN where it lacks it
    std::vector<TrendChange> changes = {};
};

struct Trend {
    std::vector<TrendRun> runs = {};
    std::vector<double> loads = {};  ///< rising
    std::vector<TrendSeries> series =
        {};  ///< capacity, and rate, p99 and Apdex at the highest load most runs have
    std::vector<std::string> notes = {};          ///< what was left out, where the environment changed
    std::optional<std::size_t> worse_since = {};  ///< the run at which the last change, a worsening, began
    std::string sentence = {};                    ///< the verdict in words
};

/// Inconclusive runs are left out and named. The error: fewer than two runs remain.
base::Result<Trend> follow(std::span<const Run> runs, const TrendOptions& options);

/// 0: well, 1: worse since a recent run, 2: could not be told.
int exit_code(const base::Result<Trend>& trend);

std::string to_text(const Trend& trend);
std::string to_json(const Trend& trend);
/// A whole page.
std::string to_html(const Trend& trend);

}  // namespace homespun::stampede
