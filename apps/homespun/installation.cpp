#include "installation.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>

#include "installation_parts.hpp"
#include "process_metrics.hpp"
#include "record_store.hpp"
#include "remote_accounts.hpp"
#include "sync/ops/restore.hpp"
#include "sync/store/sqlite/accounts_sqlite.hpp"

using namespace homespun;
namespace config = base::config;

namespace {

constexpr std::chrono::hours purge_period{1};
constexpr std::int64_t setup_link_ms = 7LL * 24 * 3600 * 1000;
constexpr const char* setup_file = "/setup-link";
constexpr const char* reasons_page = "docs/reasons.md";

/// Runs `task` on `loop` and waits for it here: for start-up only, never from a loop's own thread.
template <class T>
T wait_for(net::Loop& loop, base::Task<T> task) {
    std::promise<std::expected<T, std::exception_ptr>> promise;
    loop.post([&] {
        base::spawn(std::move(task), [&](std::expected<T, std::exception_ptr> result) {
            promise.set_value(std::move(result));
        });
    });
    auto result = promise.get_future().get();
    if (!result) std::rethrow_exception(result.error());
    return std::move(*result);
}

/// What was set, not to what: values may be secrets, and `homespun config` shows them.
void tell_settings(base::Logger& logger, const config::Settings& settings) {
    std::string set;
    for (const auto& [name, setting] : settings.all) {
        if (setting.origin != "default") set += (set.empty() ? "" : " ") + name;
    }
    logger.info("config_read", {{"version", HOMESPUN_VERSION}, {"set", std::string_view(set)}});
}

}  // namespace

base::Result<void> Installation::Parts::open_databases() {
    namespace sqlite = sync::store::sqlite;
    const auto& data = settings.text("data");
    auto opened = open_record_store(settings, limits.general, quota, clock, *logger, metrics);
    if (!opened) return std::unexpected(opened.error());
    store = std::move(*opened);
    sqlite::OpenOptions small;
    small.page_size = 4096;
    small.cache_kib = 2048;
    // An empty accounts.db beside a token.db that knows people would tell every Firefox that its account is
    // gone, and each would sign itself out.
    const auto there = [&data](const char* name) { return ::access((data + name).c_str(), F_OK) == 0; };
    if (there("/token.db") && !there("/accounts.db")) {
        return base::fail(
            data + "/accounts.db is missing, but token.db is there: restore it from a backup, or move " +
            "token.db away too if you mean to start anew");
    }
    auto opened_accounts = sqlite::open_accounts(data + "/accounts.db", small);
    if (!opened_accounts) return std::unexpected(opened_accounts.error());
    accounts_store = std::move(*opened_accounts);
    auto opened_tokens = sqlite::TokenSqlite::open(data + "/token.db");
    if (!opened_tokens) return std::unexpected(opened_tokens.error());
    token_store = std::move(*opened_tokens);
    if (!runs(settings, "storage")) return {};  // then others are the nodes
    const auto node = root_url + settings.text("mount.storage");
    if (auto set = token_store->set_own_node(node); !set) {
        return base::fail(fmt::format("{}/token.db: {}", data, set.error().detail));
    }
    return {};
}

/// Whose access tokens the token server takes, by the setting `accounts`.
base::Result<sync::auth::AccessTokenVerifier*> Installation::Parts::make_verifier(net::Loop& loop) {
    const auto& whose = settings.text("accounts");
    if (whose == "own") return &accounts->access_tokens();
    auto remote = remote_settings(settings);
    if (!remote) return std::unexpected(remote.error());
    auto opened = sync::auth::RemoteAccessTokens::open(std::move(*remote), loop, clock, *logger);
    if (!opened) return base::fail("Mozilla's accounts: " + opened.error().message);
    remote_tokens = std::move(*opened);
    if (whose == "mozilla") return remote_tokens.get();
    either_tokens =
        std::make_unique<sync::auth::EitherAccessTokens>(accounts->access_tokens(), *remote_tokens);
    return either_tokens.get();
}

