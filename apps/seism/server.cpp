#include "server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "dashboard_server.hpp"
#include "go_flags.hpp"
#include "net/io/server.hpp"
#include "seism/api/event_log.hpp"
#include "seism/api/seism_api.hpp"
#include "seism/api/toxiproxy_api.hpp"
#include "sys/files.hpp"
#include "sys/signals.hpp"

using namespace homespun;

namespace {

constexpr auto time_to_stop = std::chrono::seconds(10);

struct ServerOptions {
    std::string host = "localhost", port = "8474", config, authority, dashboard = "0", results;
    std::uint64_t seed = 0;
    bool proxy_metrics = false, runtime_metrics = false;
    bool version = false, help = false;
};

constexpr std::string_view usage =
    R"(seism server: proxies whose connections can be disturbed, set up over HTTP

Usage: seism server [options]      (also when called toxiproxy-server)

  -host HOST          where the API listens (localhost); nobody has to sign in
                      there, so keep it away from other people's networks
  -port PORT          and its port (8474)
  -config FILE        proxies to begin with: a JSON array as POST /populate takes it,
                      [{"name": "db", "listen": "localhost:3307", "upstream": "db:3306"}]
  -seed N             the same seed touches the same connections again; without
                      one it is drawn, and the log says it
  -ca FILE            certificate authority for proxies that end TLS; made when it is
                      not there. Without one it is made anew at each start. Its
                      certificate is at GET /seism/v1/ca.pem
  -dashboard PORT     a page about the proxies for a browser on this machine, on a
                      port of its own (0, none); 127.0.0.1:0 takes a free one
  -results DIR        the page shows these results of `seism run`, too
  -proxy-metrics      GET /metrics counts the bytes of each proxy
  -runtime-metrics    GET /metrics tells CPU, memory and descriptors of the server
  -version

LOG_LEVEL in the environment: error, warn, info (the default) or debug.
)";

base::Result<ServerOptions> parse(std::span<const std::string> words) {
    ServerOptions options;
    std::string seed;
    GoFlags flags;
    flags.add({"host"}, &options.host)
        .add({"port"}, &options.port)
        .add({"config"}, &options.config)
        .add({"seed"}, &seed)
        .add({"ca"}, &options.authority)
        .add({"dashboard"}, &options.dashboard)
        .add({"results"}, &options.results)
        .add({"proxy-metrics"}, &options.proxy_metrics)
        .add({"runtime-metrics"}, &options.runtime_metrics)
        .add({"version"}, &options.version)
        .add({"help", "h"}, &options.help);
    const auto rest = flags.parse(words);
    if (!rest) return base::fail(rest.error().message);
    if (!rest->empty())
        return base::fail(fmt::format("what is \"{}\"? Only options can follow", rest->front()));
    if (options.dashboard == "0" && !options.results.empty())
        return base::fail("-results needs -dashboard PORT, where they are shown");
    if (seed.empty()) {
        for (const unsigned char byte : base::SystemRandom().bytes(7))
            options.seed = options.seed << 8 | byte;
        return options;
    }
    const auto number = base::parse_integer<std::int64_t>(seed);
    if (!number) return base::fail(fmt::format("invalid value \"{}\" for -seed: not a whole number", seed));
    options.seed = static_cast<std::uint64_t>(*number);
    return options;
}

/// Toxiproxy's words for levels.
base::LogLevel log_level() {
    const char* word = std::getenv("LOG_LEVEL");  // NOLINT(concurrency-mt-unsafe): before any thread
    const auto level = base::to_lower(word == nullptr ? "" : word);
    if (level == "panic" || level == "fatal" || level == "error") return base::LogLevel::error;
    if (level == "warn" || level == "warning") return base::LogLevel::warning;
    if (level == "debug" || level == "trace") return base::LogLevel::debug;
    return base::LogLevel::info;
}

base::Result<net::Listener> open_listener(const ServerOptions& options) {
    auto host = options.host.empty() ? std::string("0.0.0.0") : options.host;
    if (host.find(':') != std::string::npos && !host.starts_with('[')) host = fmt::format("[{}]", host);
    const auto address = net::Address::parse(fmt::format("{}:{}", host, options.port));
    if (!address) return base::fail(address.error().message);
    return net::Listener::open(*address);
}

/// A connection takes two descriptors: as many as we may have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Keeps events, and tells the log when the server behind a proxy goes and comes back.
class Watcher final : public seism::EngineWatcher {
  public:
    Watcher(base::Logger& logger, seism::EventLog& events) : logger_(logger), events_(events) {}
    void bitten(const seism::Bite& bite) override { events_.bitten(bite); }
    void upstream_down(std::string_view proxy, std::string_view why) override {
        events_.upstream_down(proxy, why);
        logger_.warning("seism_upstream_down", {{"proxy", proxy}, {"reason", why}});
    }
    void upstream_up(std::string_view proxy) override {
        events_.upstream_up(proxy);
        logger_.info("seism_upstream_up", {{"proxy", proxy}});
    }

  private:
    base::Logger& logger_;
    seism::EventLog& events_;
};

