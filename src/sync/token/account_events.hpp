#pragma once
#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/auth/remote_access_tokens.hpp"
#include "sync/token/token_store.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::token {

/// Takes what another account server says of its accounts (sync-1.5 sheet, 22): a deleted one is retired, a
/// changed password refuses who signed in before. Owns nothing it is given; everything must outlive it.
/// Immutable; its handlers run on all loops.
class AccountEvents {
  public:
    /// Without `source` every event is answered with 404. `store_pool` has one thread.
    AccountEvents(auth::RemoteAccessTokens* source, TokenStore& store, sys::BlockingPool& store_pool,
                  const base::Clock& clock, base::Logger& logger)
        : source_(source), store_(store), store_pool_(store_pool), clock_(clock), logger_(logger) {}

    /// Registers the natives that services/token.rbr names for its path of events.
    void register_natives(barrel::Natives& natives);

  private:
    base::Task<std::expected<void, barrel::Problem>> authenticate(barrel::Context& context) const;
    base::Task<net::http::Response> take(barrel::Context& context) const;
    std::expected<void, Unavailable> apply(const auth::AccountEvent& event) const;

    auth::RemoteAccessTokens* source_;
    TokenStore& store_;
    sys::BlockingPool& store_pool_;
    const base::Clock& clock_;
    base::Logger& logger_;
};

}  // namespace homespun::sync::token
