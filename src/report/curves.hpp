#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "report/chart.hpp"
#include "report/frame.hpp"

namespace homespun::report {

/// In units of the drawing, thinned out. A missing y marks a gap.
using Curve = std::vector<Point>;

[[nodiscard]] Curve curve_of(const std::vector<Point>& points, const Frame& frame);
/// SVG path data through the points, broken at the gaps.
[[nodiscard]] std::string line_path(std::span<const Point> curve);
/// The area between the curve and the height `floor`.
[[nodiscard]] std::string area_path(std::span<const Point> curve, double floor);
/// The area between low and high.
[[nodiscard]] std::string ribbon_path(std::span<const Point> curve);
/// The areas between two curves of rising x: first where `second` is higher, then where it is lower.
[[nodiscard]] std::pair<std::string, std::string> difference_paths(const Curve& first, const Curve& second);

/// The stacked series with y replaced by the sum of their own and those below, at every x that any of them
/// has; the others unchanged.
[[nodiscard]] std::vector<Series> stacked(std::vector<Series> series);

}  // namespace homespun::report
