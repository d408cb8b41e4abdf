#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace homespun::base {

/// Numbers about numbers. Pure; random choices come from a seed, so results repeat. Values are finite. Empty
/// input gives 0 or nothing, as told.

/// The middle value (of an even count: the mean of the two middle ones); 0 when empty.
double median(std::span<const double> values);
/// 0 when empty.
double mean(std::span<const double> values);
/// Of the sample (n - 1); 0 with fewer than two.
double standard_deviation(std::span<const double> values);
/// The value below which the share `q` (0..1) lies, interpolated between neighbours (0: the smallest, 1: the
/// largest); 0 when empty.
double quantile(std::span<const double> values, double q);

/// y = slope x + offset.
struct Line {
    double slope = 0, offset = 0;
};
/// Least squares through the points (x[i], y[i]); surplus values of the longer one are not looked at. A level
/// line through the mean when all x are equal.
Line fit_line(std::span<const double> x, std::span<const double> y);

/// From `low` to `high`.
struct Interval {
    double low = 0, high = 0;
};

/// A ratio and where it may lie.
struct Ratio {
    double estimate = 1;
    Interval interval{1, 1};
};
/// Of median(b) / median(a): the estimate, and its percentile-bootstrap interval with the `confidence`.
/// Resamples whose median(a) is 0 are left out. Nothing when a side is empty or median(a) is 0. With five
/// values a side an interval of 0.95 holds the truth some 97 times in 100, as the medians of so few are
/// coarse.
std::optional<Ratio> bootstrap_ratio(std::span<const double> a, std::span<const double> b, std::uint64_t seed,
                                     double confidence = 0.95, std::size_t draws = 4000);

/// Two-sided permutation test on the difference of means of `a` and `b`: the share of relabellings with a
/// difference at least as large, the one given among them. Every relabelling when there are at most 20,000
/// (up to 8 against 8), else that many random ones. 1 when a side is empty. The smallest p possible is 0.1
/// with 3 against 3, 0.029 with 4 and 0.008 with 5.
double permutation_p(std::span<const double> a, std::span<const double> b, std::uint64_t seed);

/// How the second of two measures stands to the first.
enum class Verdict { better, worse, no_difference };
/// Two runs of one measure, repeats each.
struct Comparison {
    Verdict verdict = Verdict::no_difference;
    Ratio ratio;   ///< of the medians, b over a; 1 when median(a) is 0
    double p = 1;  ///< as permutation_p
};
/// Different only when p < `alpha`, the ratio differs from 1 by at least `least_effect` (from 0 any change is
/// enough) and means and medians moved the same way. `higher_is_better` tells a rate from a latency. It takes
/// four repeats a side to find anything with an alpha of 0.05.
Comparison compare(std::span<const double> a, std::span<const double> b, bool higher_is_better,
                   std::uint64_t seed, double least_effect = 0.05, double alpha = 0.05);

/// The Universal Scalability Law X(N) = a N / (1 + s (N - 1) + k N (N - 1)).
struct ScalabilityFit {
    double rate_of_one = 0;  ///< a
    double contention = 0;   ///< s, 0..1
    double coherence = 0;    ///< k, >= 0
    double r_squared = 0;    ///< share of the throughput's variance that the curve explains
    /// The N of the highest throughput; nothing when k is 0.
    [[nodiscard]] std::optional<double> peak() const;
    /// X(n).
    [[nodiscard]] double at(double n) const;
};
/// Least squares of the relative errors, on N/X, which is linear in 1/a, s/a and k/a; only a guide. Points
/// without load or throughput are passed over. Nothing with fewer than four points, fewer than three
/// different loads or no usable fit.
std::optional<ScalabilityFit> fit_scalability(std::span<const double> load,
                                              std::span<const double> throughput);

/// Where the level of a series changes: indexes of the first value of each new level, rising. The series is
/// cut where the means differ most, or around the stretch that stands out most, then each piece again. A cut
/// counts when both sides have at least `least_points` (stretches of a 256th of the series may be missed) and
/// shuffles of what lies around it have so good a cut with p < `alpha`. Values are taken as independent of
/// each other; it takes about six a side to find anything with an alpha of 0.01.
std::vector<std::size_t> change_points(std::span<const double> values, std::uint64_t seed,
                                       std::size_t least_points = 3, double alpha = 0.01);

}  // namespace homespun::base