/// Toxiproxy's API, and our own below /seism/.
class BothApis final : public net::http::Application {
  public:
    BothApis(net::http::Application& toxiproxy, net::http::Application& own)
        : toxiproxy_(toxiproxy), own_(own) {}
    net::http::Plan plan(net::http::Request& request) override { return of(request).plan(request); }
    base::Task<net::http::Response> handle(net::http::Request& request) override {
        return of(request).handle(request);
    }
    net::http::Response refuse(net::http::Request& request, net::http::Refusal refusal) override {
        return of(request).refuse(request, refusal);
    }

  private:
    net::http::Application& of(const net::http::Request& request) {
        return request.path().starts_with("/seism/") ? own_ : toxiproxy_;
    }
    net::http::Application& toxiproxy_;
    net::http::Application& own_;
};

/// The authority behind `"tls": "terminate"`: the one in `file`, which is made when it is not there.
base::Result<std::shared_ptr<net::LocalAuthority>> open_authority(const std::string& file) {
    if (!file.empty() && std::filesystem::exists(file)) {
        const auto pem = sys::read_file(file);
        if (!pem) return base::fail(pem.error().message);
        auto loaded = net::LocalAuthority::load(*pem);
        if (!loaded) return base::fail(fmt::format("{}: {}", file, loaded.error().message));
        return std::shared_ptr(std::move(*loaded));
    }
    auto made = net::LocalAuthority::make();
    if (!made) return base::fail(made.error().message);
    if (!file.empty()) {
        if (auto kept = sys::write_file_atomically(file, (*made)->private_pem(), 0600); !kept)
            return base::fail(kept.error().message);
    }
    return std::shared_ptr(std::move(*made));
}

/// Whatever is wrong with the file, the server goes on, as Toxiproxy's does.
void load(seism::Proxies& proxies, const std::string& file, base::Logger& logger) {
    const auto text = sys::read_file(file);
    if (!text) {
        logger.error("seism_config_bad", {{"file", file}, {"reason", text.error().message}});
        return;
    }
    const auto populated = seism::populate_from(proxies, *text);
    if (populated)
        logger.info("seism_config_loaded",
                    {{"file", file}, {"proxies", static_cast<std::int64_t>(*populated)}});
    else
        logger.error("seism_config_bad", {{"file", file}, {"reason", populated.error().message}});
}

int complain(const std::string& message) {
    fmt::print(stderr, "seism: {}\n", message);
    return 1;
}

int serve(const ServerOptions& options) {
    sys::block_signals({SIGINT, SIGTERM});
    raise_descriptor_limit();
    const auto logger_kept = base::make_stderr_logger(log_level(), base::LogFormat::key_value);
    auto& logger = *logger_kept;
    auto listener = open_listener(options);
    if (!listener) return complain(listener.error().message);
    const auto address = listener->address();
    auto authority = open_authority(options.authority);
    if (!authority) return complain(authority.error().message);
    const base::SystemClock clock;
    seism::EventLog events(clock);
    Watcher watcher(logger, events);
    auto engine = seism::Engine::start({.seed = options.seed, .watcher = &watcher});
    if (!engine) return complain(engine.error().message);
    seism::Proxies proxies(**engine, *authority);
    if (!options.config.empty()) load(proxies, options.config, logger);
    seism::ToxiproxyApi api(proxies, {HOMESPUN_VERSION, options.proxy_metrics, options.runtime_metrics});
    seism::SeismApi own_api(proxies, events,
                            {HOMESPUN_VERSION, options.seed, (*authority)->certificate_pem()});
    BothApis both(api, own_api);
    net::LoopThreads loops(1);
    net::Server server(loops.loops(), both, clock, logger);
    std::unique_ptr<DashboardServer> dashboard;
    if (options.dashboard != "0") {
        auto started = DashboardServer::start(
            options.dashboard, seism::LiveProxies{.proxies = proxies, .events = events, .api = both},
            options.results, logger);
        if (!started) {
            loops.stop_and_join();
            return complain(started.error().message);
        }
        dashboard = std::move(*started);
        logger.info("seism_dashboard", {{"url", dashboard->url()}});
    }
    server.listen(std::move(*listener));
    if (!address.is_loopback()) logger.warning("seism_api_open", {{"address", address.text()}});
    logger.info("seism_serves", {{"address", address.text()},
                                 {"version", HOMESPUN_VERSION},
                                 {"seed", static_cast<std::int64_t>(options.seed)}});
    sys::wait_for_signal({SIGINT, SIGTERM}, -1);
    logger.info("seism_stops");
    dashboard.reset();
    const auto drained = std::make_shared<std::promise<void>>();
    server.drain([drained] { drained->set_value(); });
    drained->get_future().wait_for(time_to_stop);
    api.settle();
    loops.stop_and_join();
    return 0;
}

}  // namespace

int run_server(std::span<const std::string> words) {
    const auto options = parse(words);
    if (!options) {
        fmt::print(stderr, "{}\n\n{}", options.error().message, usage);
        return 2;
    }
    if (options->help) {
        fmt::print("{}", usage);
        return 0;
    }
    if (options->version) {
        fmt::print("toxiproxy-server version 2.12.0 (seism {})\n", HOMESPUN_VERSION);
        return 0;
    }
    return serve(*options);
}
