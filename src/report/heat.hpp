#pragma once
#include <string>

#include "report/canvas.hpp"

namespace homespun::report {

/// Which colour of 1..9 a value takes in [low, high], by its logarithm or evenly. One value alone: the
/// middle.
[[nodiscard]] int heat_step(double value, double low, double high, bool log);

/// The colours in a row with what their ends stand for.
struct HeatKey {
    std::string low, high, label;
};
/// Draws it from `top` on; gives the height.
double draw_heat_key(Canvas& canvas, const HeatKey& key, double top);

}  // namespace homespun::report
