#include "report/markup.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace homespun::report {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Character {
    std::string_view bytes;  ///< empty: not UTF-8, one byte is to be passed over
    std::uint32_t code = 0;
};

/// The length that a lead byte promises; 0 for what cannot lead.
std::size_t length_of(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    return lead < 0xF5 ? 4 : 0;
}

Character character_at(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const auto length = length_of(lead);
    if (length == 0 || length > text.size()) return {};
    if (length == 1) return {text.substr(0, 1), lead};
    std::uint32_t code = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0) != 0x80) return {};
        code = code << 6 | (next & 0x3F);
    }
    constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least[length] || surrogate || code > 0x10FFFF) return {};
    return {text.substr(0, length), code};
}

bool is_forbidden(std::uint32_t code) {
    if (code < 0x20) return code != '\t' && code != '\n' && code != '\r';
    return (code >= 0x7F && code < 0xA0) || code == 0xFFFE || code == 0xFFFF;
}

/// The width of one character for a font size of 1: of the wider ones among the common faces.
double width_of(std::uint32_t code) {
    if (code >= 0x1100 && code != 0x2026 && (code < 0x2000 || code > 0x2BFF)) return 1.05;
    if (code >= 0x80) return 0.66;
    const char c = static_cast<char>(code);
    if (std::string_view(" .,:;|!'ijlI").contains(c)) return 0.34;
    if (std::string_view("()[]frt/-\"").contains(c)) return 0.42;
    if (std::string_view("mwMW@%").contains(c)) return 0.98;
    if (c >= 'A' && c <= 'Z') return 0.74;
    return 0.63;
}

}  // namespace

std::string escape(std::string_view text) {
    std::string result;
    result.reserve(text.size() + text.size() / 8);
    while (!text.empty()) {
        const auto [bytes, code] = character_at(text);
        text.remove_prefix(std::max<std::size_t>(bytes.size(), 1));
        switch (code) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&#39;";
                break;
            default:
                if (bytes.empty()) {
                    result += replacement;
                } else if (!is_forbidden(code)) {
                    result += bytes;
                }
        }
    }
    return result;
}

double text_width(std::string_view text) {
    double width = 0;
    while (!text.empty()) {
        const auto [bytes, code] = character_at(text);
        text.remove_prefix(std::max<std::size_t>(bytes.size(), 1));
        width += bytes.empty() ? 1 : is_forbidden(code) ? 0 : width_of(code);
    }
    return width;
}

std::string shortened(std::string_view text, double width, double font_size) {
    if (text_width(text) * font_size <= width) return std::string(text);
    std::size_t end = 0;
    std::size_t letters = 0;
    double used = width_of(0x2026) * font_size;
    while (end < text.size()) {
        const auto [bytes, code] = character_at(text.substr(end));
        used += (bytes.empty() ? 1 : width_of(code)) * font_size;
        if (used > width) break;
        end += std::max<std::size_t>(bytes.size(), 1);
        ++letters;
    }
    if (letters < 3) return {};
    return std::string(text.substr(0, text.find_last_not_of(' ', end - 1) + 1)) + "…";
}

}  // namespace homespun::report
