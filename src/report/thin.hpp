#pragma once
#include <cstddef>
#include <vector>

#include "report/chart.hpp"

namespace homespun::report {

inline constexpr std::size_t most_points = 2000;

/// At most about `most` of the points, in their order: of each column of x the first, the last, and those
/// with the least and the greatest y, low and high. Where x turns back, columns are stretches of the sequence
/// instead. Fewer points pass unchanged. A gap (missing y) stays when it reaches over the end of a column.
[[nodiscard]] std::vector<Point> thinned(std::vector<Point> points, std::size_t most = most_points);

}  // namespace homespun::report
