#include "barrel/server/types.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::barrel {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_int(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return false;
    }
    return base::parse_integer<std::int64_t>(text).has_value();
}

/// Decimal notation, with exponent; no infinities, no hexadecimal.
bool is_float(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    constexpr std::string_view letters = "0123456789.eE+-";
    const bool plain =
        !text.empty() && !text.starts_with('+') && text.find_first_not_of(letters) == std::string_view::npos;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return plain && error == std::errc{} && end == text.data() + text.size();
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

/// An absolute URI by its characters (RFC 3986): scheme, colon, something.
bool is_uri(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size() || !is_letter(text[0]))
        return false;
    const auto in_scheme = [](char c) {
        return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    };
    if (!std::ranges::all_of(text.substr(0, colon), in_scheme)) return false;
    constexpr std::string_view marks = "-._~:/?#[]@!$&'()*+,;=";
    for (std::size_t i = colon + 1; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
        } else if (!is_letter(text[i]) && !is_digit(text[i]) && !marks.contains(text[i])) {
            return false;
        }
    }
    return true;
}

/// What can be delivered to: one @, a local part without blanks, a host name with a dot.
bool is_email(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254 || !base::is_utf8(text))
        return false;
    const std::string_view local = text.substr(0, at);
    const std::string_view host = text.substr(at + 1);
    constexpr std::string_view forbidden = "()<>[]:;@\\,\"";
    const auto bad = [&](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == '\x7F' || forbidden.contains(c);
    };
    if (std::ranges::any_of(local, bad) || local.starts_with('.') || local.ends_with('.') ||
        local.contains(".."))
        return false;
    if (!host.contains('.')) return false;
    return std::ranges::all_of(base::split(host, '.'), [](std::string_view label) {
        const auto fits = [](char c) {
            return is_letter(c) || is_digit(c) || c == '-' || (static_cast<unsigned char>(c) & 0x80U) != 0;
        };
        return !label.empty() && label.size() <= 63 && !label.starts_with('-') && !label.ends_with('-') &&
               std::ranges::all_of(label, fits);
    });
}

/// Reads `count` digits at `at`; -1 when there are none.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (!is_digit(text[i])) return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool is_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    const int year = digits(text, 0, 4);
    const int month = digits(text, 5, 2);
    const int day = digits(text, 8, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1) return false;
    constexpr std::array<int, 12> lengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[static_cast<std::size_t>(month) - 1] + (month == 2 && leap ? 1 : 0);
}

/// RFC 3339, with its leap second.
bool is_date_time(std::string_view text) {
    if (text.size() < 20 || !is_date(text.substr(0, 10)) || (text[10] != 'T' && text[10] != 't'))
        return false;
    const int hour = digits(text, 11, 2);
    const int minute = digits(text, 14, 2);
    const int second = digits(text, 17, 2);
    if (text[13] != ':' || text[16] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return false;
    text.remove_prefix(19);
    if (text.starts_with('.')) {
        const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
        if (end == 1) return false;
        text.remove_prefix(end);
    }
    if (text == "Z" || text == "z") return true;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
    const int zone_hour = digits(text, 1, 2);
    const int zone_minute = digits(text, 4, 2);
    return zone_hour >= 0 && zone_hour <= 23 && zone_minute >= 0 && zone_minute <= 59;
}

}  // namespace

bool is_of_type(std::string_view type, std::string_view value) {
    if (type == "json") return base::json::parse(value).has_value();
    if (type == "int") return is_int(value);
    if (type == "float") return is_float(value);
    if (type == "string") return base::is_utf8(value);
    if (type == "bool") return value == "true" || value == "false";
    if (type == "uuid") return is_uuid(value);
    if (type == "uri") return is_uri(value);
    if (type == "email") return is_email(value);
    if (type == "date") return is_date(value);
    if (type == "date-time") return is_date_time(value);
    if (type == "base64") return base::base64_decode(value, base::Base64::standard).has_value();
    return type == "bytes";
}

}  // namespace homespun::barrel
