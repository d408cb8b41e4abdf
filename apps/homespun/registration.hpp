#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/io/loop.hpp"
#include "sync/auth/outage_watch.hpp"
#include "sync/auth/weave_auth.hpp"
#include "sync/registration/service.hpp"
#include "sync/store/sqlite/registration_sqlite.hpp"

/// What the services of 2010 share, put together from the settings `auth.…`, `ldap.…`, `smtp.…`, `captcha.…`
/// and `cef.…`: the authentication back-end behind its watch, logins, reset codes, the security log. What it
/// is given outlives it; its pools end before it.
class Registration {
  public:
    struct Needs {
        const homespun::base::config::Settings& settings;
        bool exposed;  ///< others can reach us
        homespun::sync::store::Store& store;
        const homespun::sync::auth::PublicUrls& public_urls;
        const homespun::base::Clock& clock;
        homespun::base::Random& random;
        homespun::base::Logger& logger;
        homespun::sys::BlockingPool& pool;  ///< one thread, for registration.db
        homespun::sys::BlockingPool& password_pool;
        homespun::net::Loop& loop;  ///< where the heartbeat's question is asked
    };
    /// The error is a message for the operator. Where no service of 2010 that has users runs there is the
    /// security log alone: no back-end, no registration.db, no `auth` and no `service`.
    static homespun::base::Result<std::unique_ptr<Registration>> open(const Needs& needs);

    [[nodiscard]] homespun::sync::auth::WeaveAuth& auth() { return *auth_; }
    [[nodiscard]] const homespun::sync::auth::WeaveAnswers& answers() const { return answers_; }
    [[nodiscard]] homespun::base::cef::Sink& security() { return *security_; }
    [[nodiscard]] homespun::sync::registration::RegistrationService& service() { return *service_; }

    [[nodiscard]] bool has_users() const { return service_ != nullptr; }

    /// For the heartbeat: false during an outage of the back-end, true without one. Asks it anew in the
    /// background, so that an outage ends (or shows) without other requests. Any thread.
    bool healthy();

  private:
    explicit Registration(const Needs& needs);
    homespun::base::Result<void> open_security_log();
    homespun::base::Result<std::unique_ptr<homespun::sync::auth::UserBackend>> open_backend();
    homespun::base::Result<std::unique_ptr<homespun::sync::auth::UserBackend>> open_ldap();
    homespun::base::Result<void> open_mailer();

    Needs needs_;
    homespun::sync::auth::WeaveAnswers answers_;
    std::unique_ptr<homespun::base::cef::Sink> security_;
    std::unique_ptr<homespun::sync::store::sqlite::RegistrationSqlite> database_;
    std::unique_ptr<homespun::sync::auth::OutageWatch> backend_;
    std::unique_ptr<homespun::sync::auth::WeaveAuth> auth_;
    std::unique_ptr<homespun::sync::registration::ResetCodes> codes_;
    std::unique_ptr<homespun::sync::registration::Mailer> mailer_;
    std::unique_ptr<homespun::sync::registration::Captcha> captcha_;
    std::unique_ptr<homespun::sync::registration::UserRecords> records_;
    std::unique_ptr<homespun::sync::registration::RegistrationService> service_;
    std::atomic<bool> asking_ = false;
};
