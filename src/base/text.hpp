#pragma once
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::base {

/// ASCII only: what protocols mean by "case-insensitive".
bool iequals(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
/// Cuts blanks and tabs (and CR, LF) off both ends.
std::string_view trim(std::string_view text);
/// The pieces between `separator`; an empty text has one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
/// True for well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

/// The whole of `text` as a decimal integer, or nothing (empty, sign only, overflow, anything else).
template <std::integral T>
std::optional<T> parse_integer(std::string_view text) {
    T value{};
    const auto end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end || text.empty()) return std::nullopt;
    return value;
}

/// Decodes %XX. A '%' without two hex digits gives nothing. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);
/// Encodes all but the unreserved characters of RFC 3986.
std::string percent_encode(std::string_view text);

/// As text or an attribute's value in HTML: `&`, `<`, `>` and both quotes.
std::string html_escape(std::string_view text);

struct QueryParameter {
    std::string name;
    std::string value;
    bool has_value;  ///< false for `?full`, true for `?full=`
};
/// `a=1&b=x%20y`: split at '&' and at the first '=', each part percent-decoded ('+' is a blank in values and
/// names). A part that does not decode is kept as it stands.
std::vector<QueryParameter> parse_query(std::string_view query);

}  // namespace homespun::base
