#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/canvas.hpp"
#include "report/chart.hpp"
#include "report/heat.hpp"
#include "report/numbers.hpp"

namespace homespun::report {

/// The ends of what the data hold; `low` > `high` while nothing was added.
struct Ends {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
    /// Passes over what `axis` cannot show.
    void add(double value, const Axis& axis);
    [[nodiscard]] bool empty() const { return low > high; }
};

/// Whether the axis has a place for it.
[[nodiscard]] bool can_show(const Axis& axis, double value);

/// Adds a mark with some room above it, where its label stands.
void add_with_room(Ends& ends, double value, const Axis& axis);

/// From values to units of the drawing.
class Scale {
  public:
    Scale() = default;
    Scale(bool log, double low, double high, double from, double to);
    /// NaN for what has no place.
    [[nodiscard]] double at(double value) const;

  private:
    bool log_ = false;
    double low_ = 0, high_ = 1, from_ = 0, to_ = 1;
};

enum class Key : std::uint8_t { line, dashed, dot, block };

struct LegendEntry {
    std::string name;
    std::string color;
    Key key = Key::line;
};

[[nodiscard]] double width_of(Layout layout);
/// Draws the title, broken into lines, from `top` on; gives the height it took.
double draw_title(Canvas& canvas, std::string_view title, double top);
/// Draws the entries that have a name, in as many rows as they need; gives the height.
double draw_legend(Canvas& canvas, const std::vector<LegendEntry>& entries, double top);
/// The axis' label and how to read it.
[[nodiscard]] std::string axis_title(const Axis& axis);
/// Ticks whose labels have room on a horizontal axis of that width.
[[nodiscard]] Ticks horizontal_ticks(const Axis& axis, double low, double high, double width);
/// For `desc`: "x: time, s, from 0 to 60; ".
[[nodiscard]] std::string describe_axis(std::string_view which, const Axis& axis, const Ends& ends);

/// What charts with an x and a y axis have in common.
struct FrameParts {
    std::string title;
    Axis x, y;
    Ends x_ends = {}, y_ends = {};
    std::vector<LegendEntry> legend = {};
    std::optional<HeatKey> heat_key = {};
    std::vector<Mark> vertical = {}, horizontal = {};
    std::vector<Phase> phases = {};
    int height = 300;
    bool exact = false;  ///< the x axis ends where the data end, not at round numbers
};

/// Title, legend, axes, grid and phases of such a chart; the chart then draws into `box` and asks for the
/// marks.
class Frame {
  public:
    Frame(FrameParts parts, Layout layout);

    [[nodiscard]] Canvas& canvas() { return canvas_; }
    [[nodiscard]] const Box& box() const { return box_; }
    [[nodiscard]] double x(double value) const { return x_scale_.at(value); }
    [[nodiscard]] double y(double value) const { return y_scale_.at(value); }
    void draw_grid();
    void draw_marks();
    [[nodiscard]] std::string finish(std::string_view description) const;

  private:
    void draw_phases();
    void draw_axes();
    [[nodiscard]] bool is_free(const Box& place, const Mark& own, const std::vector<Box>& taken) const;
    void draw_horizontal_marks();
    double draw_labels_above(double top);

    FrameParts parts_;
    Canvas canvas_;
    Box box_;
    Ticks x_ticks_, y_ticks_;
    Scale x_scale_, y_scale_;
    double bottom_ = 0;
};

}  // namespace homespun::report
