#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/random.hpp"
#include "sync/accounts/accounts_store.hpp"

namespace homespun::sync::accounts {

/// An account that exists to be loaded by a test: nobody knows a password for it.
struct SeededAccount {
    std::string email;         ///< below `stampede.invalid`
    std::string access_token;  ///< for Sync, good for `seeded_token_lifetime_ms`
    std::string key_id;        ///< for X-KeyID
};
constexpr std::size_t most_seeded_at_once = 500;
constexpr std::int64_t seeded_token_lifetime_ms = 24LL * 3600 * 1000;

/// The rows of one, and what its user is told.
struct SeedPlan {
    Account account;
    NewSession session;
    AccessToken token;
    SeededAccount seeded;
};

/// Draws one; `now` in milliseconds since 1970.
SeedPlan plan_seed(base::Random& random, std::int64_t now);

}  // namespace homespun::sync::accounts
