#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sync/accounts/doorkeeper.hpp"
#include "sync/accounts/local_access_tokens.hpp"
#include "sync/accounts/passwords.hpp"
#include "sync/accounts/rate_limit.hpp"
#include "sync/accounts/refusal.hpp"
#include "sync/accounts/seed.hpp"
#include "sync/accounts/store_queue.hpp"
#include "sync/auth/public_url.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::accounts {

class RequestBody;

// Lifetimes, milliseconds unless a name says otherwise.
constexpr std::int64_t code_lifetime_ms = 15 * 60'000;
constexpr std::int64_t key_fetch_lifetime_ms = 10 * 60'000;
constexpr std::int64_t command_lifetime_ms = 30LL * 24 * 3600 * 1000;
constexpr std::int64_t invite_lifetime_ms = 7LL * 24 * 3600 * 1000;
constexpr std::int64_t longest_access_token_s = 6 * 3600;

/// Where the services are: a path below the public URL, or an absolute URL when another server has that
/// service.
struct ServiceAddresses {
    std::string auth = "/auth";  ///< without the version, as the discovery document has it
    std::string oauth = "/oauth";
    std::string profile = "/profile";
    std::string token = "/token";
};

struct AccountsSettings {
    SignUp sign_up = SignUp::first;
    std::string decoy_secret;  ///< 32 bytes, the same over restarts: answers for addresses without account
    StretchCost stretch_cost;  ///< for new accounts
    ServiceAddresses addresses;
};

/// What Accounts works with. Everything outlives it.
struct AccountsParts {
    AccountsStore& store;
    sys::BlockingPool& store_pool;     ///< exactly one thread; some hundred places in the queue
    sys::BlockingPool& password_pool;  ///< Passwords::threads, Passwords::queue_limit
    const base::Clock& clock;
    base::Random& random;
    base::Logger& logger;
    const auth::PublicUrls& public_urls;
};

/// The accounts: sign-up and sign-in, sessions, devices, OAuth, profile, discovery. Makes the natives of the
/// contracts services/{accounts,oauth,profile,pages}.rbr. Outlives the services it registered with;
/// thread-safe.
class Accounts {
  public:
    Accounts(const AccountsParts& parts, AccountsSettings settings);
    Accounts(const Accounts&) = delete;
    Accounts& operator=(const Accounts&) = delete;

    void register_accounts(barrel::Natives& natives);
    void register_oauth(barrel::Natives& natives);
    void register_profile(barrel::Natives& natives);
    /// Discovery documents; the pages themselves are files.
    void register_pages(barrel::Natives& natives);

    /// For a token server in this process.
    [[nodiscard]] auth::AccessTokenVerifier& access_tokens() { return access_tokens_; }

    // For the admin channel and timers. All continue on `home`; errors are texts for the operator.

    /// A code that lets one person sign up; shown this once, the store keeps its hash.
    base::Task<base::Result<std::string>> create_invite(base::Executor& home, std::int64_t lifetime_ms);
    base::Task<base::Result<std::vector<Invite>>> list_invites(base::Executor& home);
    base::Task<base::Result<std::vector<AccountSummary>>> list_accounts(base::Executor& home);
    /// The uid behind an address; nothing when there is no such account.
    base::Task<base::Result<std::optional<std::string>>> uid_of(base::Executor& home, std::string email);
    /// Ends all sessions, devices and tokens; everybody has to sign in again. False: no such address.
    base::Task<base::Result<bool>> revoke_access(base::Executor& home, std::string email);
    /// Removes the account; its Firefoxes sign themselves out. False: no such address.
    base::Task<base::Result<bool>> remove_account(base::Executor& home, std::string email);
    /// Makes `count` accounts (at most `most_seeded_at_once`) for a load test.
    base::Task<base::Result<std::vector<SeededAccount>>> seed(base::Executor& home, std::size_t count);
    /// Deletes what has expired; gives the number of rows. Call it about every hour.
    base::Task<base::Result<std::int64_t>> purge(base::Executor& home);

  private:
    using Response = net::http::Response;
    using Outcome = base::Task<std::expected<Response, Refusal>>;
    using Method = Outcome (Accounts::*)(barrel::Context&);
    using Context = barrel::Context;

    struct FreshSession;  // service.cpp: a session on its way into the store
    struct CheckedPassword;

    // registration (service.cpp)
    struct Registrar;
    static base::Task<Response> answer_with(Context& context, std::string_view scheme, Outcome outcome);

    // account_handlers.cpp
    Outcome create(Context& context);
    [[nodiscard]] SignUp sign_up_for(const Context& context) const;
    Outcome create_status(Context& context);
    Outcome login(Context& context);
    Outcome credentials_status(Context& context);
    Outcome account_status(Context& context);
    Outcome keys(Context& context);
    Outcome scoped_key_data(Context& context);
    Outcome email_status(Context& context);
    Outcome resend_code(Context& context);
    base::Task<std::expected<CheckedPassword, Refusal>> check_password(Context& context, std::string email,
                                                                       std::string auth_pw);
    base::Task<std::expected<void, Refusal>> may_sign_up(Context& context,
                                                         const std::optional<std::string>& invite,
                                                         const std::string& email);
    FreshSession fresh_session(const Context& context, std::string_view wrapped_key_b) const;
    [[nodiscard]] Response signed_in(std::string_view uid, const FreshSession& session) const;
    [[nodiscard]] PasswordRecord decoy_password(std::string_view email) const;
    [[nodiscard]] std::string decoy_salt(std::string_view email) const;
    std::expected<void, Refusal> admit_address(RateLimit& limit, const Context& context);
    std::expected<void, Refusal> admit_login(const Context& context, const std::string& account);

    // session_handlers.cpp
    Outcome session_status(Context& context);
    Outcome session_destroy(Context& context);
    Outcome attached_clients(Context& context);

    // device_handlers.cpp
    Outcome put_device(Context& context);
    Outcome list_devices(Context& context);
    Outcome destroy_device(Context& context);
    Outcome device_commands(Context& context);
    Outcome invoke_command(Context& context);
    Outcome notify_devices(Context& context);

    // oauth_handlers.cpp
    Outcome authorization(Context& context);
    Outcome token(Context& context);
    Outcome redeem_code(Context& context, RequestBody& body);
    Outcome grant_from_session(Context& context, RequestBody& body);
    Outcome grant_from_refresh_token(Context& context, RequestBody& body);
    Outcome destroy_token(Context& context);
    Outcome introspect(Context& context);
    Outcome key_set(Context& context);

    // profile_handlers.cpp
    Outcome profile(Context& context);

    // discovery_handlers.cpp
    Outcome client_configuration(Context& context);
    Outcome openid_configuration(Context& context);

    StoreQueue store_;
    Passwords passwords_;
    const base::Clock& clock_;
    base::Random& random_;
    base::Logger& logger_;
    const auth::PublicUrls& public_urls_;
    const AccountsSettings settings_;
    Doorkeeper doorkeeper_;
    LocalAccessTokens access_tokens_;
    RateLimit login_per_account_;
    RateLimit login_per_address_;
    RateLimit create_per_address_;
    RateLimit status_per_address_;
};

}  // namespace homespun::sync::accounts
