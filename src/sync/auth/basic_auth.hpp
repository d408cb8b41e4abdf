#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace homespun::sync::auth {

struct BasicCredentials {
    std::string name;
    std::string password;  ///< UTF-8; may hold colons
    bool operator==(const BasicCredentials&) const = default;
};

enum class BasicFault {
    other_scheme,
    badly_encoded,  ///< no base64, or no colon in it
    bad_name,       ///< neither a name of a URL nor an e-mail address
    password_not_utf8,
};

/// Reads the value of an Authorization header (RFC 7617; the scheme in any case). Pure.
std::expected<BasicCredentials, BasicFault> parse_basic(std::string_view value);

}  // namespace homespun::sync::auth
