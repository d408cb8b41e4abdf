#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "sync/auth/access_token.hpp"
#include "sync/protocol/token.hpp"
#include "sync/token/token_store.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::token {

struct TokenSettings {
    std::int64_t duration_s = 3600;  ///< life of a storage token; a request may ask for less
    Admission admission{};
    std::string metrics_secret;  ///< for the pseudonyms
};

struct TokenMetrics {
    base::metrics::Counter issued;
    base::metrics::Counter users_created;  ///< rows in `users`: new people, new keys, moves to another node
};

/// Tokenserver 1.0 (sync-1.5 sheet, 17-19): turns an account's access token into a storage token. Owns
/// nothing it is given; everything must outlive it. Immutable; its handlers run on all loops.
class TokenService {
  public:
    /// `store_pool` has one thread: the token store is used by one thread at a time.
    TokenService(TokenSettings settings, TokenStore& store, sys::BlockingPool& store_pool,
                 auth::AccessTokenVerifier& verifier, const protocol::Tokens& tokens,
                 const base::Clock& clock, base::Random& random, base::Logger& logger,
                 TokenMetrics metrics = {});

    /// Registers the natives that services/token.rbr names.
    void register_natives(barrel::Natives& natives);

  private:
    base::Task<std::expected<void, barrel::Problem>> authenticate(barrel::Context& context) const;
    base::Task<net::http::Response> issue(barrel::Context& context) const;
    [[nodiscard]] net::http::Response answer(const barrel::Context& context, const auth::AccessGrant& grant,
                                             const Assignment& assignment) const;
    [[nodiscard]] std::int64_t duration_for(const barrel::Context& context) const;

    TokenSettings settings_;
    TokenStore& store_;
    sys::BlockingPool& store_pool_;
    auth::AccessTokenVerifier& verifier_;
    const protocol::Tokens& tokens_;
    const base::Clock& clock_;
    base::Random& random_;
    base::Logger& logger_;
    TokenMetrics metrics_;
};

}  // namespace homespun::sync::token
