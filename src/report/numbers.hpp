#pragma once
#include <string>
#include <vector>

#include "report/chart.hpp"

namespace homespun::report {

/// For people: three significant digits and an SI letter: 0.042, 7.5, 950, 12k, 1.5M. Missing is "–".
[[nodiscard]] std::string short_number(double value);
/// The same for a quantity of that unit: 1:30, 1.5 MiB, 25 %.
[[nodiscard]] std::string short_number(double value, Unit unit);

/// A number that a chart can show: finite and of a magnitude up to 1e300.
[[nodiscard]] bool is_present(double value);

struct Tick {
    double value = 0;
    std::string label;
};

/// The ends of an axis and its ticks.
struct Ticks {
    double low = 0, high = 1;
    std::vector<Tick> ticks;
};

/// Round ends around [low, high], fixed ends as `axis` has them, and at most about `most` ticks. Ends that
/// are equal, crossed or missing are spread into a usable range.
[[nodiscard]] Ticks make_ticks(const Axis& axis, double low, double high, int most);

}  // namespace homespun::report
