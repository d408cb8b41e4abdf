#include "sync/protocol/timestamp.hpp"

#include <charconv>

#include "base/text.hpp"

namespace homespun::sync::protocol {

void Timestamp::append_to(std::string& out) const {
    char seconds[20];
    const auto end = std::to_chars(seconds, seconds + sizeof(seconds), hundredths / 100).ptr;
    out.append(seconds, end);
    out += '.';
    out += static_cast<char>('0' + hundredths / 10 % 10);
    out += static_cast<char>('0' + hundredths % 10);
}

std::string Timestamp::text() const {
    std::string out;
    append_to(out);
    return out;
}

std::optional<Timestamp> Timestamp::parse(std::string_view text) {
    constexpr std::size_t most_seconds_digits = 11;
    const auto is_digits = [](std::string_view digits) {
        return digits.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? std::string_view("0") : text.substr(point + 1);
    if (whole.empty() || whole.size() > most_seconds_digits || fraction.empty()) return std::nullopt;
    if (!is_digits(whole) || !is_digits(fraction)) return std::nullopt;
    const auto digit = [&](std::size_t i) { return i < fraction.size() ? fraction[i] - '0' : 0; };
    const std::int64_t rounding = digit(2) >= 5 ? 1 : 0;
    return Timestamp{*base::parse_integer<std::int64_t>(whole) * 100 + digit(0) * 10 + digit(1) + rounding};
}

}  // namespace homespun::sync::protocol
