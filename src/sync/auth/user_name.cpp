#include "sync/auth/user_name.hpp"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <ranges>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::size_t longest_name = 32;     // width of the old column
constexpr std::size_t longest_address = 64;  // likewise

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct Free {
    void operator()(char* text) const { idn2_free(text); }
};

/// As Python's `idna` codec, which named the old accounts: ASCII stays, the rest is mapped as in IDNA 2003.
std::optional<std::string> to_idna(std::string_view text) {
    if (is_ascii(text)) return std::string(text);
    char* made = nullptr;
    const int outcome = idn2_to_ascii_8z(std::string(text).c_str(), &made, IDN2_TRANSITIONAL);
    const std::unique_ptr<char, Free> owned(made);
    if (outcome != IDN2_OK) return std::nullopt;
    return std::string(owned.get());
}

/// RFC 4648 in lower case; `bytes` are a multiple of five, so there is no padding.
std::string base32(std::string_view bytes) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
    constexpr unsigned bits_per_letter = 5;
    std::string text;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : bytes) {
        held = (held << 8U) | static_cast<unsigned char>(c);
        for (bits += 8; bits >= bits_per_letter; bits -= bits_per_letter)
            text += letters[(held >> (bits - bits_per_letter)) & 31U];
    }
    return text;
}

bool is_atom(std::string_view text) {
    constexpr std::string_view refused = R"(<>()[]\.,;:@")";
    return !text.empty() &&
           std::ranges::all_of(text, [&](char c) { return c > ' ' && c != 0x7f && !refused.contains(c); });
}

bool is_local_part(std::string_view text) {
    if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
        const auto inner = text.substr(1, text.size() - 2);
        // Nothing that could end the text, or the address in a mail's envelope and headers.
        return std::ranges::none_of(
            inner, [](char c) { return c < ' ' || c == 0x7f || std::string_view(R"("\<>)").contains(c); });
    }
    return std::ranges::all_of(base::split(text, '.'), is_atom);
}

bool is_ipv4(const std::vector<std::string_view>& parts) {
    return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
               return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, is_digit);
           });
}

bool is_domain(std::string_view text) {
    const auto parts = base::split(text, '.');
    if (is_ipv4(parts)) return true;
    constexpr std::size_t shortest_end = 2;
    const auto label = [](std::string_view part) {
        return !part.empty() &&
               std::ranges::all_of(part, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
    };
    return parts.size() >= 2 && std::ranges::all_of(parts, label) && parts.back().size() >= shortest_end &&
           std::ranges::all_of(parts.back(), is_letter);
}

}  // namespace

bool is_user_name(std::string_view text) {
    return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
    });
}

std::optional<std::string> user_name(std::string_view account) {
    if (!account.contains('@')) {
        if (!is_user_name(account)) return std::nullopt;
        return std::string(account);
    }
    const auto decoded = base::percent_decode(account);
    if (!decoded || !base::is_utf8(*decoded) || decoded->contains('\0')) return std::nullopt;
    const auto at = decoded->find('@');
    if (at == std::string::npos || at != decoded->rfind('@')) return std::nullopt;
    const auto local = to_idna(std::string_view(*decoded).substr(0, at));
    const auto domain = to_idna(std::string_view(*decoded).substr(at + 1));
    if (!local || !domain) return std::nullopt;
    return base32(base::sha1(base::to_lower(*local + "@" + *domain)));
}

bool is_mail_address(std::string_view text) {
    const auto at = text.rfind('@');
    return at != std::string_view::npos && text.size() <= longest_address && is_ascii(text) &&
           is_local_part(text.substr(0, at)) && is_domain(text.substr(at + 1));
}

bool is_strong_password(std::string_view password, std::string_view name) {
    return password.size() >= least_password_bytes && password.size() <= most_password_bytes &&
           base::is_utf8(password) && !base::iequals(base::trim(password), base::trim(name));
}

}  // namespace homespun::sync::auth
