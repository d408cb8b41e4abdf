#include <fmt/format.h>

#include <algorithm>

#include "report/chart.hpp"
#include "report/frame.hpp"
#include "report/markup.hpp"

namespace homespun::report {
namespace {

constexpr double text_size = 12;
constexpr double row_height = 30;

double value_at(const Grid& chart, std::size_t row, std::size_t column) {
    if (row >= chart.values.size() || column >= chart.values[row].size()) return missing;
    const double value = chart.values[row][column];
    return is_present(value) ? value : missing;
}

Ends ends_of(const Grid& chart) {
    Ends ends;
    const Axis axis{.log = chart.log};
    for (std::size_t row = 0; row < chart.rows.size(); ++row) {
        for (std::size_t column = 0; column < chart.columns.size(); ++column) {
            ends.add(value_at(chart, row, column), axis);
        }
    }
    return ends;
}

double widest(const std::vector<std::string>& names) {
    double width = 0;
    for (const auto& name : names)
        width = std::max(width, text_width(name) * text_size);
    return width;
}

void draw_cell(Canvas& canvas, const Grid& chart, const Ends& ends, const Box& box, std::size_t row,
               std::size_t column) {
    const double value = value_at(chart, row, column);
    const Box inner{box.left + 1, box.top + 1, box.width - 2, box.height - 2};
    if (value != value) {
        canvas.rect(inner, "fill:currentColor;fill-opacity:.05", {}, 3);
        return;
    }
    // What has no logarithm is below all that has one.
    const int step = chart.log && value <= 0 ? 1 : heat_step(value, ends.low, ends.high, chart.log);
    const auto label = short_number(value, chart.unit);
    canvas.rect(inner, "fill:" + heat_color(step),
                fmt::format("{}, {}: {}", chart.rows[row], chart.columns[column], label), 3);
    canvas.text(box.left + box.width / 2, box.top + box.height / 2 + 4.5, label,
                {.size = text_size, .anchor = Anchor::middle, .color = heat_ink(step)});
}

std::string describe(const Grid& chart, const Ends& ends) {
    auto text = fmt::format("Table of {} rows ({}) and {} columns ({})", chart.rows.size(), chart.row_label,
                            chart.columns.size(), chart.column_label);
    if (ends.empty()) return text + ", no data.";
    text += fmt::format(", values from {} to {}.", short_number(ends.low, chart.unit),
                        short_number(ends.high, chart.unit));
    if (chart.columns.empty()) return text;
    text += fmt::format(" Last column, {}:", chart.columns.back());
    for (std::size_t row = 0; row < std::min<std::size_t>(chart.rows.size(), 12); ++row) {
        text += fmt::format(" {} {};", chart.rows[row],
                            short_number(value_at(chart, row, chart.columns.size() - 1), chart.unit));
    }
    text.back() = '.';
    return text;
}

double draw_head(Canvas& canvas, const Grid& chart, const Ends& ends) {
    double top = draw_title(canvas, chart.title, 0);
    if (!ends.empty()) {
        const HeatKey key{short_number(ends.low, chart.unit), short_number(ends.high, chart.unit), {}};
        top += draw_heat_key(canvas, key, top) + 4;
    }
    return top;
}

}  // namespace

std::string svg(const Grid& chart, Layout layout) {
    Canvas canvas(width_of(layout));
    const auto ends = ends_of(chart);
    double top = draw_head(canvas, chart, ends);
    const double left = std::min(std::max(widest(chart.rows), text_width(chart.row_label) * text_size) + 12,
                                 canvas.width() * 0.35);
    const double room = canvas.width() - left;
    const double least = std::clamp(widest(chart.columns) + 8, 50.0, 96.0);
    const auto fitting = std::max<std::size_t>(1, static_cast<std::size_t>(room / least));
    const auto shown = std::min(fitting, chart.columns.size());
    const auto first = chart.columns.size() - shown;
    const double width = std::min(room / static_cast<double>(std::max<std::size_t>(shown, 1)), 120.0);

    const auto hidden =
        first == 0 ? std::string() : fmt::format(" (the last {} of {})", shown, chart.columns.size());
    canvas.text(left, top + 13, shortened(chart.column_label + hidden, room, text_size), {.muted = true});
    top += 34;
    canvas.text(0, top - 4, shortened(chart.row_label, left - 8, text_size), {.muted = true});
    for (std::size_t i = 0; i < shown; ++i) {
        const auto name = shortened(chart.columns[first + i], width - 4, text_size);
        canvas.text(left + width * (static_cast<double>(i) + 0.5), top - 4, name,
                    {.size = text_size, .anchor = Anchor::middle});
    }
    top += 4;
    for (std::size_t row = 0; row < chart.rows.size(); ++row, top += row_height) {
        canvas.text(left - 10, top + row_height / 2 + 4, shortened(chart.rows[row], left - 10, text_size),
                    {.size = text_size, .anchor = Anchor::end});
        for (std::size_t i = 0; i < shown; ++i) {
            const Box box{left + width * static_cast<double>(i), top, width, row_height};
            draw_cell(canvas, chart, ends, box, row, first + i);
        }
    }
    return canvas.finish(top + 2, chart.title, describe(chart, ends));
}

}  // namespace homespun::report
