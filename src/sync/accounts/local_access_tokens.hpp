#pragma once
#include "base/clock.hpp"
#include "sync/accounts/store_queue.hpp"
#include "sync/auth/access_token.hpp"

namespace homespun::sync::accounts {

/// Verifies access tokens that our own accounts gave out, for a token server in the same process.
/// Thread-safe.
class LocalAccessTokens final : public auth::AccessTokenVerifier {
  public:
    LocalAccessTokens(StoreQueue store, const base::Clock& clock) : store_(store), clock_(clock) {}

    base::Task<auth::AccessVerdict> verify(base::Executor& home, std::string token,
                                           std::string_view scope) override;

  private:
    StoreQueue store_;
    const base::Clock& clock_;
};

}  // namespace homespun::sync::accounts
