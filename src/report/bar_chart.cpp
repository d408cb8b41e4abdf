#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/chart.hpp"
#include "report/frame.hpp"
#include "report/markup.hpp"

namespace homespun::report {
namespace {

constexpr double tick_size = 12;
constexpr double value_size = 11.5;
constexpr std::string_view grid_style = "stroke:currentColor;stroke-opacity:.13";
constexpr std::string_view axis_style = "stroke:currentColor;stroke-opacity:.5";

double value_of(const BarChart& chart, std::size_t series, std::size_t category) {
    const auto& values = chart.series[series].values;
    if (category >= values.size() || !can_show(chart.values, values[category])) return missing;
    return chart.stacked && values[category] < 0 ? missing : values[category];
}

/// The sum of a stack; missing when it has no part.
double sum_of(const BarChart& chart, std::size_t category) {
    double sum = missing;
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
        const double value = value_of(chart, i, category);
        if (!std::isnan(value)) sum = std::isnan(sum) ? value : sum + value;
    }
    return sum;
}

Ends ends_of(const BarChart& chart) {
    Ends ends;
    for (std::size_t category = 0; category < chart.categories.size(); ++category) {
        if (chart.stacked) ends.add(sum_of(chart, category), chart.values);
        for (std::size_t i = 0; i < chart.series.size(); ++i)
            ends.add(value_of(chart, i, category), chart.values);
    }
    // The least value is to have a bar, too.
    if (chart.values.log && !ends.empty()) ends.add(ends.low / 2, chart.values);
    return ends;
}

/// One drawing. "Along" runs over the categories, whichever way the bars point.
class Bars {
  public:
    Bars(const BarChart& chart, Layout layout)
        : chart_(chart), ends_(ends_of(chart)), canvas_(width_of(layout)) {
        top_ = draw_title(canvas_, chart_.title, 0);
        top_ += draw_legend(canvas_, legend(), top_);
        lie_ = chart_.lying || !names_fit();
        if (lie_) {
            lay_out_lying();
        } else {
            lay_out_standing();
        }
    }

    std::string draw(std::string_view description) {
        draw_axis();
        for (std::size_t category = 0; category < chart_.categories.size(); ++category)
            draw_category(category);
        const double floor = scale_.at(base_);
        if (lie_) {
            canvas_.line(floor, box_.top, floor, box_.bottom(), axis_style);
        } else {
            canvas_.line(box_.left, floor, box_.right(), floor, axis_style);
        }
        return canvas_.finish(bottom_, chart_.title, description);
    }

  private:
    [[nodiscard]] std::vector<LegendEntry> legend() const {
        std::vector<LegendEntry> entries;
        for (std::size_t i = 0; i < chart_.series.size(); ++i) {
            entries.push_back({chart_.series[i].name, color(i), Key::block});
        }
        return entries;
    }

    [[nodiscard]] std::string color(std::size_t series) const {
        const int own = chart_.series[series].color;
        return series_color(own > 0 ? own : static_cast<int>(series) + 1);
    }

    [[nodiscard]] double widest_name() const {
        double width = 0;
        for (const auto& name : chart_.categories)
            width = std::max(width, text_width(name) * tick_size);
        return width;
    }

    [[nodiscard]] bool names_fit() const {
        const auto count = static_cast<double>(std::max<std::size_t>(chart_.categories.size(), 1));
        return widest_name() + 10 <= (canvas_.width() - 60) / count;
    }

    /// Of the bars that stand beside each other in one category.
    [[nodiscard]] std::size_t group() const {
        return chart_.stacked ? 1 : std::max<std::size_t>(chart_.series.size(), 1);
    }

    void lay_out_standing() {
        ticks_ = make_ticks(chart_.values, ends_.low, ends_.high, std::max(2, chart_.height / 50));
        if (!axis_title(chart_.values).empty()) {
            top_ += 16;
            canvas_.text(0, top_ - 4, shortened(axis_title(chart_.values), canvas_.width(), tick_size),
                         {.muted = true});
        }
        double left = 0;
        for (const auto& tick : ticks_.ticks)
            left = std::max(left, text_width(tick.label) * tick_size);
        const double height = std::max(chart_.height, 60);
        box_ = {left + 8, top_ + (chart_.value_labels ? 20 : 8), canvas_.width() - left - 8, height};
        slot_ = box_.width / static_cast<double>(std::max<std::size_t>(chart_.categories.size(), 1));
        scale_ = {chart_.values.log, ticks_.low, ticks_.high, box_.bottom(), box_.top};
        const bool below = chart_.value_labels && ends_.low < 0;
        names_at_ = box_.bottom() + (below ? 32 : 18);
        bottom_ = names_at_ + 6;
        finish_layout();
    }

    void lay_out_lying() {
        // Labels of negative bars stand at their left.
        const double labels = chart_.value_labels && ends_.low < 0 ? 40 : 0;
        const double left = std::min(widest_name() + 10, canvas_.width() * 0.42);
        const double right = chart_.value_labels ? 48 : 14;
        names_at_ = left - 8;
        slot_ = std::max(26.0, static_cast<double>(group()) * 15 + 10);
        box_ = {left + labels, top_ + 4, canvas_.width() - left - labels - right,
                slot_ * static_cast<double>(chart_.categories.size())};
        // Not to round ends: the room is dear here.
        auto axis = chart_.values;
        if (!axis.high && ends_.high > 0) axis.high = ends_.high;
        ticks_ = horizontal_ticks(axis, ends_.low, ends_.high, box_.width);
        scale_ = {chart_.values.log, ticks_.low, ticks_.high, box_.left, box_.right()};
        bottom_ = box_.bottom() + 22;
        if (!axis_title(chart_.values).empty()) {
            bottom_ += 18;
            canvas_.text(box_.left + box_.width / 2, bottom_ - 4,
                         shortened(axis_title(chart_.values), box_.width, tick_size),
                         {.anchor = Anchor::middle, .muted = true});
        }
        finish_layout();
    }

