#pragma once
#include <expected>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "sync/auth/public_url.hpp"
#include "sync/protocol/token.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::storage {

/// Whom a storage request is for, and when it began (X-Weave-Timestamp of reads).
struct StorageUser {
    store::UserId uid = 0;
    protocol::Timestamp began;
};

/// HAWK with the token server's tokens (sync-1.5 sheet, 4). No clock window and no nonce cache: devices are
/// off by hours, and the token's own expiry bounds a replay. Immutable, thread-safe; what it is given
/// outlives it.
class StorageAuth {
  public:
    /// How long an expired token still reads info/collections, which clients poll.
    static constexpr std::int64_t expired_grace_s = 7200;

    StorageAuth(const protocol::Tokens& tokens, const auth::PublicUrls& urls, const base::Clock& clock)
        : tokens_(tokens), urls_(urls), clock_(clock) {}

    /// The user of a well signed request; else a Problem with status 401 and the reason.
    [[nodiscard]] std::expected<StorageUser, barrel::Problem> authenticate(
        const barrel::Context& context) const;

  private:
    const protocol::Tokens& tokens_;
    const auth::PublicUrls& urls_;
    const base::Clock& clock_;
};

}  // namespace homespun::sync::storage
