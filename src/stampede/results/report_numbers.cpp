#include "stampede/results/report_numbers.hpp"

#include <fmt/format.h>

#include <cmath>

#include "report/numbers.hpp"

namespace homespun::stampede {
namespace {

/// Beyond this, digits are noise.
constexpr double largest_plain = 1e12;

std::string with_commas(std::string text) {
    const auto first = text.find_first_of("0123456789");
    auto at = std::min(text.find('.'), text.size());
    while (first != std::string::npos && at > first + 3) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string without_zeros(std::string text) {
    if (!text.contains('.')) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

/// As many digits after the point as make three in all.
int decimals_of(double size, int most) {
    if (size >= 99.95) return 0;
    if (size >= 9.995) return std::min(most, 1);
    if (size >= 0.9995) return std::min(most, 2);
    return most;
}

std::string plain(double value, int most_decimals) {
    if (!std::isfinite(value) || std::abs(value) >= largest_plain) return report::short_number(value);
    return with_commas(fmt::format("{:.{}f}", value, decimals_of(std::abs(value), most_decimals)));
}

}  // namespace

std::string count_text(std::uint64_t count) {
    return with_commas(std::to_string(count));
}

std::string rate_text(double value) {
    return without_zeros(plain(value, 2));
}

std::string ms_text(double ms) {
    return plain(ms, 3);
}

std::string ms_text(const std::optional<double>& ms) {
    return ms ? ms_text(*ms) : "—";
}

std::string time_text(double ms) {
    constexpr double ms_per_s = 1000;
    return std::abs(ms) < ms_per_s ? ms_text(ms) + " ms" : plain(ms / ms_per_s, 2) + " s";
}

std::string time_text(const std::optional<double>& ms) {
    return ms ? time_text(*ms) : "—";
}

std::string seconds_text(double seconds) {
    constexpr double long_s = 120;
    if (std::abs(seconds) < long_s) return without_zeros(plain(seconds, 1)) + " s";
    return report::short_number(seconds, report::Unit::clock) + (seconds < 3600 ? " min" : " h");
}

std::string share_text(double share) {
    const double percent = share * 100;
    constexpr double least = 0.01, fine = 1, nearly_all = 99.9;
    if (percent > 0 && percent < least) return "< 0.01 %";
    if (!std::isfinite(percent) || std::abs(percent) >= largest_plain)
        return report::short_number(percent) + " %";
    if (percent > nearly_all && percent < 100) return "> 99.9 %";
    return without_zeros(fmt::format("{:.{}f}", percent, percent < fine ? 2 : 1)) + " %";
}

std::string bytes_text(std::uint64_t bytes) {
    return report::short_number(static_cast<double>(bytes), report::Unit::bytes);
}

std::string counted(std::uint64_t count, std::string noun) {
    return count_text(count) + " " + std::move(noun) + (count == 1 ? "" : "s");
}

}  // namespace homespun::stampede
