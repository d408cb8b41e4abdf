#include "sync/auth/basic_auth.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/auth/user_name.hpp"

namespace homespun::sync::auth {

std::expected<BasicCredentials, BasicFault> parse_basic(std::string_view value) {
    value = base::trim(value);
    const auto blank = value.find(' ');
    if (!base::iequals(value.substr(0, blank), "basic")) return std::unexpected(BasicFault::other_scheme);
    if (blank == std::string_view::npos) return std::unexpected(BasicFault::badly_encoded);
    const auto plain = base::base64_decode(base::trim(value.substr(blank)), base::Base64::standard);
    if (!plain) return std::unexpected(BasicFault::badly_encoded);
    const auto colon = plain->find(':');
    if (colon == std::string::npos) return std::unexpected(BasicFault::badly_encoded);
    BasicCredentials read{plain->substr(0, colon), plain->substr(colon + 1)};
    // An address never equals a name of a URL; it is read so that the log can tell whose it was.
    const bool address = read.name.contains('@') && base::is_utf8(read.name);
    if (!address && !is_user_name(read.name)) return std::unexpected(BasicFault::bad_name);
    if (!base::is_utf8(read.password)) return std::unexpected(BasicFault::password_not_utf8);
    return read;
}

}  // namespace homespun::sync::auth
