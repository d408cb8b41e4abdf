#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "barrel/server/assets.hpp"
#include "barrel/server/dockerflow.hpp"
#include "connection_log.hpp"
#include "embedded.hpp"
#include "installation.hpp"
#include "key_exchange.hpp"
#include "net/io/client.hpp"
#include "part_metrics.hpp"
#include "registration.hpp"
#include "request_log.hpp"
#include "setting_values.hpp"
#include "sync/accounts/service.hpp"
#include "sync/auth/remote_access_tokens.hpp"
#include "sync/ops/admin_service.hpp"
#include "sync/ops/data_service.hpp"
#include "sync/ops/database_watch.hpp"
#include "sync/ops/node_admin.hpp"
#include "sync/ops/notice_admin.hpp"
#include "sync/ops/secrets.hpp"
#include "sync/storage/service.hpp"
#include "sync/store/sqlite/token_sqlite.hpp"
#include "sync/token/account_events.hpp"
#include "sync/token/old_rows.hpp"
#include "sync/token/service.hpp"
#include "sync/weave/service.hpp"
#include "sys/blocking_pool.hpp"
#include "sys/files.hpp"

/// In the order in which they are made; each uses those above it.
struct Installation::Parts {
    static constexpr std::size_t queued_jobs = 1024;  ///< of one store

    Parts(homespun::sys::Lease its_lease, const homespun::base::config::Settings& its_settings,
          homespun::base::metrics::Page& page)
        : lease(std::move(its_lease)),
          settings(its_settings),
          logger(make_logger(its_settings)),
          metrics(page) {}

    homespun::base::Result<void> open_databases();
    homespun::base::Result<homespun::sync::auth::AccessTokenVerifier*> make_verifier(
        homespun::net::Loop& loop);
    homespun::base::Result<void> make_services(homespun::net::LoopThreads& loops);
    void purge_every_hour(homespun::net::Loop& loop);
    homespun::base::Result<void> prepare_first_account(homespun::net::Loop& loop);
    homespun::base::Result<void> bind_contracts();
    homespun::base::Result<void> bind_admin();
    homespun::base::Result<homespun::barrel::Application::Mounted> bind_metrics() const;
    homespun::base::Result<void> open_metrics();
    [[nodiscard]] bool metrics_beside_all() const {
        return settings.text("metrics_listen").empty() && !exposed;
    }
    homespun::base::Result<homespun::barrel::Application::Mounted> bind(
        std::string name, const homespun::barrel::Natives& natives, std::vector<std::string> mounts) const;
    homespun::barrel::Dockerflow dockerflow();
    /// Is told of each answer: logs and counts it, and hands refusals for a failed database to its watch.
    homespun::barrel::Application::Observer observer();

    homespun::sys::Lease lease;
    homespun::base::config::Settings settings;
    std::unique_ptr<homespun::base::Logger> logger;
    homespun::base::SystemClock clock;
    homespun::base::SystemRandom random;
    homespun::base::metrics::Registry metrics;
    homespun::barrel::EmbeddedAssets assets{embedded_files()};
    homespun::sync::ops::Secrets secrets;
    homespun::sync::auth::PublicUrls public_urls;
    homespun::net::TrustedProxies proxies;
    homespun::sync::protocol::LimitTable limits;
    homespun::sync::store::QuotaLimits quota;
    homespun::sync::storage::Notices notices;
    std::string root_url;
    bool exposed = false;  ///< others can reach us: by a listener, a public URL or a proxy
    std::string setup_link;

    std::unique_ptr<homespun::sync::store::Store> store;
    std::unique_ptr<homespun::sync::accounts::AccountsStore> accounts_store;
    std::unique_ptr<homespun::sync::store::sqlite::TokenSqlite> token_store;
    std::unique_ptr<homespun::sync::protocol::Tokens> tokens;
    std::unique_ptr<homespun::sync::accounts::Accounts> accounts;
    std::unique_ptr<homespun::sync::auth::RemoteAccessTokens> remote_tokens;
    std::unique_ptr<homespun::sync::auth::EitherAccessTokens> either_tokens;
    std::unique_ptr<homespun::sync::token::TokenService> token_service;
    std::unique_ptr<homespun::sync::token::AccountEvents> account_events;
    std::unique_ptr<homespun::sync::storage::StorageAuth> storage_auth;
    std::unique_ptr<homespun::sync::storage::StorageService> storage;
    std::unique_ptr<Registration> registration;
    std::unique_ptr<homespun::sync::weave::WeaveService>
        weave;  ///< null: the store keeps no records of 1.1, or no service of 2010 runs
    std::unique_ptr<homespun::net::Client> client;  ///< of the first loop
    std::unique_ptr<homespun::sync::token::OldRows> old_rows;
    std::unique_ptr<homespun::sync::ops::AdminService> admin;
    std::unique_ptr<homespun::sync::ops::NodeAdmin> node_admin;
    std::unique_ptr<homespun::sync::ops::NoticeAdmin> notice_admin;
    std::unique_ptr<homespun::sync::ops::DataService> data_service;
    std::unique_ptr<KeyExchangePart> key_exchange;
    std::unique_ptr<homespun::sync::ops::DatabaseWatch> accounts_watch, token_watch;
    homespun::net::ServerMetrics connections = ::connection_metrics(metrics);
    std::unique_ptr<ReasonTexts> reasons;
    std::unique_ptr<RequestMetrics> request_metrics;
    std::unique_ptr<RequestLog> request_log;
    std::unique_ptr<ConnectionLog> connection_log;
    std::unique_ptr<homespun::barrel::Application> application;
    std::unique_ptr<homespun::barrel::Application> admin_application;
    std::unique_ptr<homespun::barrel::Application> metrics_application;
    std::optional<homespun::net::Listener> admin_listener;
    std::optional<homespun::net::Listener> metrics_listener;
    std::function<std::size_t()> connection_count;

    // Last, so that they end first: their jobs use everything above.
    homespun::sys::BlockingPool accounts_pool{1, queued_jobs, pool_metrics(metrics, "accounts")};
    homespun::sys::BlockingPool token_pool{1, queued_jobs, pool_metrics(metrics, "token")};
    homespun::sys::BlockingPool registration_pool{1, queued_jobs, pool_metrics(metrics, "registration")};
    homespun::sys::BlockingPool password_pool{homespun::sync::accounts::Passwords::threads,
                                              homespun::sync::accounts::Passwords::queue_limit,
                                              pool_metrics(metrics, "password")};
};
