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

/// What an OAuth access token says.
struct AccessGrant {
    std::string account;  ///< the account's uid, 32 hex digits
    std::string client_id;
    std::string scope;  ///< blank-separated
    std::optional<std::int64_t> generation;
};

enum class AccessFailure {
    invalid,      ///< unknown, expired, or without the scope asked for
    unavailable,  ///< could not be decided now
};

/// Tells whose an access token is. Kinds: our own accounts; later JWKS and a verify endpoint.
class AccessTokenVerifier {
  public:
    virtual ~AccessTokenVerifier() = default;
    /// `scope` must be one of the token's scopes. Continues on `home`. Thread-safe.
    virtual base::Task<std::expected<AccessGrant, AccessFailure>> verify(base::Executor& home,
                                                                         std::string token,
                                                                         std::string_view scope) = 0;
};

}  // namespace homespun::sync::auth
