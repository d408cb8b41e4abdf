#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "report/tone.hpp"

namespace homespun::report {

/// Charts as inline SVG: fill in a struct, call `svg`. Pure and deterministic. No scripts, no ids (any number
/// of charts fit on one page), nothing from outside. Colours are the custom properties --series-1..8,
/// --heat-1..9, --good, --warning, --bad, --surface … that report/page.hpp defines for light, dark and print,
/// with fall-backs for a light background; text is in currentColor. Every text is escaped here.
///
/// In all of them NaN, infinities and magnitudes above 1e300 count as missing, and so does what is zero or
/// negative on a logarithmic axis.

/// What a chart is drawn for: its text keeps its size, so a phone needs another drawing than a screen.
enum class Layout : std::uint8_t {
    wide,    ///< 880 units across
    half,    ///< 430 units across: two side by side
    narrow,  ///< 360 units across: phones
};

inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// How the numbers at an axis are written, and where ticks fall.
enum class Unit : std::uint8_t {
    number,   ///< 950, 12k, 1.5M
    clock,    ///< values are seconds: 0:30, 1:00, 1:30:00
    bytes,    ///< 512 B, 1.5 MiB
    percent,  ///< values are shares: 0.25 is 25 %
};

struct Axis {
    std::string label = {};                     ///< what is measured, with its unit: "latency, ms"
    bool log = false;                           ///< logarithmic, base 10
    bool zero = false;                          ///< a linear axis reaches to 0 even where the data do not
    std::optional<double> low = {}, high = {};  ///< fixed ends; what lies beyond is cut off
    Unit unit = Unit::number;
    std::vector<std::string> names =
        {};  ///< when not empty: ticks at 0, 1, 2 … with these texts (runs, versions)
};

struct Point {
    double x = 0;
    double y = missing;    ///< missing: breaks the line
    double low = missing;  ///< with `high`: the spread around y
    double high = missing;
};

enum class Style : std::uint8_t {
    line,
    dashed,
    points,   ///< dots, not joined
    area,     ///< line, and the area under it
    stacked,  ///< area on top of the stacked series before it; where an x is missing it counts as 0
};

enum class Spread : std::uint8_t { bars, ribbon };

/// Points are joined in their order, so a curve may turn back (latency over throughput). Of more than 2,000,
/// those are drawn that hold the extremes of each pixel column; gaps narrower than a column close.
struct Series {
    std::string name = {};
    std::vector<Point> points = {};
    Style style = Style::line;
    Spread spread = Spread::bars;  ///< how low and high are drawn, where given
    int color = 0;                 ///< 1..8 of the palette; 0 = by the place in the chart
};

struct Mark {
    double at = 0;
    std::string label = {};
    Tone tone = Tone::neutral;
};

/// A stretch of the x axis: warm-up, plateau, fault. Shaded, named above.
struct Phase {
    double from = 0, to = 0;
    std::string label = {};
    Tone tone = Tone::neutral;
};

/// Fills the area between two series (indexes): one colour where `second` is higher, another where it is
/// lower. Where their x differ, the lines count as joined. Needs x that rise.
struct Difference {
    std::size_t first = 0, second = 1;
    bool higher_is_good = true;
    std::string higher = "higher", lower = "lower";  ///< for the legend
};

struct LineChart {
    std::string title = {};
    Axis x = {};
    Axis y = {.zero = true};  ///< linear when something is stacked
    std::vector<Series> series = {};
    std::vector<Mark> vertical = {};    ///< at x
    std::vector<Mark> horizontal = {};  ///< at y; widens the axis when not fixed
    std::vector<Phase> phases = {};
    std::optional<Difference> difference = {};
    int height = 300;  ///< of the plotting area
};
[[nodiscard]] std::string svg(const LineChart& chart, Layout layout = Layout::wide);

struct BarSeries {
    std::string name = {};
    std::vector<double> values = {};  ///< one a category; fewer = the rest is missing
    int color = 0;                    ///< 1..8; 0 = by the place
};

/// Bars stand; they lie when asked, or when the names of the categories do not fit beside each other.
struct BarChart {
    std::string title = {};
    Axis values = {.zero = true};  ///< on a logarithmic axis bars begin at its low end
    std::vector<std::string> categories = {};
    std::vector<BarSeries> series = {};
    bool stacked = false;  ///< negative values are left out
    bool lying = false;
    bool value_labels = false;  ///< left out where they would not fit
    int height = 260;           ///< of the plotting area, when standing
};
[[nodiscard]] std::string svg(const BarChart& chart, Layout layout = Layout::wide);

/// How many values fell where, over time or load: colour by the logarithm of the count.
struct HeatMap {
    std::string title = {};
    Axis x = {};
    Axis y = {.log = true};
    /// Where each begins, rising; the last is as wide as the one before.
    std::vector<double> columns = {};
    std::vector<double> bounds = {};               ///< rising; one more than there are rows
    std::vector<std::vector<double>> counts = {};  ///< [column][row]; 0 and missing stay empty
    std::string counted = "requests";              ///< what the counts are of, for the legend
    std::vector<Mark> vertical = {};
    std::vector<Mark> horizontal = {};
    std::vector<Phase> phases = {};
    int height = 300;
};
[[nodiscard]] std::string svg(const HeatMap& chart, Layout layout = Layout::wide);
/// Bounds for `HeatMap`: from `low` to at least `high`, `per_decade` rows for each factor of ten. Empty
/// unless 0 < low < high.
[[nodiscard]] std::vector<double> log_bounds(double low, double high, int per_decade = 10);

/// A table of numbers with colour behind (runs x loads).
struct Grid {
    std::string title = {};
    std::string row_label = {}, column_label = {};
    std::vector<std::string> rows = {}, columns = {};
    std::vector<std::vector<double>> values = {};  ///< [row][column]; missing cells stay empty
    bool log = false;                              ///< colour by the logarithm
    Unit unit = Unit::number;
};
/// Columns that do not fit in the layout are left out from the left (the newest are on the right), and the
/// chart says so.
[[nodiscard]] std::string svg(const Grid& chart, Layout layout = Layout::wide);

}  // namespace homespun::report
