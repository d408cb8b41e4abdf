#pragma once
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sync/auth/jwt.hpp"

namespace homespun::sync::auth {

using KeySet = std::vector<NamedKey>;

/// Reads a JSON Web Key Set, or a single key (RFC 7517). Keys that cannot check our tokens are passed over:
/// other kinds and curves, other algorithms, keys for encryption, RSA below 2048 bits, two of one name. An
/// error when the text is no key set, or none of its keys is left. Pure.
base::Result<KeySet> parse_key_set(std::string_view text);

}  // namespace homespun::sync::auth
