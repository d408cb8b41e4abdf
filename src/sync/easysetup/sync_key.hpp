#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::sync::easysetup {

/// A sync key as it stands in `Credentials`: 26 characters of friendly base32 (a to z without l and o, 2 to
/// 9), in lower case and without the hyphens and blanks with which people write it (`q-7ynpw-q7vsc-…`). The
/// failure says which character is wrong, or how many there are; it does not repeat the key.
base::Result<std::string> parse_sync_key(std::string_view written);

}  // namespace homespun::sync::easysetup
