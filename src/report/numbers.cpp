#include "report/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

namespace homespun::report {
namespace {

constexpr double largest = 1e300;
constexpr std::array<std::string_view, 5> si_letters = {"", "k", "M", "G", "T"};
constexpr std::array<std::string_view, 6> byte_names = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

/// With so many digits after the point, less the zeros at the end.
std::string plain(double value, int digits) {
    auto text = fmt::format("{:.{}f}", value, std::clamp(digits, 0, 12));
    if (text.contains('.')) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

/// 1e+15 as people write it.
std::string scientific(double value, int digits) {
    auto text = fmt::format("{:.{}e}", value, digits);
    const auto at = text.find('e');
    auto head = text.substr(0, at);
    if (head.contains('.')) head.erase(head.find_last_not_of('0') + 1);
    if (head.ends_with('.')) head.pop_back();
    return head + "e" + std::to_string(std::atoi(text.c_str() + at + 1));
}

/// Decimals that tell steps of `step` apart.
int decimals_of(double step) {
    return std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
}

/// A number and how finely it is to be told; `step` 0 = to three significant digits.
std::string si(double value, double step) {
    const double size = std::abs(value);
    if (size == 0) return "0";
    if (size >= 999.5e12 || size < 1e-4) return scientific(value, 2);
    std::size_t letter = 0;
    double unit = 1;
    while (letter + 1 < si_letters.size() && size >= 999.5 * unit) {
        unit *= 1000;
        ++letter;
    }
    const double least = step > 0 ? step : std::pow(10.0, std::floor(std::log10(size)) - 2);
    return plain(value / unit, decimals_of(least / unit)) + std::string(si_letters[letter]);
}

std::string clock(double seconds) {
    const std::string sign = seconds < 0 ? "-" : "";
    const double size = std::abs(seconds);
    if (size > 1e9) return si(seconds, 0) + " s";
    if (size < 10 && size != std::floor(size)) return si(seconds, 0) + " s";
    const auto whole = static_cast<std::int64_t>(std::llround(size));
    if (whole >= 3600) {
        return fmt::format("{}{}:{:02}:{:02}", sign, whole / 3600, whole / 60 % 60, whole % 60);
    }
    return fmt::format("{}{}:{:02}", sign, whole / 60, whole % 60);
}

std::string in_bytes(double value) {
    std::size_t name = 0;
    double size = std::abs(value);
    while (name + 1 < byte_names.size() && size >= 1023.5) {
        size /= 1024;
        value /= 1024;
        ++name;
    }
    if (size >= 1e6) return scientific(value, 2) + " PiB";
    return plain(value, size < 10 ? 2 : size < 100 ? 1 : 0) + " " + std::string(byte_names[name]);
}

std::string text_of(double value, Unit unit, double step) {
    switch (unit) {
        case Unit::clock:
            return clock(value);
        case Unit::bytes:
            return in_bytes(value);
        case Unit::percent:
            return (step > 0 && step < largest ? si(value * 100, step * 100) : si(value * 100, 0)) + " %";
        case Unit::number:
            break;
    }
    return si(value, step);
}

/// The roundest step of at least `least`: 1, 2 or 5 times a power of ten; sixties for clocks, powers of two
/// for bytes.
double nice_step(double least, Unit unit) {
    if (unit == Unit::clock) {
        constexpr std::array<double, 14> steps = {1,   2,   5,   10,   15,   30,   60,
                                                  120, 300, 600, 1800, 3600, 7200, 21600};
        if (least > 0.5 && least <= steps.back()) return *std::ranges::lower_bound(steps, least);
    }
    if (unit == Unit::bytes && least > 1) return std::exp2(std::ceil(std::log2(least) - 1e-9));
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (least <= factor * power * (1 + 1e-9)) return factor * power;
    }
    return 10 * power;
}

Ticks linear(const Axis& axis, double low, double high, int most) {
    // Halves, so that the largest spans do not overflow.
    const double span = std::max((high / 2 - low / 2) * 2, 1e-300);
    const double step = nice_step(span / most, axis.unit);
    Ticks result{low, high, {}};
    if (!axis.low) result.low = std::floor(low / step + 1e-9) * step;
    if (!axis.high) result.high = std::ceil(high / step - 1e-9) * step;
    const double first = std::ceil(result.low / step - 1e-9);
    for (int i = 0; i <= 4 * most; ++i) {
        const double value = (first + i) * step;
        if (value > result.high + step * 1e-6) break;
        result.ticks.push_back({value, text_of(value, axis.unit, step)});
    }
    return result;
}

/// The largest of 1, 2, 5 x 10^k that is not above `value`.
double round_down(double value) {
    const double power = std::pow(10.0, std::floor(std::log10(value) + 1e-9));
    for (const double factor : {5.0, 2.0}) {
        if (value >= factor * power * (1 - 1e-9)) return factor * power;
    }
    return power;
}

double round_up(double value) {
    const double below = round_down(value);
    if (below >= value * (1 - 1e-9)) return below;
    return round_down(below * 2.6);
}

/// Bytes: powers of two, a whole number of doublings apart.
Ticks doublings(const Axis& axis, double low, double high, int most) {
    const double first = axis.low ? std::log2(low) : std::floor(std::log2(low) + 1e-9);
    const double last = axis.high ? std::log2(high) : std::ceil(std::log2(high) - 1e-9);
    Ticks result{axis.low ? low : std::exp2(first), axis.high ? high : std::exp2(last), {}};
    const double stride = std::max(1.0, std::ceil((last - first) / most));
    for (double power = std::ceil(first / stride) * stride; power <= last + 1e-9; power += stride) {
        result.ticks.push_back({std::exp2(power), in_bytes(std::exp2(power))});
    }
    return result;
}

Ticks logarithmic(const Axis& axis, double low, double high, int most) {
    if (axis.unit == Unit::bytes && low >= 1) return doublings(axis, low, high, most);
    Ticks result{axis.low ? low : round_down(low), axis.high ? high : round_up(high), {}};
    const int first = static_cast<int>(std::floor(std::log10(result.low) + 1e-9));
    const int last = static_cast<int>(std::ceil(std::log10(result.high) - 1e-9));
    const double decades = std::max(std::log10(result.high) - std::log10(result.low), 0.01);
    const int stride = std::max(1, static_cast<int>(std::ceil(decades / most)));
    const bool fine = decades * 3 <= most;
    for (int power = first; power <= last; ++power) {
        if ((power - first) % stride != 0) continue;
        for (const double factor : {1.0, 2.0, 5.0}) {
            const double value = factor * std::pow(10.0, power);
            if ((factor > 1 && !fine) || value < result.low * (1 - 1e-9)) continue;
            if (value > result.high * (1 + 1e-9)) break;
            result.ticks.push_back({value, text_of(value, axis.unit, 0)});
        }
    }
    return result;
}

Ticks named(const Axis& axis, int most) {
    const auto count = static_cast<int>(axis.names.size());
    Ticks result{axis.low.value_or(-0.5), axis.high.value_or(count - 0.5), {}};
    const int stride = std::max(1, (count + most - 1) / std::max(most, 1));
    // Counted from the end, so that the last name, the newest run, is always told.
    for (int i = (count - 1) % stride; i < count; i += stride) {
        if (i < result.low || i > result.high) continue;
        result.ticks.push_back({static_cast<double>(i), axis.names[static_cast<std::size_t>(i)]});
    }
    return result;
}

/// Ends that are in order, apart, and possible on the axis.
std::pair<double, double> usable_ends(const Axis& axis, double low, double high) {
    const double least = axis.log ? 1e-300 : -largest;
    const auto possible = [&](double value) { return is_present(value) && (!axis.log || value > 0); };
    if (axis.low && possible(*axis.low)) low = *axis.low;
    if (axis.high && possible(*axis.high)) high = *axis.high;
    if (!possible(low) && !possible(high)) return axis.log ? std::pair(1.0, 10.0) : std::pair(0.0, 1.0);
    if (!possible(low)) low = high;
    if (!possible(high)) high = low;
    if (low > high) std::swap(low, high);
    if (axis.zero && !axis.log) {
        if (!axis.low) low = std::min(low, 0.0);
        if (!axis.high) high = std::max(high, 0.0);
    }
    if (axis.log) {
        if (high / low < 1.5) return {std::max(low / 2, least), std::min(high * 2, largest)};
        return {low, high};
    }
    const double size = std::max(std::abs(low), std::abs(high));
    if (size == 0 && axis.zero) return {0, 1};
    if (high / 2 - low / 2 <= size * 1e-9) {
        const double spread = size > 0 ? size / 10 : 1;
        return {std::max(low - spread, least), std::min(high + spread, largest)};
    }
    return {low, high};
}

}  // namespace

bool is_present(double value) {
    return std::isfinite(value) && std::abs(value) <= largest;
}

std::string short_number(double value) {
    return short_number(value, Unit::number);
}

std::string short_number(double value, Unit unit) {
    return is_present(value) ? text_of(value, unit, 0) : "–";
}

Ticks make_ticks(const Axis& axis, double low, double high, int most) {
    most = std::max(most, 2);
    if (!axis.names.empty()) return named(axis, most);
    Axis sound = axis;
    // A fixed end that cannot be is as good as none.
    if (axis.low && (!is_present(*axis.low) || (axis.log && *axis.low <= 0))) sound.low.reset();
    if (axis.high && (!is_present(*axis.high) || (axis.log && *axis.high <= 0))) sound.high.reset();
    const auto [from, to] = usable_ends(sound, low, high);
    if (sound.low && from != *sound.low) sound.low.reset();
    if (sound.high && to != *sound.high) sound.high.reset();
    return sound.log ? logarithmic(sound, from, to, most) : linear(sound, from, to, most);
}

}  // namespace homespun::report
