#pragma once
#include <optional>
#include <string>
#include <string_view>

// What the user API of 2010 takes for a name, an address and a password (sheet sync-legacy, 2.1 and 2.2).
// Pure.
namespace homespun::sync::auth {

/// Letters, digits, `.`, `_`, `-`: what can stand in a URL. 1 to 32 characters.
bool is_user_name(std::string_view text);

/// The name that stands for `account`, a name or an e-mail address (percent-encoded or not): a name is its
/// own, an address becomes 32 letters and digits, base32 of SHA-1 of its IDNA form in lower case. Nothing for
/// what is neither.
std::optional<std::string> user_name(std::string_view account);

/// The old servers' rule: atoms with dots between them, or a quoted text, at a domain with an alphabetic end
/// or a bare IPv4 address. ASCII only; at most 64 bytes, which is what they stored.
bool is_mail_address(std::string_view text);

constexpr std::size_t least_password_bytes = 8;
constexpr std::size_t most_password_bytes = 1024;  ///< hashing longer ones is work for nothing

/// At least 8 bytes of UTF-8, and not the name in any case or with blanks around it.
bool is_strong_password(std::string_view password, std::string_view name);

}  // namespace homespun::sync::auth
