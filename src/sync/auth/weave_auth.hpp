#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "barrel/server/natives.hpp"
#include "base/cef.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "sync/accounts/rate_limit.hpp"
#include "sync/auth/login_memory.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/auth/weave_answers.hpp"

namespace homespun::sync::auth {

/// Basic authentication of the services of 2010 (sheet sync-legacy, 1.6), for contracts whose placeholder for
/// the name is called `user`. Remembers logins for a while, bounds guesses per name and address (loosely
/// where the address is that of a proxy: accounts::shared_rule), and tells the security log of every refusal.
/// Thread-safe; what it is given outlives it.
class WeaveAuth {
  public:
    struct Parts {
        UserBackend& backend;
        base::cef::Sink& security;
        const base::Clock& clock;
        base::Random& random;
        const WeaveAnswers& answers;
    };

    /// `remember_ms`: how long a login is good without asking the back-end again; 0: always ask.
    WeaveAuth(Parts parts, std::int64_t remember_ms);

    /// A barrel authenticator. Afterwards `context.identity<BackendUser>()` is the user. Refuses with 401
    /// what is no login of the user in the URL, with 503 and Retry-After when the back-end fails or too much
    /// was guessed.
    base::Task<std::expected<void, barrel::Problem>> authenticate(barrel::Context& context);

    /// The same for a name and a password that came otherwise (a form): the user, nullopt for a wrong login.
    base::Task<std::expected<std::optional<BackendUser>, barrel::Problem>> check(barrel::Context& context,
                                                                                 std::string name,
                                                                                 std::string password);

    /// After a change of the user's password, address or life.
    void forget(std::string_view name) { memory_.forget(name); }
    /// After one that failed: nobody knows whether the back-end makes it later.
    void distrust(std::string_view name) { memory_.distrust(name, parts_.clock.now_ms()); }

  private:
    [[nodiscard]] barrel::Problem lockout(const barrel::Context& context, const std::string& name,
                                          accounts::RateLimit::Refused wait) const;

    Parts parts_;
    LoginMemory memory_;
    accounts::RateLimit tries_;    ///< whatever is compared, if only with what is remembered
    accounts::RateLimit guesses_;  ///< what the back-end is asked about
};

}  // namespace homespun::sync::auth
