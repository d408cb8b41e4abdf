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

/// Compares two sets of runs, A and B: a change of the server before and after, each measured some times,
/// best in turns (A, B, A, B …) on one machine.
///
/// With four runs a side or more, runs are the repeats: only they show how much two runs of one build differ.
/// With fewer, stretches of some seconds within the levels are (whole ones, as neighbouring seconds resemble
/// each other); that cannot tell a change of the server from the moods of a run, so a larger effect is asked
/// for. p is corrected for the number of comparisons: equal servers differ anywhere at all in at most `alpha`
/// of the cases, and mostly far more rarely, because an effect has to be large enough, too.

struct DiffOptions {
    std::string name_a = "A", name_b = "B";
    bool force = false;                   ///< compare what should not be compared; the reasons become notes
    double least_effect = 0.05;           ///< between runs
    double least_effect_in_runs = 0.10;   ///< when stretches within runs are the repeats
    double least_capacity_effect = 0.15;  ///< when it cannot be tested; each search is exact to 5 % only
    double alpha = 0.05;
    double alpha_in_runs = 0.01;   ///< there are many stretches, and each resembles its neighbours somewhat
    double load_tolerance = 0.01;  ///< loads this close count as one
    double stretch_s = 5;
    std::size_t least_repeats = 4;
    std::uint64_t seed = 1;  ///< of the bootstrap
};

enum class Measure : std::uint8_t { good_rate, p50, p95, p99, error_share, apdex, capacity };
/// "good/s", "p50 ms", …
std::string_view name_of(Measure measure);
bool is_higher_better(Measure measure);

/// One measure on both sides.
struct Compared {
    static constexpr double missing = std::numeric_limits<double>::quiet_NaN();

    Measure measure = Measure::good_rate;
    double a = missing, b = missing;  ///< of everything measured, histograms merged; NaN: not known
    base::Interval range_a{missing, missing}, range_b{missing, missing};  ///< of the repeats
    std::optional<base::Ratio> ratio = {};  ///< B over A, of the medians of the repeats
    bool tested = false;                    ///< there were repeats enough
    double p = 1;                           ///< corrected
    base::Verdict verdict = base::Verdict::no_difference;
};

struct LevelDiff {
    double load = 0;
    std::size_t runs_a = 0, runs_b = 0;  ///< that have this load
    bool held_a = true, held_b = true;   ///< in every run
    std::vector<Compared> measures = {};
};

struct Diff {
    std::string name_a = {}, name_b = {};
    bool repeats_are_runs = true;
    std::size_t comparisons = 0;  ///< that were tested
    std::string basis = {};       ///< what the repeats were, one sentence
    std::vector<LevelDiff> levels = {};
    /// Over the loads that every run has and held: means of the levels' values (of their logarithms, for
    /// rates and times), less noisy than any level. Empty when there are fewer than two, or runs are no
    /// repeats.
    std::vector<Compared> overall = {};
    std::optional<Compared> capacity = {};                 ///< sessions a second; when both sides know it
    std::vector<std::string> notes = {};                   ///< what limits the conclusion
    base::Verdict verdict = base::Verdict::no_difference;  ///< worse when anything is
    std::string sentence = {};                             ///< the verdict in words
};

/// Refuses, unless forced, when the environments differ or a run is inconclusive; when there is nothing to
/// compare, always. The error has a line for each reason.
base::Result<Diff> compare_runs(std::span<const Run> a, std::span<const Run> b, const DiffOptions& options);

/// 0: no difference or better, 1: worse, 2: could not compare.
int exit_code(const base::Result<Diff>& diff);

std::string to_text(const Diff& diff);
std::string to_json(const Diff& diff);
/// A whole page.
std::string to_html(const Diff& diff);

}  // namespace homespun::stampede
