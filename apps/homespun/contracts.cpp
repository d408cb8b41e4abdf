#include <fmt/format.h>

#include <limits>

#include "barrel/rbr/parser.hpp"
#include "installation_parts.hpp"

using namespace homespun;

// Binds the contracts of services/ to what serves them.

base::Result<barrel::Application::Mounted> Installation::Parts::bind(std::string name,
                                                                     const barrel::Natives& natives,
                                                                     std::vector<std::string> mounts) const {
    const auto file_name = "services/" + name + ".rbr";
    const auto text = assets.find(file_name);
    if (!text) return base::fail(file_name + " is not compiled in");
    auto file = barrel::rbr::parse(text->bytes, file_name);
    if (!file) return base::fail(file.error().render());
    auto service = barrel::Service::bind(std::move(*file), natives, &assets);
    if (!service) return base::fail(barrel::rbr::render(service.error()));
    return barrel::Application::Mounted{std::move(name), std::move(*service), std::move(mounts)};
}

barrel::Dockerflow Installation::Parts::dockerflow() {
    barrel::Dockerflow flow;
    flow.heartbeat = [this](barrel::Context& context) -> base::Task<barrel::Dockerflow::Health> {
        auto& home = *context.request().executor;
        const bool records = store->healthy();
        const bool accounts_db = co_await accounts_watch->takes_writes(home);
        const bool token_db = co_await token_watch->takes_writes(home);
        const bool users_db = registration->healthy();
        const bool well = records && accounts_db && token_db && users_db;
        const auto word = [](bool its_well) { return its_well ? "Ok" : "Unknown"; };
        co_return barrel::Dockerflow::Health{
            well,
            fmt::format(R"({{"version":"{}","status":"{}","database":"{}","accounts":"{}","token":"{}",)"
                        R"("user":"{}","quota":{{"enabled":{},"size":{}}}}})",
                        HOMESPUN_VERSION, well ? "Ok" : "Err", word(records), word(accounts_db),
                        word(token_db), word(users_db), quota.user_hard > 0, quota.user_hard)};
    };
    flow.load = [this] {
        const auto open = connection_count ? connection_count() : 0;
        return fmt::format(R"({{"active_connections":{},"idle_connections":0}})", open);
    };
    flow.version = {{"source", "homespun"}, {"version", HOMESPUN_VERSION}, {"commit", ""}, {"build", ""}};
    return flow;
}

barrel::Application::Observer Installation::Parts::observer() {
    return [this, log = request_log->observer()](const auto& request, const auto& response, auto duration,
                                                 const barrel::Outcome& outcome) {
        log(request, response, duration, outcome);
        if (outcome.reason == "store_failed" || outcome.reason == "accounts_unavailable")
            accounts_watch->suspect();
        if (outcome.reason == "token_store_failed") token_watch->suspect();
    };
}

