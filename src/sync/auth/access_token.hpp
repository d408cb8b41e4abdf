#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/executor.hpp"
#include "base/task.hpp"

namespace homespun::sync::auth {

inline constexpr std::string_view oldsync_scope = "https://identity.mozilla.com/apps/oldsync";
inline constexpr std::string_view profile_scope = "profile";

/// Behind the uid of accounts of ours in `users.email`.
inline constexpr std::string_view own_email_domain = "localhost";

/// Whether `wanted` is one of the blank-separated `scopes`; nothing is not.
bool has_scope(std::string_view scopes, std::string_view wanted);

/// What an OAuth access token says.
struct AccessGrant {
    std::string account;  ///< the account's uid, usually 32 hex digits; never with an '@'
    std::string client_id;
    std::string scope;  ///< blank-separated
    std::optional<std::int64_t> generation;
    /// Whose account it is: `<account>@<email_domain>` is the key of the users table (sync-1.5 sheet, 17.1),
    /// so that accounts of two servers never meet.
    std::string email_domain = std::string(own_email_domain);
    std::string email{};  ///< the account's address, where it is known: for allow-lists only
};

enum class AccessFailure {
    invalid,      ///< unknown, expired, or without the scope asked for
    unavailable,  ///< could not be decided now
};

struct AccessRefusal {
    AccessFailure failure;
    std::string_view reason;  ///< a word for the log, listed in docs/reasons.md; static text
};

using AccessVerdict = std::expected<AccessGrant, AccessRefusal>;

/// Tells whose an access token is. Kinds: our own accounts, Mozilla's, both.
class AccessTokenVerifier {
  public:
    virtual ~AccessTokenVerifier() = default;
    /// `scope` must be one of the token's scopes. Continues on `home`. Thread-safe.
    virtual base::Task<AccessVerdict> verify(base::Executor& home, std::string token,
                                             std::string_view scope) = 0;
};

}  // namespace homespun::sync::auth
