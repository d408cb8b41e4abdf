#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sync/accounts/passwords.hpp"

namespace homespun::sync::auth {

/// A password as our own table keeps it: argon2id with its cost, `{ARGON2ID}m=19456,t=2,p=1$salt$hash`
/// (base64 without padding). Fits the old column of 128 characters.
struct StoredPassword {
    accounts::StretchCost cost;
    std::string salt;  ///< accounts::password_salt_size bytes
    std::string hash;  ///< 32 bytes

    [[nodiscard]] std::string text() const;
    /// Nothing for what is none of ours: an old hash, perhaps (password_schemes.hpp).
    static std::optional<StoredPassword> parse(std::string_view text);
};

}  // namespace homespun::sync::auth
