#include "report/heat.hpp"

#include <algorithm>
#include <cmath>

#include "report/markup.hpp"

namespace homespun::report {

int heat_step(double value, double low, double high, bool log) {
    if (log) {
        value = std::log10(value);
        low = std::log10(low);
        high = std::log10(high);
    }
    const double share = (value / 2 - low / 2) / (high / 2 - low / 2);
    if (!(high > low) || !std::isfinite(share)) return (heat_steps + 1) / 2;
    return std::clamp(1 + static_cast<int>(share * heat_steps), 1, heat_steps);
}

double draw_heat_key(Canvas& canvas, const HeatKey& key, double top) {
    constexpr double size = 12.5;
    constexpr double block = 16;
    double x = 0;
    canvas.text(x, top + 14.5, key.low, {.size = size});
    x += text_width(key.low) * size + 8;
    for (int step = 1; step <= heat_steps; ++step) {
        canvas.rect({x, top + 4, block, 12}, "shape-rendering:crispEdges;fill:" + heat_color(step));
        x += block;
    }
    const auto words = key.label.empty() ? key.high : key.high + " " + key.label;
    canvas.text(x + 8, top + 14.5, shortened(words, canvas.width() - x - 8, size), {.size = size});
    return 26;
}

}  // namespace homespun::report
