#include "report/curves.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "report/thin.hpp"

namespace homespun::report {
namespace {

bool is_gap(const Point& point) {
    return std::isnan(point.y);
}

/// Calls `use` with each stretch without gaps.
template <class Use>
void each_run(std::span<const Point> curve, Use use) {
    while (!curve.empty()) {
        const auto begin = std::ranges::find_if_not(curve, is_gap);
        const auto end = std::find_if(begin, curve.end(), is_gap);
        if (begin != end) use(std::span(begin, end));
        curve = std::span(end, curve.end());
    }
}

void append_point(std::string& path, char command, double x, double y) {
    path += command;
    path += coordinate(x);
    path += ' ';
    path += coordinate(y);
}

/// The height of the curve at `x`, between the points around it; missing in gaps and beyond the ends.
double height_at(const Curve& curve, double x) {
    const auto after = std::ranges::lower_bound(curve, x, {}, &Point::x);
    if (after == curve.end()) return missing;
    if (after->x == x) return after->y;
    if (after == curve.begin()) return missing;
    const auto before = after - 1;
    return before->y + (after->y - before->y) * (x - before->x) / (after->x - before->x);
}

/// One slice between two neighbouring x; the curves do not cross inside.
void append_slice(std::string& path, const Point& left, const Point& right) {
    append_point(path, 'M', left.x, left.low);
    append_point(path, 'L', right.x, right.low);
    append_point(path, 'L', right.x, right.high);
    append_point(path, 'L', left.x, left.high);
    path += 'Z';
}

void erase_gaps(Curve& curve) {
    std::erase_if(curve, is_gap);
}

/// What lies on one side of the plot and has its neighbours there cannot be seen.
void erase_outside(Curve& curve, const Box& box) {
    const auto side = [&](const Point& point) {
        return point.x < box.left ? -1 : point.x > box.right() ? 1 : 0;
    };
    Curve kept;
    for (std::size_t i = 0; i < curve.size(); ++i) {
        const int here = side(curve[i]);
        const bool before = i == 0 || side(curve[i - 1]) == here;
        const bool after = i + 1 == curve.size() || side(curve[i + 1]) == here;
        if (here == 0 || !before || !after) kept.push_back(curve[i]);
    }
    curve = std::move(kept);
}

}  // namespace

Curve curve_of(const std::vector<Point>& points, const Frame& frame) {
    Curve curve;
    curve.reserve(points.size());
    for (const auto& point : points) {
        const double x = frame.x(point.x);
        // Without an x there is no place even for a gap, but the line breaks.
        if (std::isnan(x)) {
            if (!curve.empty()) curve.push_back({.x = curve.back().x});
            continue;
        }
        curve.push_back({x, frame.y(point.y), frame.y(point.low), frame.y(point.high)});
        // Downwards in the drawing is upwards for thinning; only the order counts.
        std::swap(curve.back().low, curve.back().high);
    }
    erase_outside(curve, frame.box());
    return thinned(std::move(curve));
}

std::string line_path(std::span<const Point> curve) {
    std::string path;
    each_run(curve, [&](std::span<const Point> run) {
        if (run.size() < 2) return;
        for (const auto& point : run)
            append_point(path, &point == &run.front() ? 'M' : 'L', point.x, point.y);
    });
    return path;
}

std::string area_path(std::span<const Point> curve, double floor) {
    std::string path;
    each_run(curve, [&](std::span<const Point> run) {
        if (run.size() < 2) return;
        append_point(path, 'M', run.front().x, floor);
        for (const auto& point : run)
            append_point(path, 'L', point.x, point.y);
        append_point(path, 'L', run.back().x, floor);
        path += 'Z';
    });
    return path;
}

std::string ribbon_path(std::span<const Point> curve) {
    std::string path;
    each_run(curve, [&](std::span<const Point> run) {
        std::vector<Point> sides(run.begin(), run.end());
        std::erase_if(sides,
                      [](const Point& point) { return std::isnan(point.low) || std::isnan(point.high); });
        if (sides.size() < 2) return;
        for (const auto& point : sides)
            append_point(path, path.empty() || &point == &sides.front() ? 'M' : 'L', point.x, point.low);
        std::ranges::reverse(sides);
        for (const auto& point : sides)
            append_point(path, 'L', point.x, point.high);
        path += 'Z';
    });
    return path;
}

std::pair<std::string, std::string> difference_paths(const Curve& first, const Curve& second) {
    Curve a = first;
    Curve b = second;
    erase_gaps(a);
    erase_gaps(b);
    std::vector<double> xs;
    for (const auto& point : a)
        xs.push_back(point.x);
    for (const auto& point : b)
        xs.push_back(point.x);
    std::ranges::sort(xs);
    xs.erase(std::ranges::unique(xs).begin(), xs.end());
    std::pair<std::string, std::string> paths;
    Point left{.x = 0, .y = 0};  // low: the first curve, high: the second
    for (const double x : xs) {
        const Point right{x, 0, height_at(a, x), height_at(b, x)};
        const double before = left.high - left.low;
        const double after = right.high - right.low;
        const auto side = [&](double gap) -> std::string& { return gap < 0 ? paths.first : paths.second; };
        if (before * after < 0) {
            const double share = before / (before - after);
            const double height = left.low + share * (right.low - left.low);
            const Point crossing{left.x + share * (right.x - left.x), 0, height, height};
            append_slice(side(before), left, crossing);
            append_slice(side(after), crossing, right);
        } else if (before + after != 0 && !std::isnan(before + after)) {
            append_slice(side(before + after), left, right);
        }
        left = right;
    }
    return paths;
}

std::vector<Series> stacked(std::vector<Series> series) {
    std::map<double, double> sums;
    for (const auto& each : series) {
        if (each.style != Style::stacked) continue;
        for (const auto& point : each.points) {
            if (is_present(point.x)) sums[point.x] = 0;
        }
    }
    for (auto& each : series) {
        if (each.style != Style::stacked) continue;
        std::map<double, double> own;
        for (const auto& point : each.points) {
            if (is_present(point.x) && is_present(point.y)) own[point.x] = point.y;
        }
        each.points.clear();
        for (auto& [x, sum] : sums) {
            if (const auto found = own.find(x); found != own.end()) sum += std::max(found->second, 0.0);
            each.points.push_back({x, sum});
        }
    }
    return series;
}

}  // namespace homespun::report
