#include "report/thin.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

namespace homespun::report {
namespace {

/// What a column can leave: first, last, two extremes, and a gap at each end. Low and high may add two more,
/// rarely other points than the extremes of y.
constexpr std::size_t kept_of_a_column = 6;

bool is_rising(std::span<const Point> points) {
    return std::ranges::is_sorted(points, {}, &Point::x);
}

/// Appends what the column leaves.
void keep(std::span<const Point> column, std::vector<Point>& result) {
    std::array<const Point*, 6> best{};  // first, last, least y, greatest y, least low, greatest high
    for (const auto& point : column) {
        if (std::isnan(point.y)) continue;
        auto& [first, last, least, greatest, low, high] = best;
        if (first == nullptr) first = &point;
        last = &point;
        if (least == nullptr || point.y < least->y) least = &point;
        if (greatest == nullptr || point.y > greatest->y) greatest = &point;
        if (!std::isnan(point.low) && (low == nullptr || point.low < low->low)) low = &point;
        if (!std::isnan(point.high) && (high == nullptr || point.high > high->high)) high = &point;
    }
    if (std::isnan(column.front().y)) result.push_back(column.front());
    std::ranges::sort(best);
    const Point* before = nullptr;
    for (const auto* point : best) {
        if (point != nullptr && point != before) result.push_back(*point);
        before = point;
    }
    if (column.size() > 1 && std::isnan(column.back().y)) result.push_back(column.back());
}

}  // namespace

std::vector<Point> thinned(std::vector<Point> points, std::size_t most) {
    if (points.size() <= most) return points;
    const auto columns = std::max<std::size_t>(most / kept_of_a_column, 1);
    const bool rising = is_rising(points);
    const double start = points.front().x;
    const double width = (points.back().x - start) / static_cast<double>(columns);
    const auto column_of = [&](std::size_t i) {
        if (!rising || !(width > 0)) return i * columns / points.size();
        return std::min(columns - 1, static_cast<std::size_t>((points[i].x - start) / width));
    };
    std::vector<Point> result;
    result.reserve(most);
    const std::span all(points);
    for (std::size_t begin = 0; begin < points.size();) {
        std::size_t end = begin + 1;
        while (end < points.size() && column_of(end) == column_of(begin))
            ++end;
        keep(all.subspan(begin, end - begin), result);
        begin = end;
    }
    return result;
}

}  // namespace homespun::report
