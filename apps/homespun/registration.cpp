#include "registration.hpp"

#include "setting_values.hpp"
#include "sync/auth/dummy_backend.hpp"
#include "sync/auth/ldap_backend.hpp"
#include "sync/registration/smtp_mailer.hpp"
#include "sync/store/sqlite/users_sqlite.hpp"
#include "sys/cef_log.hpp"

using namespace homespun;
namespace sqlite = sync::store::sqlite;

namespace {

constexpr std::int64_t second_ms = 1000;

/// How long a request waits for the back-end. A directory gives up by itself a moment earlier, and says why.
std::chrono::milliseconds longest_wait(const base::config::Settings& settings) {
    constexpr std::chrono::milliseconds moment{500};
    if (settings.text("auth.backend") != "ldap") return sync::auth::OutageWatch::Limits{}.longest;
    return std::chrono::seconds(settings.integer("ldap.timeout_s")) + moment;
}

/// How many users there may be; 0: no bound.
std::int64_t most_users(const base::config::Settings& settings, sync::accounts::SignUp sign_up) {
    return sign_up == sync::accounts::SignUp::first ? 1 : settings.integer("users.most");
}

}  // namespace

Registration::Registration(const Needs& needs)
    : needs_(needs), answers_(needs.random, needs.settings.integer("auth.retry_after_s")) {}

base::Result<std::unique_ptr<Registration>> Registration::open(const Needs& needs) {
    namespace registration = sync::registration;
    const auto& settings = needs.settings;
    std::unique_ptr<Registration> made(new Registration(needs));
    if (auto done = made->open_security_log(); !done) return std::unexpected(done.error());
    if (!runs(settings, "user") && !runs(settings, "storage-1.1")) return made;
    const auto& shared = settings.text("auth.database");
    auto database = sqlite::RegistrationSqlite::open(
        shared.empty() ? settings.text("data") + "/registration.db" : shared);
    if (!database) return std::unexpected(database.error());
    made->database_ = std::move(*database);
    auto backend = made->open_backend();
    if (!backend) return std::unexpected(backend.error());
    made->backend_ = std::make_unique<sync::auth::OutageWatch>(
        std::move(*backend), settings.text("auth.backend"),
        sync::auth::OutageWatch::Limits{.longest = longest_wait(settings)}, needs.clock, needs.logger);
    made->auth_ = std::make_unique<sync::auth::WeaveAuth>(
        sync::auth::WeaveAuth::Parts{*made->backend_, *made->security_, needs.clock, needs.random,
                                     made->answers_},
        settings.integer("auth.remember_s") * second_ms);
    made->codes_ = std::make_unique<registration::ResetCodes>(
        registration::ResetCodes::Parts{*made->database_, needs.pool, needs.clock, needs.random});
    if (auto done = made->open_mailer(); !done) return std::unexpected(done.error());
    if (settings.flag("captcha.use"))
        made->captcha_ = std::make_unique<registration::SumCaptcha>(needs.clock, needs.random);
    if (runs(settings, "storage-1.1")) {
        made->records_ = std::make_unique<registration::RecordsHere>(needs.store);
    } else {
        made->records_ = std::make_unique<registration::RecordsElsewhere>(
            needs.loop,
            net::ClientSettings{.ca_file = settings.text("ca_file"), .proxy = settings.text("http_proxy")});
    }
    registration::RegistrationSettings rules;
    rules.sign_up = sign_up_setting(settings, needs.exposed) != sync::accounts::SignUp::closed;
    rules.admission = sync::token::Admission(settings.list("users.allow"), settings.flag("users.new"),
                                             settings.integer("users.most"));
    rules.strict_names = settings.flag("auth.strict_usernames");
    rules.shared_secret = settings.text("auth.shared_secret");
    made->service_ = std::make_unique<registration::RegistrationService>(
        registration::RegistrationService::Parts{*made->backend_, *made->auth_, made->answers_, *made->codes_,
                                                 made->mailer_.get(), made->captcha_.get(), *made->records_,
                                                 needs.public_urls, needs.clock, *made->security_},
        std::move(rules));
    return made;
}

