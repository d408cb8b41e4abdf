#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace homespun::base {

/// Bytes travel as std::string / std::string_view throughout; these are their text forms.

/// Lower-case hex.
std::string hex_encode(std::string_view bytes);
/// Either case; nothing for an odd length or another character.
std::optional<std::string> hex_decode(std::string_view text);

enum class Base64 {
    standard,   ///< + / with padding
    url,        ///< - _ with padding
    url_nopad,  ///< - _ without padding (JOSE, PKCE)
};
std::string base64_encode(std::string_view bytes, Base64 alphabet);
/// Strict: only the alphabet named, padding exactly as it demands (`url_nopad` refuses padding), no blanks,
/// and the unused bits of the last character must be zero, so that one text stands for one value.
std::optional<std::string> base64_decode(std::string_view text, Base64 alphabet);

}  // namespace homespun::base