    void finish_layout() {
        // A fixed range may leave out 0; bars then begin at the end nearest to it.
        base_ = chart_.values.log ? ticks_.low : std::clamp(0.0, ticks_.low, ticks_.high);
        thickness_ = std::min(56.0, slot_ * 0.74 / static_cast<double>(group()));
    }

    void draw_axis() {
        for (const auto& tick : ticks_.ticks) {
            const double at = scale_.at(tick.value);
            if (lie_) {
                canvas_.line(at, box_.top, at, box_.bottom(), grid_style);
                const double half = text_width(tick.label) * tick_size / 2;
                canvas_.text(std::min(at, canvas_.width() - half), box_.bottom() + 18, tick.label,
                             {.anchor = Anchor::middle, .muted = true});
            } else {
                canvas_.line(box_.left, at, box_.right(), at, grid_style);
                canvas_.text(box_.left - 7, at + 4, tick.label, {.anchor = Anchor::end, .muted = true});
            }
        }
        for (std::size_t i = 0; i < chart_.categories.size(); ++i) {
            const double middle = along_start() + slot_ * (static_cast<double>(i) + 0.5);
            if (lie_) {
                canvas_.text(names_at_, middle + 4, shortened(chart_.categories[i], names_at_, tick_size),
                             {.anchor = Anchor::end});
            } else {
                canvas_.text(middle, names_at_, chart_.categories[i], {.anchor = Anchor::middle});
            }
        }
    }

    [[nodiscard]] double along_start() const { return lie_ ? box_.top : box_.left; }

    void draw_category(std::size_t category) {
        const double width = thickness_ * static_cast<double>(group());
        double along = along_start() + slot_ * (static_cast<double>(category) + 0.5) - width / 2;
        double below = 0;
        for (std::size_t i = 0; i < chart_.series.size(); ++i) {
            const double value = value_of(chart_, i, category);
            if (!std::isnan(value)) {
                const double from = chart_.stacked && below > 0 ? below : base_;
                draw_bar(along, from, (chart_.stacked ? below : 0) + value, i, tip_of(i, category, value));
                if (!chart_.stacked) draw_value(along, value);
                below += value;
            }
            if (!chart_.stacked) along += thickness_;
        }
        if (chart_.stacked && below > 0) draw_value(along, below);
    }

    [[nodiscard]] std::string tip_of(std::size_t series, std::size_t category, double value) const {
        const auto& name = chart_.series[series].name;
        return fmt::format("{}{}{}: {}", chart_.categories[category], name.empty() ? "" : ", ", name,
                           short_number(value, chart_.values.unit));
    }

    [[nodiscard]] double inside(double value) const {
        return scale_.at(std::clamp(value, ticks_.low, ticks_.high));
    }

    void draw_bar(double along, double from, double to, std::size_t series, std::string_view tip) {
        const double low = std::min(inside(from), inside(to));
        const double length = std::abs(inside(to) - inside(from));
        // A hair of room on each side sets neighbours apart; so does the edge within a stack.
        const double gap = group() > 1 ? 1 : 0;
        const double thick = thickness_ - 2 * gap;
        const Box bar = lie_ ? Box{low, along + gap, length, thick} : Box{along + gap, low, thick, length};
        auto style = "fill:" + color(series);
        if (chart_.stacked) style += ";stroke-width:.8;stroke:" + surface_color();
        canvas_.rect(bar, style, tip, chart_.stacked ? 0 : 1.5);
    }

    void draw_value(double along, double value) {
        if (!chart_.value_labels) return;
        const auto label = short_number(value, chart_.values.unit);
        const double width = text_width(label) * value_size;
        const double at = inside(value);
        const bool down = value < base_;
        if (lie_) {
            if (thickness_ < 11) return;
            canvas_.text(down ? at - 5 : at + 5, along + thickness_ / 2 + 4, label,
                         {.size = value_size, .anchor = down ? Anchor::end : Anchor::start, .halo = true});
        } else if (width <= (group() > 1 ? thickness_ + 1 : slot_ - 4)) {
            canvas_.text(along + thickness_ / 2, down ? at + 14 : at - 5, label,
                         {.size = value_size, .anchor = Anchor::middle, .halo = true});
        }
    }

    const BarChart& chart_;
    Ends ends_;
    Canvas canvas_;
    bool lie_ = false;
    double top_ = 0, bottom_ = 0, names_at_ = 0, slot_ = 0, thickness_ = 0, base_ = 0;
    Box box_;
    Ticks ticks_;
    Scale scale_;
};

std::string describe(const BarChart& chart) {
    constexpr std::size_t most_told = 24;
    auto text = fmt::format("Bar chart, {} categories. ", chart.categories.size()) +
                describe_axis("values", chart.values, ends_of(chart));
    std::size_t told = 0;
    for (std::size_t category = 0; category < chart.categories.size(); ++category) {
        for (std::size_t i = 0; i < chart.series.size() && told < most_told; ++i, ++told) {
            const auto& name = chart.series[i].name;
            text += fmt::format("{}{}{}: {}. ", chart.categories[category], name.empty() ? "" : ", ", name,
                                short_number(value_of(chart, i, category), chart.values.unit));
        }
    }
    if (told == most_told) text += "And more. ";
    text.pop_back();
    return text;
}

}  // namespace

std::string svg(const BarChart& chart, Layout layout) {
    return Bars(chart, layout).draw(describe(chart));
}

}  // namespace homespun::report
