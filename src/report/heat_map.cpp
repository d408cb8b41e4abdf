#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/chart.hpp"
#include "report/frame.hpp"

namespace homespun::report {
namespace {

/// Columns as they are drawn: those too thin to see are joined.
struct Cells {
    std::vector<double> edges;                ///< one more than columns
    std::vector<std::vector<double>> counts;  ///< [column][row], 0 = empty
    double least = 0, most = 0;               ///< of what is not empty
    std::size_t first_row = 0, end_row = 0;   ///< with something in them
    double total = 0;
};

double count_at(const HeatMap& chart, std::size_t column, std::size_t row) {
    if (column >= chart.counts.size() || row >= chart.counts[column].size()) return 0;
    const double count = chart.counts[column][row];
    return is_present(count) && count > 0 ? count : 0;
}

void sum_up(Cells& cells) {
    for (const auto& column : cells.counts) {
        for (std::size_t row = 0; row < column.size(); ++row) {
            const double count = column[row];
            if (count <= 0) continue;
            cells.first_row = cells.total == 0 ? row : std::min(cells.first_row, row);
            cells.end_row = std::max(cells.end_row, row + 1);
            cells.least = cells.total == 0 ? count : std::min(cells.least, count);
            cells.most = std::max(cells.most, count);
            cells.total += count;
        }
    }
}

Cells cells_of(const HeatMap& chart, std::size_t most_columns) {
    Cells cells;
    const auto columns = chart.columns.size();
    if (columns == 0 || chart.bounds.size() < 2) return cells;
    const auto joined = (columns + most_columns - 1) / most_columns;
    for (std::size_t begin = 0; begin < columns; begin += joined) {
        cells.edges.push_back(chart.columns[begin]);
        auto& rows = cells.counts.emplace_back(chart.bounds.size() - 1, 0);
        for (std::size_t i = begin; i < std::min(columns, begin + joined); ++i) {
            for (std::size_t row = 0; row < rows.size(); ++row)
                rows[row] += count_at(chart, i, row);
        }
    }
    const double width = columns > 1 ? chart.columns[columns - 1] - chart.columns[columns - 2] : 1;
    cells.edges.push_back(chart.columns.back() + width);
    sum_up(cells);
    return cells;
}

/// One path a colour: a rectangle for each cell would make pages of megabytes.
void draw_cells(Frame& frame, const HeatMap& chart, const Cells& cells) {
    std::array<std::string, heat_steps + 1> paths;
    const auto append = [&](std::size_t column, std::size_t row, std::size_t end, int step) {
        const double left = frame.x(cells.edges[column]);
        const double right = frame.x(cells.edges[column + 1]);
        const double bottom = frame.y(chart.bounds[row]);
        const double top = frame.y(chart.bounds[end]);
        if (!(right > left) || !(bottom > top)) return;
        paths[static_cast<std::size_t>(step)] +=
            fmt::format("M{} {}H{}V{}H{}Z", coordinate(left), coordinate(top), coordinate(right),
                        coordinate(bottom), coordinate(left));
    };
    for (std::size_t column = 0; column < cells.counts.size(); ++column) {
        const auto& rows = cells.counts[column];
        const auto step_at = [&](std::size_t row) {
            return rows[row] > 0 ? heat_step(rows[row], cells.least, cells.most, true) : 0;
        };
        for (std::size_t row = 0; row < rows.size();) {
            std::size_t end = row + 1;
            while (end < rows.size() && step_at(end) == step_at(row))
                ++end;
            if (step_at(row) > 0) append(column, row, end, step_at(row));
            row = end;
        }
    }
    frame.canvas().begin_clip(frame.box());
    for (int step = 1; step <= heat_steps; ++step) {
        frame.canvas().path(paths[static_cast<std::size_t>(step)],
                            "shape-rendering:crispEdges;fill:" + heat_color(step));
    }
    frame.canvas().end_clip();
}

std::string describe(const HeatMap& chart, const FrameParts& parts, const Cells& cells) {
    auto text = "Heat map. " + describe_axis("x axis", parts.x, parts.x_ends) +
                describe_axis("y axis", parts.y, parts.y_ends);
    if (cells.total > 0) {
        text += fmt::format("{} {} in all, {} to {} a cell. ", short_number(cells.total), chart.counted,
                            short_number(cells.least), short_number(cells.most));
    }
    for (const auto& mark : chart.horizontal) {
        text += fmt::format("Line at y {}: {}. ", short_number(mark.at, parts.y.unit), mark.label);
    }
    for (const auto& phase : chart.phases) {
        text += fmt::format("{} from {} to {}. ", phase.label, short_number(phase.from, parts.x.unit),
                            short_number(phase.to, parts.x.unit));
    }
    text.pop_back();
    return text;
}

}  // namespace

std::string svg(const HeatMap& chart, Layout layout) {
    const auto cells = cells_of(chart, layout == Layout::wide ? 200 : 100);
    FrameParts parts{.title = chart.title, .x = chart.x, .y = chart.y};
    for (const double edge : cells.edges)
        parts.x_ends.add(edge, parts.x);
    if (cells.total > 0) {
        parts.y_ends.add(chart.bounds[cells.first_row], parts.y);
        parts.y_ends.add(chart.bounds[cells.end_row], parts.y);
        parts.heat_key = HeatKey{short_number(cells.least), short_number(cells.most), chart.counted};
    }
    for (const auto& mark : chart.horizontal)
        add_with_room(parts.y_ends, mark.at, parts.y);
    parts.vertical = chart.vertical;
    parts.horizontal = chart.horizontal;
    parts.phases = chart.phases;
    parts.height = std::max(chart.height, 60);
    parts.exact = true;
    Frame frame(parts, layout);
    draw_cells(frame, chart, cells);
    frame.draw_grid();
    frame.draw_marks();
    return frame.finish(describe(chart, parts, cells));
}

std::vector<double> log_bounds(double low, double high, int per_decade) {
    std::vector<double> bounds;
    if (!is_present(low) || !is_present(high) || !(low > 0) || !(high > low)) return bounds;
    const double step = 1.0 / std::clamp(per_decade, 1, 1000);
    for (int i = 0; bounds.empty() || bounds.back() < high * (1 - 1e-9); ++i) {
        bounds.push_back(low * std::pow(10.0, i * step));
    }
    return bounds;
}

}  // namespace homespun::report
