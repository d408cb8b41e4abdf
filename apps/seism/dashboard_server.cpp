#include "dashboard_server.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <future>

#include "base/clock.hpp"
#include "embedded.hpp"
#include "go_flags.hpp"
#include "net/io/server.hpp"
#include "sys/signals.hpp"

using namespace homespun;

struct DashboardServer::Parts {
    Parts(std::optional<seism::LiveProxies> live, std::optional<seism::Results> results, base::Logger& logger)
        : pages(embedded_files()),
          dashboard(loops[0], pages, live, std::move(results)),
          server(loops.loops(), dashboard, clock, logger) {}

    base::SystemClock clock;
    barrel::EmbeddedAssets pages;
    net::LoopThreads loops{1};
    seism::Dashboard dashboard;
    net::Server server;
    std::string address{};
};

DashboardServer::DashboardServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

base::Result<std::unique_ptr<DashboardServer>> DashboardServer::start(const std::string& where,
                                                                      std::optional<seism::LiveProxies> live,
                                                                      const std::string& results,
                                                                      base::Logger& logger) {
    const bool is_port = where.find(':') == std::string::npos;
    const auto address = net::Address::parse(is_port ? fmt::format("127.0.0.1:{}", where) : where);
    if (!address) return base::fail(fmt::format("dashboard: {}", address.error().message));
    if (!address->is_loopback() || !address->unix_path.empty())
        return base::fail(fmt::format(
            "dashboard: {} is not of this machine alone, and nobody has to sign in: give a port, or an "
            "address such as 127.0.0.1:8475; from elsewhere it is reached through a tunnel (ssh -L)",
            where));
    std::optional<seism::Results> folder;
    if (!results.empty()) {
        auto opened = seism::Results::open(results);
        if (!opened) return base::fail(fmt::format("dashboard: {}", opened.error().message));
        folder = std::move(*opened);
    }
    auto listener = net::Listener::open(*address);
    if (!listener) return base::fail(fmt::format("dashboard: {}", listener.error().message));
    auto parts = std::make_unique<Parts>(live, std::move(folder), logger);
    parts->address = listener->address().text();
    parts->server.listen(std::move(*listener));
    return std::unique_ptr<DashboardServer>(new DashboardServer(std::move(parts)));
}

DashboardServer::~DashboardServer() {
    constexpr auto time_to_stop = std::chrono::seconds(5);
    parts_->dashboard.end_streams();
    const auto drained = std::make_shared<std::promise<void>>();
    parts_->server.drain([drained] { drained->set_value(); });
    drained->get_future().wait_for(time_to_stop);
    parts_->loops.stop_and_join();
}

std::string DashboardServer::url() const {
    return fmt::format("http://{}/", parts_->address);
}

int run_dashboard(std::span<const std::string> words) {
    constexpr std::string_view usage =
        R"(seism dashboard: shows the results of `seism run` in a browser, also while it runs

Usage: seism dashboard [-port PORT] DIRECTORY

  -port PORT          of this machine's loopback (8475; 0: a free one)

`seism server -dashboard PORT` shows and changes live proxies.
)";
    std::string port = "8475";
    bool help = false;
    GoFlags flags;
    flags.add({"port"}, &port).add({"help", "h"}, &help);
    const auto rest = flags.parse(words);
    if (rest && help) {
        fmt::print("{}", usage);
        return 0;
    }
    if (!rest || rest->size() != 1) {
        fmt::print(stderr, "{}\n\n{}", rest ? "one directory of results is needed" : rest.error().message,
                   usage);
        return 2;
    }
    sys::block_signals({SIGINT, SIGTERM});
    const auto logger = base::make_stderr_logger(base::LogLevel::warning, base::LogFormat::key_value);
    const auto server = DashboardServer::start(port, std::nullopt, rest->front(), *logger);
    if (!server) {
        fmt::print(stderr, "seism: {}\n", server.error().message);
        return 1;
    }
    fmt::print("{}\n", (*server)->url());
    std::fflush(stdout);
    sys::wait_for_signal({SIGINT, SIGTERM}, -1);
    return 0;
}