base::Result<void> Installation::Parts::bind_contracts() {
    struct Contract {
        const char* service;  ///< of the setting `services`; null: always
        const char* name;
        std::string mount;
        std::function<void(barrel::Natives&)> fill;
        std::vector<std::string> more_mounts = {};
        std::size_t ignored_trailing_slashes = 0;
        bool possible = true;  ///< false: not with this store, whatever the setting says
    };
    constexpr auto all_slashes = std::numeric_limits<std::size_t>::max();
    const Contract contracts[] = {
        {"accounts", "pages", "", [this](barrel::Natives& natives) { accounts->register_pages(natives); }},
        {nullptr, "operators", "",
         [this](barrel::Natives& natives) { register_dockerflow(natives, dockerflow()); }},
        {"accounts", "accounts", settings.text("mount.accounts") + "/v1",
         [this](barrel::Natives& natives) { accounts->register_accounts(natives); }},
        {"accounts", "oauth", settings.text("mount.oauth") + "/v1",
         [this](barrel::Natives& natives) { accounts->register_oauth(natives); }},
        {"accounts", "profile", settings.text("mount.profile") + "/v1",
         [this](barrel::Natives& natives) { accounts->register_profile(natives); }},
        {"token", "token", settings.text("mount.token"),
         [this](barrel::Natives& natives) {
             token_service->register_natives(natives);
             account_events->register_natives(natives);
         }},
        {"storage", "storage", settings.text("mount.storage") + "/1.5",
         [this](barrel::Natives& natives) { storage->register_natives(natives); }},
        {"user",
         "registration",
         "/user/1.0",
         [this](barrel::Natives& natives) { registration->service().register_users(natives); },
         {"/user/1"},
         all_slashes},
        {"user",
         "misc",
         "/misc/1.0",
         [this](barrel::Natives& natives) { registration->service().register_misc(natives); },
         {"/misc/1"},
         all_slashes},
        {"user", "account-forms", "",
         [this](barrel::Natives& natives) { registration->service().register_forms(natives); }},
        {"storage-1.1",
         "storage-1.1",
         "/1.1",
         [this](barrel::Natives& natives) { weave->register_natives(natives); },
         {"/1.0", "/1"},
         all_slashes,
         store->weave() != nullptr},
        {"keyexchange",
         "key-exchange",
         settings.text("mount.keyexchange"),
         [this](barrel::Natives& natives) { key_exchange->service().register_natives(natives); },
         {},
         1},
    };
    std::vector<barrel::Application::Mounted> mounted;
    if (metrics_beside_all()) {
        auto own = bind_metrics();
        if (!own) return std::unexpected(own.error());
        mounted.push_back(std::move(*own));
    }
    for (const auto& contract : contracts) {
        if (!contract.possible) continue;
        if (contract.service != nullptr && !runs(settings, contract.service)) continue;
        barrel::Natives natives;
        contract.fill(natives);
        std::vector<std::string> mounts;
        if (!contract.mount.empty()) mounts.push_back(contract.mount);
        mounts.insert(mounts.end(), contract.more_mounts.begin(), contract.more_mounts.end());
        auto bound = bind(contract.name, natives, std::move(mounts));
        if (!bound) return std::unexpected(bound.error());
        bound->ignored_trailing_slashes = contract.ignored_trailing_slashes;
        mounted.push_back(std::move(*bound));
    }
    for (const auto& each : mounted)
        request_metrics->add_service(each.name, each.service.contract());
    auto built = barrel::Application::build(std::move(mounted), *logger, observer());
    if (!built) return base::fail(barrel::rbr::render(built.error()));
    application = std::move(*built);
    return {};
}

base::Result<void> Installation::Parts::bind_admin() {
    std::vector<barrel::Application::Mounted> mounted;
    barrel::Natives natives;
    admin->register_natives(natives);
    node_admin->register_natives(natives);
    notice_admin->register_natives(natives);
    data_service->register_natives(natives);
    key_exchange->admin().register_natives(natives);
    auto bound = bind("admin", natives, {});
    if (!bound) return std::unexpected(bound.error());
    mounted.push_back(std::move(*bound));
#ifdef HOMESPUN_TEST_CONTROL
    barrel::Natives test_natives;
    sync::ops::AdminService::register_test_control(test_natives, clock);
    auto test = bind("test-control", test_natives, {});
    if (!test) return std::unexpected(test.error());
    mounted.push_back(std::move(*test));
#endif
    auto built = barrel::Application::build(std::move(mounted), *logger);
    if (!built) return base::fail(barrel::rbr::render(built.error()));
    admin_application = std::move(*built);
    net::Address address;
    address.unix_path = settings.text("data") + "/admin.sock";
    auto listener = net::Listener::open(address);
    if (!listener) return std::unexpected(listener.error());
    admin_listener = std::move(*listener);
    return {};
}

base::Result<barrel::Application::Mounted> Installation::Parts::bind_metrics() const {
    barrel::Natives natives;
    register_metrics(natives, [this] { return metrics.render(); });
    return bind("metrics", natives, {});
}

/// For the address that metrics_listen names, if it does.
base::Result<void> Installation::Parts::open_metrics() {
    const auto& text = settings.text("metrics_listen");
    if (text.empty()) return {};
    const auto address = net::Address::parse(text);
    if (!address) return base::fail("metrics_listen: " + address.error().message);
    if (!address->is_loopback() && !settings.flag("metrics_public")) {
        return base::fail(fmt::format(
            "metrics_listen: {} can be reached from outside; if that is meant, set metrics_public = true",
            text));
    }
    auto bound = bind_metrics();
    if (!bound) return std::unexpected(bound.error());
    std::vector<barrel::Application::Mounted> mounted;
    mounted.push_back(std::move(*bound));
    auto built = barrel::Application::build(std::move(mounted), *logger);
    if (!built) return base::fail(barrel::rbr::render(built.error()));
    metrics_application = std::move(*built);
    auto listener = net::Listener::open(*address);
    if (!listener) return base::fail("metrics_listen: " + listener.error().message);
    metrics_listener = std::move(*listener);
    return {};
}