base::Result<void> Installation::Parts::make_services(net::LoopThreads& loops) {
    tokens = std::make_unique<sync::protocol::Tokens>(secrets.token);
    sync::accounts::AccountsSettings account_settings;
    account_settings.sign_up = sign_up_setting(settings, exposed);
    account_settings.decoy_secret = secrets.salt;
    account_settings.addresses = {settings.text("mount.accounts"), settings.text("mount.oauth"),
                                  settings.text("mount.profile"), settings.text("mount.token")};
    accounts = std::make_unique<sync::accounts::Accounts>(
        sync::accounts::AccountsParts{*accounts_store, accounts_pool, password_pool, clock, random, *logger,
                                      public_urls},
        std::move(account_settings));
    sync::token::TokenSettings token_settings;
    token_settings.duration_s = settings.integer("token_duration");
    token_settings.metrics_secret = secrets.metrics;
    token_settings.admission = sync::token::Admission(
        settings.list("users.allow"), settings.flag("users.new"), settings.integer("users.most"));
    const auto verifier = make_verifier(loops[0]);
    if (!verifier) return std::unexpected(verifier.error());
    token_service = std::make_unique<sync::token::TokenService>(std::move(token_settings), *token_store,
                                                                token_pool, **verifier, *tokens, clock,
                                                                random, *logger, token_metrics(metrics));
    auto* const event_source = settings.text("mozilla.client_id").empty() ? nullptr : remote_tokens.get();
    account_events =
        std::make_unique<sync::token::AccountEvents>(event_source, *token_store, token_pool, clock, *logger);
    storage_auth = std::make_unique<sync::storage::StorageAuth>(
        *tokens, public_urls, clock,
        sync::storage::HawkRules{.skew_s = settings.integer("hawk_skew"),
                                 .refuse_repeated_writes = settings.text("hawk_replay") == "refuse_writes"});
    storage = std::make_unique<sync::storage::StorageService>(*store, *storage_auth, limits, quota, notices,
                                                              clock, *logger);
    auto opened = Registration::open({settings, exposed, *store, public_urls, clock, random, *logger,
                                      registration_pool, password_pool, loops[0]});
    if (!opened) return std::unexpected(opened.error());
    registration = std::move(*opened);
    if (auto* const records = store->weave(); records != nullptr && registration->has_users()) {
        weave = std::make_unique<sync::weave::WeaveService>(
            sync::weave::WeaveService::Parts{*store, *records, registration->auth(), registration->answers(),
                                             notices, clock, *logger},
            quota.user_hard);
    }
    admin = std::make_unique<sync::ops::AdminService>(sync::ops::AdminService::Parts{
        *accounts, *tokens, secrets, settings.text("data"), root_url, random, clock, *logger});
    data_service = std::make_unique<sync::ops::DataService>(
        sync::ops::DataService::Parts{*store, settings.text("data"), HOMESPUN_VERSION, clock, *logger});
    auto exchange = KeyExchangePart::open(
        {settings, root_url, random, clock, *logger, metrics, registration->security()});
    if (!exchange) return std::unexpected(exchange.error());
    key_exchange = std::move(*exchange);
    accounts_watch =
        std::make_unique<sync::ops::DatabaseWatch>(settings.text("data") + "/accounts.db", accounts_pool);
    token_watch = std::make_unique<sync::ops::DatabaseWatch>(settings.text("data") + "/token.db", token_pool);
    const auto page = assets.find(reasons_page);
    if (!page) return base::fail(std::string(reasons_page) + " is not compiled in");
    reasons = std::make_unique<ReasonTexts>(page->bytes);
    request_metrics = std::make_unique<RequestMetrics>(metrics, *reasons);
    request_log =
        std::make_unique<RequestLog>(*logger, *request_metrics, settings.flag("access_log"), *reasons);
    register_process_metrics(metrics);
    auto& loop = loops[0];
    connection_log = std::make_unique<ConnectionLog>(*logger, metrics, loop);
    client = std::make_unique<net::Client>(
        loop, net::ClientSettings{.ca_file = settings.text("ca_file"), .proxy = settings.text("http_proxy")});
    if (const auto& problem = client->problem()) return std::unexpected(*problem);
    old_rows = std::make_unique<sync::token::OldRows>(sync::token::OldRows::Parts{
        *token_store, token_pool, *store, *tokens, *client, clock, random, *logger});
    node_admin = std::make_unique<sync::ops::NodeAdmin>(
        sync::ops::NodeAdmin::Parts{*token_store, token_pool, *old_rows, *accounts, clock, *logger});
    notice_admin = std::make_unique<sync::ops::NoticeAdmin>(notices, settings.text("data"), *logger);
    if (auto loaded = notice_admin->load(); !loaded) return loaded;
    purge_every_hour(loop);
    return prepare_first_account(loop);
}

void Installation::Parts::purge_every_hour(net::Loop& loop) {
    const auto failed = [this](const char* what) {
        logger->warning("purge_failed", {{"what", std::string_view(what)}});
    };
    loop.post([this, &loop, failed] {
        loop.every(purge_period, [this, &loop, failed] {
            base::spawn(accounts->purge(loop), [failed](auto purged) {
                if (!purged || !*purged) failed("accounts");
            });
            base::spawn(old_rows->purge(loop, sync::token::old_row_grace_ms, false), [failed](auto purged) {
                if (!purged || !*purged) failed("replaced users");
            });
        });
    });
}