base::Result<void> Registration::open_security_log() {
    const auto& settings = needs_.settings;
    const auto& file = settings.text("cef.file");
    if (file.empty()) {
        security_ = std::make_unique<base::cef::NullSink>();
        return {};
    }
    const base::cef::Device device{.vendor = settings.text("cef.vendor"),
                                   .product = settings.text("cef.product"),
                                   .device_version = settings.text("cef.device_version")};
    if (file == "syslog") {
        security_ = std::make_unique<sys::CefSyslog>(device, needs_.clock);
        return {};
    }
    auto opened = sys::CefFile::open(file, device, needs_.clock, needs_.logger);
    if (!opened) return base::fail("cef.file: " + opened.error().message);
    security_ = std::move(*opened);
    return {};
}

base::Result<std::unique_ptr<sync::auth::UserBackend>> Registration::open_ldap() {
    const auto& settings = needs_.settings;
    const auto& uri = settings.text("ldap.uri");
    auto opened = sync::auth::LdapBackend::open(
        {.server = {.uri = uri,
                    .start_tls = uri.starts_with("ldap:") && settings.flag("ldap.use_tls"),
                    .ca_file = settings.text("ca_file")},
         .search = {settings.text("ldap.bind_user"), settings.text("ldap.bind_password")},
         .change = {settings.text("ldap.admin_user"), settings.text("ldap.admin_password")},
         .search_root = settings.text("ldap.search_root"),
         .users_root = settings.text("ldap.users_root"),
         .next_id = settings.text("ldap.next_id_entry"),
         .limit = std::chrono::seconds(settings.integer("ldap.timeout_s")),
         .connections = static_cast<std::size_t>(settings.integer("ldap.pool_size")),
         .longest_life = std::chrono::seconds(settings.integer("ldap.max_lifetime_s")),
         .most_users = most_users(settings, sign_up_setting(settings, needs_.exposed))},
        needs_.random);
    if (!opened) return std::unexpected(opened.error());
    return std::move(*opened);
}

base::Result<std::unique_ptr<sync::auth::UserBackend>> Registration::open_backend() {
    const auto& settings = needs_.settings;
    if (settings.text("auth.backend") == "ldap") return open_ldap();
    if (settings.text("auth.backend") == "dummy") {
        if (needs_.exposed) {
            return base::fail(
                "auth.backend = \"dummy\" lets anybody in with any password: only while nobody else can "
                "reach "
                "us (loopback, no public_url)");
        }
        return std::make_unique<sync::auth::DummyBackend>();
    }
    return std::make_unique<sqlite::UsersSqlite>(
        sqlite::UsersSqlite::Parts{*database_, needs_.pool, needs_.password_pool, needs_.random,
                                   most_users(settings, sign_up_setting(settings, needs_.exposed))});
}

base::Result<void> Registration::open_mailer() {
    using sync::registration::SmtpSettings;
    const auto& settings = needs_.settings;
    if (settings.text("smtp.host").empty()) return {};
    const auto& tls = settings.text("smtp.tls");
    auto opened = sync::registration::SmtpMailer::open(
        {.host = settings.text("smtp.host"),
         .port = static_cast<std::uint16_t>(settings.integer("smtp.port")),
         .sender = settings.text("smtp.sender"),
         .user = settings.text("smtp.user"),
         .password = settings.text("smtp.password"),
         .tls = tls == "starttls" ? SmtpSettings::Tls::starttls
                : tls == "tls"    ? SmtpSettings::Tls::implicit
                                  : SmtpSettings::Tls::none,
         .ca_file = settings.text("ca_file")},
        needs_.clock, needs_.random, needs_.logger);
    if (!opened) return std::unexpected(opened.error());
    mailer_ = std::move(*opened);
    return {};
}

bool Registration::healthy() {
    if (!backend_) return true;
    if (!asking_.exchange(true)) {
        needs_.loop.post([this] {
            base::spawn(backend_->find(needs_.loop, "heartbeat"),
                        [this](const auto& /*answer*/) { asking_ = false; });
        });
    }
    return !backend_->out();
}
