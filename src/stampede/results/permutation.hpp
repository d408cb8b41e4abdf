#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace homespun::stampede {

/// One thing that was measured several times on two sides. NaN where a repeat lacks it.
struct TwoSides {
    /// What is relabelled together: things of one group were measured by the same repeats, so all of the
    /// group have as many values a side.
    std::size_t group = 0;
    std::vector<double> a, b;
    /// The least difference of means that is of interest.
    double least = 0;
};

/// For each thing the probability that, if the sides are equal, anything at all among them shows a difference
/// of interest that is as clear as this one's (two-sided; Westfall and Young's single step on studentised
/// differences of means). Whoever believes in differences of interest with p < 0.05 only is wrong about any
/// of them in at most 5 % of the cases, however many things there are. Where a correction by division needs
/// more repeats with every further thing, five against five can always reach 0.008; and things that are too
/// steady to show a difference of interest by chance cost nothing. 1 where a side has fewer than two values.
std::vector<double> corrected_p(std::span<const TwoSides> things, std::uint64_t seed);

}  // namespace homespun::stampede
