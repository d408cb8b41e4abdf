#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sync/auth/access_token.hpp"
#include "sync/auth/jwt.hpp"

namespace homespun::sync::auth {

// What Mozilla's account server says in its tokens and answers (sync-1.5 sheet, 17.1 and 22). Pure. The
// grants' `email_domain` is the caller's to set. Errors are words for the log, listed in docs/reasons.md.

/// How far another server's clock may be ahead or behind, in seconds.
inline constexpr std::int64_t clock_leeway_s = 60;

struct TokenDemands {
    std::string_view issuer;
    std::string_view scope;
    std::int64_t now_ms;
};

/// The claims of an access token whose signature has been checked.
std::expected<AccessGrant, std::string_view> read_access_claims(const Jwt& token,
                                                                const TokenDemands& demands);

/// The body of a 200 from the verify endpoint: `{"user", "client_id", "scope": […], "generation"}`.
std::expected<AccessGrant, std::string_view> read_verdict(std::string_view body, std::string_view scope);

/// What happened to an account.
struct AccountEvent {
    enum class Kind { deleted, password_changed };
    Kind kind;
    std::string account;
    std::int64_t changed_at_ms = 0;  ///< of a password
};

/// The events that concern us of a security event token (RFC 8417) whose signature has been checked; others
/// are passed over. `audience` is our client id.
std::expected<std::vector<AccountEvent>, std::string_view> read_account_events(const Jwt& token,
                                                                               std::string_view issuer,
                                                                               std::string_view audience,
                                                                               std::int64_t now_ms);

}  // namespace homespun::sync::auth