/// Where others can reach us, the first account needs a link that only the operator sees.
base::Result<void> Installation::Parts::prepare_first_account(net::Loop& loop) {
    const auto path = settings.text("data") + setup_file;
    const auto known = wait_for(loop, accounts->list_accounts(loop));
    if (!known) return std::unexpected(known.error());
    const bool needed = known->empty() && runs(settings, "accounts") &&
                        settings.text("accounts") != "mozilla" &&
                        sign_up_setting(settings, exposed) == sync::accounts::SignUp::closed;
    if (!needed) {
        ::unlink(path.c_str());
        return {};
    }
    const auto code = wait_for(loop, accounts->create_invite(loop, setup_link_ms));
    if (!code) return std::unexpected(code.error());
    setup_link = admin->invite_link(*code);
    return sys::write_file_atomically(path, setup_link + "\n", 0600);
}

base::Result<std::unique_ptr<Installation>> Installation::open(const config::Settings& settings,
                                                               const barrel::WorkerStart& start,
                                                               net::LoopThreads& loops) {
    const auto& data = settings.text("data");
    auto lease = sys::Lease::take(data);
    if (!lease) return std::unexpected(lease.error());
    if (auto whole = sync::ops::refuse_unfinished_restore(data); !whole)
        return std::unexpected(whole.error());
    auto parts = std::make_unique<Parts>(std::move(*lease), settings, *start.page);
    tell_settings(*parts->logger, settings);
    auto secrets = sync::ops::Secrets::load_or_create(data, parts->random);
    if (!secrets) return std::unexpected(secrets.error());
    parts->secrets = std::move(*secrets);
    auto urls = parse_public_urls(settings);
    if (!urls) return std::unexpected(urls.error());
    parts->public_urls = std::move(*urls);
    auto proxies = parse_trusted_proxies(settings);
    if (!proxies) return std::unexpected(proxies.error());
    parts->proxies = std::move(*proxies);
    parts->exposed = !parts->proxies.empty();  // whoever reaches them reaches us
    for (const auto& listener : start.listeners) {
        if (listener.address().is_loopback()) continue;
        parts->exposed = true;
        if (parts->public_urls.configured()) continue;
        return base::fail(fmt::format(
            "{} can be reached from outside, but public_url is not set: clients sign the address they "
            "see, so name it, like --public-url https://sync.example",
            listener.address().text()));
    }
    if (parts->public_urls.configured()) {
        parts->root_url = parts->public_urls.all().front().text();
        for (const auto& url : parts->public_urls.all())
            parts->exposed |= !url.is_loopback();
    } else {
        parts->root_url = "http://" + start.listeners.front().address().text();
    }
    auto limits = parse_limits(settings);
    if (!limits) return std::unexpected(limits.error());
    parts->limits = std::move(*limits);
    const auto quota = parse_quota(settings);
    if (!quota) return std::unexpected(quota.error());
    parts->quota = *quota;
    if (auto done = parts->open_databases(); !done) return std::unexpected(done.error());
    if (auto done = parts->make_services(loops); !done) return std::unexpected(done.error());
    if (auto done = parts->bind_contracts(); !done) return std::unexpected(done.error());
    if (auto done = parts->bind_admin(); !done) return std::unexpected(done.error());
    if (auto done = parts->open_metrics(); !done) return std::unexpected(done.error());
    parts->logger->info("serving", {{"root", parts->root_url}, {"data", data}});
    return std::unique_ptr<Installation>(new Installation(std::move(parts)));
}

Installation::Installation(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Installation::~Installation() = default;

net::http::Application& Installation::application() const {
    return *parts_->application;
}
net::http::Application& Installation::admin_application() const {
    return *parts_->admin_application;
}
net::Listener Installation::take_admin_listener() {
    return std::move(*parts_->admin_listener);
}
net::http::Application* Installation::metrics_application() const {
    return parts_->metrics_application.get();
}
net::Listener Installation::take_metrics_listener() {
    return std::move(*parts_->metrics_listener);
}
const base::Clock& Installation::clock() const {
    return parts_->clock;
}
base::Logger& Installation::logger() const {
    return *parts_->logger;
}
const std::string& Installation::root_url() const {
    return parts_->root_url;
}
const std::string& Installation::setup_link() const {
    return parts_->setup_link;
}
void Installation::set_connection_count(std::function<std::size_t()> count) {
    parts_->connection_count = std::move(count);
}
net::ServerTies Installation::server_ties() const {
    return {.proxies = parts_->proxies,
            .on_ending = [log = parts_->connection_log.get()](net::Ending ending) { log->count(ending); },
            .metrics = parts_->connections};
}
void Installation::close() {
    parts_->data_service->close();
    parts_->store->close();
    parts_->logger->info("stopped");
}
