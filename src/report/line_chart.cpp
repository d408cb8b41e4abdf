#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/chart.hpp"
#include "report/curves.hpp"
#include "report/frame.hpp"

namespace homespun::report {
namespace {

/// So few points are worth a dot each, and a text to read when the pointer rests on it.
constexpr std::size_t most_dots = 60;

std::string color_of(const Series& series, std::size_t place) {
    return series_color(series.color > 0 ? series.color : static_cast<int>(place) + 1);
}

Key key_of(Style style) {
    switch (style) {
        case Style::dashed:
            return Key::dashed;
        case Style::points:
            return Key::dot;
        case Style::stacked:
            return Key::block;
        case Style::line:
        case Style::area:
            break;
    }
    return Key::line;
}

/// The tones of the areas of a difference: where the second is higher, and where it is lower.
std::pair<Tone, Tone> tones_of(const Difference& difference) {
    return difference.higher_is_good ? std::pair(Tone::good, Tone::bad) : std::pair(Tone::bad, Tone::good);
}

bool is_drawable(const std::optional<Difference>& difference, std::size_t count) {
    return difference && difference->first < count && difference->second < count;
}

std::vector<LegendEntry> legend_of(const LineChart& chart) {
    std::vector<LegendEntry> legend;
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
        const auto& series = chart.series[i];
        legend.push_back({series.name, color_of(series, i), key_of(series.style)});
    }
    if (is_drawable(chart.difference, chart.series.size())) {
        const auto [higher, lower] = tones_of(*chart.difference);
        legend.push_back({chart.difference->higher, tone_color(higher), Key::block});
        legend.push_back({chart.difference->lower, tone_color(lower), Key::block});
    }
    return legend;
}

FrameParts parts_of(const LineChart& chart, const std::vector<Series>& shown) {
    FrameParts parts{.title = chart.title, .x = chart.x, .y = chart.y, .legend = legend_of(chart)};
    for (const auto& series : shown) {
        if (series.style == Style::stacked) {
            parts.y.log = false;
            parts.y.zero = true;
        }
    }
    for (const auto& series : shown) {
        for (const auto& point : series.points) {
            if (!can_show(parts.x, point.x)) continue;
            parts.x_ends.add(point.x, parts.x);
            for (const double y : {point.y, point.low, point.high})
                parts.y_ends.add(y, parts.y);
        }
    }
    for (const auto& mark : chart.horizontal)
        add_with_room(parts.y_ends, mark.at, parts.y);
    for (const auto& phase : chart.phases) {
        parts.x_ends.add(phase.from, parts.x);
        parts.x_ends.add(phase.to, parts.x);
    }
    parts.vertical = chart.vertical;
    parts.horizontal = chart.horizontal;
    parts.phases = chart.phases;
    parts.height = std::max(chart.height, 60);
    parts.exact = chart.x.unit == Unit::clock;
    return parts;
}

class Drawing {
  public:
    Drawing(const LineChart& chart, const std::vector<Series>& shown, const FrameParts& parts, Layout layout)
        : chart_(chart), shown_(shown), parts_(parts), frame_(parts, layout) {
        for (const auto& series : shown_)
            curves_.push_back(curve_of(series.points, frame_));
    }

    std::string draw(std::string_view description) {
        auto& canvas = frame_.canvas();
        // Stacked areas would hide the grid.
        const bool stacks = std::ranges::count(shown_, Style::stacked, &Series::style) > 0;
        if (!stacks) frame_.draw_grid();
        canvas.begin_clip(frame_.box());
        draw_difference();
        // The highest of a stack first: those below cover its lower part.
        for (std::size_t i = shown_.size(); i-- > 0;)
            draw_area(i);
        canvas.end_clip();
        if (stacks) frame_.draw_grid();
        canvas.begin_clip(frame_.box());
        for (std::size_t i = 0; i < shown_.size(); ++i)
            draw_line(i);
        canvas.end_clip();
        // Bars and dots at the edges are drawn whole.
        const auto& box = frame_.box();
        canvas.begin_clip({box.left - 6, box.top, box.width + 12, box.height});
        for (std::size_t i = 0; i < shown_.size(); ++i)
            draw_bars(i);
        canvas.end_clip();
        for (std::size_t i = 0; i < shown_.size(); ++i)
            draw_dots(i);
        frame_.draw_marks();
        return frame_.finish(description);
    }

  private:
    void draw_difference() {
        if (!is_drawable(chart_.difference, curves_.size())) return;
        const auto [higher, lower] = tones_of(*chart_.difference);
        const auto paths =
            difference_paths(curves_[chart_.difference->first], curves_[chart_.difference->second]);
        frame_.canvas().path(paths.first, fmt::format("fill:{};fill-opacity:.4", tone_color(higher)));
        frame_.canvas().path(paths.second, fmt::format("fill:{};fill-opacity:.4", tone_color(lower)));
    }

    void draw_area(std::size_t i) {
        const auto& series = shown_[i];
        const auto color = color_of(series, i);
        const double floor = std::isnan(frame_.y(0)) ? frame_.box().bottom() : frame_.y(0);
        if (series.style == Style::stacked) {
            frame_.canvas().path(
                area_path(curves_[i], floor),
                fmt::format("fill:{0};fill:color-mix(in srgb,{0} 82%,{1})", color, surface_color()));
        } else if (series.style == Style::area) {
            frame_.canvas().path(area_path(curves_[i], floor),
                                 fmt::format("fill:{};fill-opacity:.18", color));
        }
        if (series.spread == Spread::ribbon) {
            frame_.canvas().path(ribbon_path(curves_[i]), fmt::format("fill:{};fill-opacity:.18", color));
        }
    }

