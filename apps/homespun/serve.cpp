#include "serve.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>

#include "barrel/arbiter/worker.hpp"
#include "base/text.hpp"
#include "installation.hpp"
#include "net/io/server.hpp"
#include "setting_values.hpp"
#include "sys/files.hpp"
#include "sys/signals.hpp"

using namespace homespun;

namespace {

constexpr std::chrono::seconds drain_limit{20};

void complain(std::string_view text) {
    fmt::print(stderr, "homespun: {}\n", text);
}

base::Result<std::vector<net::Listener>> open_listeners(const base::config::Settings& settings) {
    std::vector<net::Listener> listeners;
    for (const auto& text : settings.list("listen")) {
        const auto address = net::Address::parse(text);
        if (!address) return std::unexpected(address.error());
        auto listener = net::Listener::open(*address);
        if (!listener) return std::unexpected(listener.error());
        listeners.push_back(std::move(*listener));
    }
    if (listeners.empty())
        return base::fail("listen is empty: name at least one address, like 127.0.0.1:5000");
    return listeners;
}

void tell_newcomer(const Installation& installation, const base::config::Settings& settings) {
    const auto& root = installation.root_url();
    if (!runs(settings, "accounts") || !runs(settings, "token")) {
        // What to set in Firefox depends on who runs the rest.
        fmt::print("Homespun serves {} of {}\n", fmt::join(settings.list("services"), ", "), root);
        if (!runs(settings, "accounts")) return (void)std::fflush(stdout);
    } else {
        fmt::print("Homespun serves {}\n", root);
    }
    fmt::print("\n");
    if (settings.text("accounts") != "own") {
        fmt::print(
            "With an account of Mozilla, set in Firefox's about:config before signing in\n"
            "  identity.sync.tokenserver.uri = {}{}/1.0/sync/1.5   (String)\n",
            root, settings.text("mount.token"));
        if (settings.text("accounts") == "mozilla") return (void)std::fflush(stdout);
        fmt::print("\nWith an account of this server:\n");
    }
    fmt::print(
        "In Firefox, open about:config and set\n  identity.fxaccounts.autoconfig.uri = {}   (String)\n",
        root);
    if (root.starts_with("http://"))
        fmt::print("  identity.fxaccounts.allowHttp = true   (Boolean; create it)\n");
    fmt::print("then open the Firefox menu and choose \"Sign in\".\n");
    if (!installation.setup_link().empty()) {
        fmt::print("\nThe first account is made with this link, which works once:\n  {}\n",
                   installation.setup_link());
    }
    std::fflush(stdout);
}

/// As many descriptors as we may have: the usual soft limit of 1,024 is a thousand idle clients. Some stay in
/// reserve for the databases, so that a crowd of connections never shuts them out.
net::ServerLimits server_limits(const base::config::Settings& settings) {
    constexpr rlim_t reserve = 256;
    net::ServerLimits limits;
    limits.held_bytes = static_cast<std::uint64_t>(settings.integer("limits.transfer_mb")) << 20;
    rlimit descriptors{};
    if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return limits;
    descriptors.rlim_cur = descriptors.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &descriptors);
    (void)getrlimit(RLIMIT_NOFILE, &descriptors);
    const auto most = descriptors.rlim_cur;
    limits.connections =
        std::min<std::size_t>(limits.connections, most > 2 * reserve ? most - reserve : most / 2);
#ifdef HOMESPUN_TEST_CONTROL
    // Tests cannot wait for half a minute.
    if (const auto* text = std::getenv("HOMESPUN_TEST_PATIENCE")) {
        const std::chrono::seconds patience(base::parse_integer<int>(text).value_or(1));
        limits.head_time = limits.window = patience;
        limits.idle_time = 4 * patience;
    }
#endif
    return limits;
}

int work(const base::config::Settings& settings, barrel::WorkerStart start) {
    sys::block_signals({SIGTERM, SIGINT});
    ::signal(SIGPIPE, SIG_IGN);
    const auto count = settings.integer("threads");
    net::LoopThreads loops(count > 0 ? static_cast<std::size_t>(count)
                                     : std::max(1U, std::thread::hardware_concurrency()));
    auto installation = Installation::open(settings, start, loops);
    if (!installation) {
        complain(installation.error().message);
        return 1;
    }
    net::Server server(loops.loops(), (*installation)->application(), (*installation)->clock(),
                       (*installation)->logger(), server_limits(settings), (*installation)->server_ties());
    net::Server admin({&loops[0]}, (*installation)->admin_application(), (*installation)->clock(),
                      (*installation)->logger());
    std::optional<net::Server> metrics;
    if (auto* const application = (*installation)->metrics_application()) {
        metrics.emplace(std::vector{&loops[0]}, *application, (*installation)->clock(),
                        (*installation)->logger());
        metrics->listen((*installation)->take_metrics_listener());
    }
    (*installation)->set_connection_count([&server] { return server.connections(); });
    // Who finds the server answering finds the set-up link printed.
    tell_newcomer(**installation, settings);
    for (auto& listener : start.listeners)
        server.listen(std::move(listener));
    admin.listen((*installation)->take_admin_listener());
    barrel::live_until_told(start.tell, start.pulse, loops.loops(), "Serving " + (*installation)->root_url());
    (*installation)->logger().info("stopping");
    std::promise<void> drained, admin_drained;
    server.drain([&] { drained.set_value(); });
    admin.drain([&] { admin_drained.set_value(); });
    const auto until = std::chrono::steady_clock::now() + drain_limit;
    auto all_done = drained.get_future();
    auto admin_done = admin_drained.get_future();
    const bool in_time = all_done.wait_until(until) == std::future_status::ready &&
                         admin_done.wait_until(until) == std::future_status::ready;
    if (!in_time) {
        (*installation)
            ->logger()
            .warning("connections_cut", {{"open", static_cast<std::int64_t>(server.connections())}});
    }
    (*installation)->close();
    loops.stop_and_join();
    return 0;
}

}  // namespace

int serve(ServeOptions options) {
    const auto main = [&](barrel::WorkerStart start) { return work(options.settings, std::move(start)); };
    umask(077);  // databases, secrets and sockets are their owner's, whatever the directory allows
    if (barrel::is_worker()) return barrel::run_worker(main);
    if (auto ready = sys::make_private_directory(options.settings.text("data")); !ready) {
        complain(ready.error().message);
        return 1;
    }
    auto listeners = open_listeners(options.settings);
    if (!listeners) {
        complain(listeners.error().message);
        return 1;
    }
    if (options.no_arbiter) return barrel::run_alone(std::move(*listeners), main);
    return barrel::run_parent(std::move(*listeners), options.arguments);
}
