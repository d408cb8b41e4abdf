#include "sync/client/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace homespun::sync::client {
namespace {

struct Range {
    char32_t first, last;
};
/// Controls, invisible marks, direction marks, line ends of Unicode, tags.
constexpr std::array<Range, 11> steering{{{0x00, 0x1f},
                                          {0x7f, 0x9f},
                                          {0xad, 0xad},
                                          {0x061c, 0x061c},
                                          {0x180e, 0x180e},
                                          {0x200b, 0x200f},
                                          {0x2028, 0x202e},
                                          {0x2060, 0x206f},
                                          {0xfeff, 0xfeff},
                                          {0xfff9, 0xfffb},
                                          {0xe0000, 0xe007f}}};

bool steers(char32_t point) {
    return std::ranges::any_of(
        steering, [&](const Range& range) { return point >= range.first && point <= range.last; });
}

/// The length of the UTF-8 character at the beginning; 1 for what is none.
std::size_t length_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t wanted = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return base::is_utf8(text.substr(0, wanted)) ? std::min(wanted, text.size()) : 1;
}

/// Of one whole character.
char32_t point_of(std::string_view character) {
    constexpr std::array<unsigned char, 5> lead_bits{0, 0x7f, 0x1f, 0x0f, 0x07};
    char32_t point = static_cast<unsigned char>(character.front()) & lead_bits.at(character.size());
    for (const char byte : character.substr(1))
        point = (point << 6) | (static_cast<unsigned char>(byte) & 0x3fU);
    return point;
}

/// Calls `whole(character, point)` for each character and `broken(byte)` for what is none.
void for_each_character(std::string_view text, auto whole, auto broken) {
    while (!text.empty()) {
        const auto character = text.substr(0, length_of(text));
        if (base::is_utf8(character))
            whole(character, point_of(character));
        else
            broken(static_cast<unsigned char>(character.front()));
        text.remove_prefix(character.size());
    }
}

std::string json_escape(char32_t point) {
    constexpr char32_t beyond = 0x10000;
    if (point < beyond) return fmt::format("\\u{:04x}", static_cast<unsigned>(point));
    const auto rest = static_cast<unsigned>(point - beyond);
    return fmt::format("\\u{:04x}\\u{:04x}", 0xd800U + (rest >> 10), 0xdc00U + (rest & 0x3ffU));
}

}  // namespace

std::string printable_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    for_each_character(
        json,
        [&](std::string_view character, char32_t point) {
            // Between the parts of a JSON text stand no other controls than these; within texts none.
            if (point == '\n' || point == '\r' || point == '\t')
                out += ' ';
            else if (steers(point))
                out += json_escape(point);
            else
                out += character;
        },
        [&](unsigned char) { out += json_escape(0xfffd); });
    return out;
}

std::string printable_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for_each_character(
        text,
        [&](std::string_view character, char32_t point) {
            if (character == "\\")
                out += "\\\\";
            else if (steers(point))
                out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(point));
            else
                out += character;
        },
        [&](unsigned char byte) { out += fmt::format("\\x{:02x}", byte); });
    return out;
}

}  // namespace homespun::sync::client