    void draw_line(std::size_t i) {
        const auto& series = shown_[i];
        if (series.style == Style::points) return;
        // The edges of a stack in the background's colour set its areas apart.
        const bool in_stack = series.style == Style::stacked;
        const auto color = in_stack ? surface_color() : color_of(series, i);
        frame_.canvas().path(
            line_path(curves_[i]),
            fmt::format("fill:none;stroke:{};stroke-width:{};stroke-linejoin:round{}", color,
                        in_stack ? 0.6 : 2.0, series.style == Style::dashed ? ";stroke-dasharray:6 4" : ""));
    }

    void draw_bars(std::size_t i) {
        if (shown_[i].spread != Spread::bars) return;
        std::string path;
        for (const auto& [x, y, low, high] : curves_[i]) {
            const bool inside = x >= frame_.box().left - 1 && x <= frame_.box().right() + 1;
            if (!inside || std::isnan(low) || std::isnan(high)) continue;
            path += fmt::format("M{0} {1}V{2}M{3} {1}h8M{3} {2}h8", coordinate(x), coordinate(low),
                                coordinate(high), coordinate(x - 4));
        }
        frame_.canvas().path(path,
                             fmt::format("fill:none;stroke:{};stroke-width:1.3", color_of(shown_[i], i)));
    }

    [[nodiscard]] bool is_alone(const Curve& curve, std::size_t j) const {
        return (j == 0 || std::isnan(curve[j - 1].y)) &&
               (j + 1 == curve.size() || std::isnan(curve[j + 1].y));
    }

    void draw_dots(std::size_t i) {
        const auto& curve = curves_[i];
        const auto& series = shown_[i];
        if (series.style == Style::stacked) return;
        const bool few = curve.size() <= most_dots && curve.size() == series.points.size();
        const auto& box = frame_.box();
        const double radius = few ? 3 : 2.2;
        for (std::size_t j = 0; j < curve.size(); ++j) {
            const auto& [x, y, low, high] = curve[j];
            if (!few && series.style != Style::points && !is_alone(curve, j)) continue;
            if (!(x >= box.left - 1 && x <= box.right() + 1 && y >= box.top - 1 && y <= box.bottom() + 1))
                continue;
            auto style = "fill:" + color_of(series, i);
            if (!few) style += ";fill-opacity:.6";
            frame_.canvas().circle(x, y, radius, style,
                                   few ? tip_of(series, series.points[j]) : std::string());
        }
    }

    [[nodiscard]] std::string tip_of(const Series& series, const Point& point) const {
        const auto at = std::llround(std::clamp(point.x, -1.0, 1e9));
        const bool has_name = at >= 0 && static_cast<std::size_t>(at) < parts_.x.names.size();
        const auto x =
            has_name ? parts_.x.names[static_cast<std::size_t>(at)] : short_number(point.x, parts_.x.unit);
        auto tip = fmt::format("{}{}{}: {}", series.name, series.name.empty() ? "" : ", ", x,
                               short_number(point.y, parts_.y.unit));
        if (is_present(point.low) && is_present(point.high)) {
            tip += fmt::format(" ({} to {})", short_number(point.low, parts_.y.unit),
                               short_number(point.high, parts_.y.unit));
        }
        return tip;
    }

    const LineChart& chart_;
    const std::vector<Series>& shown_;
    const FrameParts& parts_;
    Frame frame_;
    std::vector<Curve> curves_;
};

std::string describe_series(const Series& series, const Axis& x, const Axis& y) {
    Ends ends;
    const Point* last = nullptr;
    for (const auto& point : series.points) {
        if (!can_show(x, point.x) || !can_show(y, point.y)) continue;
        ends.add(point.y, y);
        last = &point;
    }
    const auto name = series.name.empty() ? std::string("Unnamed") : series.name;
    if (last == nullptr) return name + ": no data. ";
    return fmt::format("{}: {} to {}, last {}. ", name, short_number(ends.low, y.unit),
                       short_number(ends.high, y.unit), short_number(last->y, y.unit));
}

/// What the chart shows, for those who cannot see it: as given, not as summed up for stacks.
std::string describe(const LineChart& chart, const FrameParts& parts) {
    auto text = "Line chart. " + describe_axis("x axis", parts.x, parts.x_ends) +
                describe_axis("y axis", parts.y, parts.y_ends);
    for (const auto& series : chart.series)
        text += describe_series(series, parts.x, parts.y);
    for (const auto& mark : chart.horizontal) {
        text += fmt::format("Line at y {}: {}. ", short_number(mark.at, parts.y.unit), mark.label);
    }
    for (const auto& mark : chart.vertical) {
        text += fmt::format("Mark at x {}: {}. ", short_number(mark.at, parts.x.unit), mark.label);
    }
    for (const auto& phase : chart.phases) {
        text += fmt::format("{} from {} to {}. ", phase.label, short_number(phase.from, parts.x.unit),
                            short_number(phase.to, parts.x.unit));
    }
    text.pop_back();
    return text;
}

}  // namespace

std::string svg(const LineChart& chart, Layout layout) {
    const auto shown = stacked(chart.series);
    const auto parts = parts_of(chart, shown);
    return Drawing(chart, shown, parts, layout).draw(describe(chart, parts));
}

}  // namespace homespun::report
