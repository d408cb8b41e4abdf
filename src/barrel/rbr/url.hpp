#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "barrel/rbr/ast.hpp"

namespace homespun::barrel::rbr {

struct UrlError {
    std::size_t offset = 0;  ///< Byte of the text where the trouble is.
    std::string message;
    std::string hint;
};

/// Longer addresses, and addresses with more placeholders, are refused.
inline constexpr std::size_t max_segments = 64;
inline constexpr std::size_t max_placeholders = 16;

/// Reads an address as it stands behind `url`: `/items/{id:[0-9]+}/{rest...}`. Segments get positions
/// relative to `at`.
[[nodiscard]] std::expected<Url, UrlError> parse_url(std::string_view text, Position at = {});

/// The inverse: `parse_url(to_string(url)) == url`.
[[nodiscard]] std::string to_string(const Url& url);

/// Equal for two addresses exactly when they match the same requests as far as their texts tell (names of
/// placeholders do not count).
[[nodiscard]] std::string shape(const Url& url);

/// Percent-decodes; false when a `%` is not followed by two hexadecimal digits (`out` is then of no use).
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);

}  // namespace homespun::barrel::rbr
