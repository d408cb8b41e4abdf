#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/hawk.hpp"
#include "sync/auth/nonce_cache.hpp"
#include "sync/auth/public_url.hpp"
#include "sync/protocol/token.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::storage {

/// Whom a storage request is for, and when it began (X-Weave-Timestamp of reads).
struct StorageUser {
    store::UserId uid = 0;
    protocol::Timestamp began;
};

/// What an operator may ask for beyond the protocol (sync-1.5 sheet, 4.2: servers are permissive by default,
/// devices are off by hours, clients and proxies repeat requests).
struct HawkRules {
    std::int64_t skew_s = 0;              ///< how far a client's clock may be off; 0: however far
    bool refuse_repeated_writes = false;  ///< a PUT, POST or DELETE counts once
};

/// HAWK with the token server's tokens (sync-1.5 sheet, 4). Unless the rules say otherwise there is no clock
/// window and no nonce cache: the token's own expiry bounds a replay. Thread-safe; what it is given outlives
/// it.
class StorageAuth {
  public:
    /// How long an expired token still reads info/collections, which clients poll.
    static constexpr std::int64_t expired_grace_s = 7200;

    StorageAuth(const protocol::Tokens& tokens, const auth::PublicUrls& urls, const base::Clock& clock,
                HawkRules rules = {});

    /// The user of a well signed request; else a Problem with status 401 and the reason.
    [[nodiscard]] std::expected<StorageUser, barrel::Problem> authenticate(
        const barrel::Context& context) const;

  private:
    [[nodiscard]] std::optional<barrel::Problem> check_age(const barrel::Context& context,
                                                           const base::hawk::Header& header,
                                                           std::int64_t expires_s, std::int64_t now_ms) const;

    const protocol::Tokens& tokens_;
    const auth::PublicUrls& urls_;
    const base::Clock& clock_;
    const HawkRules rules_;
    std::unique_ptr<auth::NonceCache> nonces_;  ///< null unless repeated writes are refused
};

}  // namespace homespun::sync::storage
