#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "sync/accounts/service.hpp"

namespace homespun::sync::accounts {

/// A session as it goes to the client (the tokens) and to the store (what derives from them).
struct Accounts::FreshSession {
    std::string token;  ///< 32 bytes
    NewSession row;
    std::optional<std::string> key_fetch_token;  ///< 32 bytes; only when the client asked for keys
    std::optional<NewKeyFetch> key_fetch_row;
    std::int64_t made_at = 0;  ///< ms
};

/// An account whose password was shown, and its kB as the client wrapped it.
struct Accounts::CheckedPassword {
    Account account;
    std::string wrapped_key_b;
};

}  // namespace homespun::sync::accounts
