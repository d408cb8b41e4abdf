#include "sync/accounts/local_access_tokens.hpp"

#include "sync/accounts/keys.hpp"

namespace homespun::sync::accounts {

using auth::AccessFailure;
using auth::AccessRefusal;

base::Task<auth::AccessVerdict> LocalAccessTokens::verify(base::Executor& home, std::string token,
                                                          std::string_view scope) {
    const auto found = co_await store_.run(home, [&, handle = handle_of(token)](AccountsStore& store) {
        return store.find_access_token(handle, clock_.now_ms());
    });
    if (!found) co_return std::unexpected(AccessRefusal{AccessFailure::unavailable, "accounts_unavailable"});
    if (!*found || !auth::has_scope((*found)->scope, scope))
        co_return std::unexpected(AccessRefusal{AccessFailure::invalid, "access_token_refused"});
    const auto& grant = **found;
    co_return auth::AccessGrant{.account = grant.uid,
                                .client_id = grant.client_id,
                                .scope = grant.scope,
                                .generation = grant.owner.generation,
                                .email = grant.owner.email};
}

}  // namespace homespun::sync::accounts
