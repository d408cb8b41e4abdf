#include "watch_server.hpp"

#include <fmt/format.h>

#include <csignal>
#include <mutex>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/io/server.hpp"
#include "stampede/capacity/watch.hpp"
#include "stampede/results/run_json.hpp"
#include "sys/signals.hpp"

using namespace homespun;
using namespace homespun::stampede;

namespace {

/// GET anything: the figures since the last question, as a sample.
class Figures final : public net::http::Application {
  public:
    explicit Figures(std::vector<Watched> what) : watch_(std::move(what)) {}

    net::http::Plan plan(net::http::Request&) override { return {}; }
    base::Task<net::http::Response> handle(net::http::Request& request) override {
        if (request.method != "GET") co_return net::http::Response(405);
        Sample sample;
        {
            const std::lock_guard lock(mutex_);
            sample.servers = watch_.sample();
        }
        co_return net::http::Response(200, "application/json", to_json(sample) + "\n");
    }
    net::http::Response refuse(net::http::Request&, net::http::Refusal refusal) override {
        return net::http::Response(net::http::status_of(refusal));
    }

  private:
    std::mutex mutex_;
    Watch watch_;
};

int complain(const std::string& message) {
    fmt::print(stderr, "stampede: {}\n", message);
    return 2;
}

}  // namespace

int run_watch(const WatchOptions& options) {
    sys::block_signals({SIGINT, SIGTERM});
    std::vector<Watched> what;
    for (const auto& text : options.what) {
        auto watched = Watched::parse(text);
        if (!watched) return complain(watched.error().message);
        if (watched->remote) return complain(text + ": `watch` looks at this host only");
        what.push_back(std::move(*watched));
    }
    const auto address = net::Address::parse(options.listen);
    if (!address) return complain(address.error().message);
    auto listener = net::Listener::open(*address);
    if (!listener) return complain(listener.error().message);
    fmt::print("watching; on the other host: --watch NAME=http://{}\n", listener->address().text());
    std::fflush(stdout);
    Figures figures(std::move(what));
    const base::SystemClock clock;
    const auto logger = base::make_stderr_logger(base::LogLevel::warning, base::LogFormat::key_value);
    net::LoopThreads loops(1);
    net::Server server(loops.loops(), figures, clock, *logger);
    server.listen(std::move(*listener));
    sys::wait_for_signal({SIGINT, SIGTERM}, -1);
    loops.stop_and_join();
    return 0;
}
