#include "stampede/engine/engine.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace homespun::stampede {
namespace {

using std::chrono::duration;

/// Descriptors the process may have open, after asking for as many as the hard limit allows.
std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

}  // namespace

base::Result<std::unique_ptr<Engine>> Engine::start(const Model& model, const EngineSettings& settings) {
    const auto target = net::TcpAddress::resolve(settings.host, settings.port);
    if (!target) return std::unexpected(target.error());
    constexpr std::size_t reserve = 200;  // files, the report, libraries
    constexpr std::size_t most = 100'000;
    const auto descriptors = raise_descriptor_limit();
    const auto possible = std::min(descriptors > 2 * reserve ? descriptors - reserve : descriptors / 2, most);
    auto engine = std::unique_ptr<Engine>(new Engine);
    engine->epoch_ = std::chrono::steady_clock::now();
    engine->arrivals_ = settings.arrivals;
    engine->most_connections_ =
        settings.most_connections == 0 ? possible : std::min(possible, settings.most_connections);

    const std::size_t threads = std::max(settings.threads, 1U);
    WorkerSettings each{.target = *target};
    each.arrivals = settings.arrivals;
    each.connections = settings.connections;
    each.users = std::max<std::uint64_t>(settings.users, 1);
    each.seed = settings.seed;
    each.timeout = settings.timeout;
    each.most_connections = std::max<std::size_t>(engine->most_connections_ / threads, 1);
    // One source address has 28,000 ports; connections that ended wait a minute before theirs is free again.
    constexpr std::uint32_t many_sources = 64;
    if (target->is_ipv4_loopback() &&
        (settings.connections != Connections::keep || engine->most_connections_ > 20'000)) {
        each.source_addresses = many_sources;
    }
    for (std::size_t number = 0; number < threads; ++number) {
        auto worker = Worker::make(model, each, number, threads, engine->epoch_);
        if (!worker) return std::unexpected(worker.error());
        engine->workers_.push_back(std::move(*worker));
    }
    for (const auto& worker : engine->workers_)
        engine->threads_.emplace_back([&worker = *worker] { worker.run(); });
    return engine;
}

Engine::~Engine() {
    for (const auto& worker : workers_)
        worker->stop();
    threads_.clear();
}

void Engine::set_load(double load, std::chrono::microseconds ramp) {
    const auto count = static_cast<double>(workers_.size());
    for (std::size_t number = 0; number < workers_.size(); ++number) {
        double share = load / count;
        if (arrivals_ == Arrivals::closed) {
            const auto users = static_cast<std::uint64_t>(load);
            share = static_cast<double>(users / workers_.size() + (number < users % workers_.size() ? 1 : 0));
        }
        workers_[number]->order(share, ramp);
    }
}

Harvest Engine::collect() {
    Harvest harvest;
    for (const auto& worker : workers_)
        harvest.add(worker->collect());
    return harvest;
}

Gauges Engine::gauges() const {
    Gauges gauges;
    for (const auto& worker : workers_) {
        gauges.in_flight += worker->in_flight();
        gauges.connections += worker->connections();
        gauges.cpu_seconds += duration<double>(worker->cpu_time()).count();
    }
    return gauges;
}

double Engine::elapsed() const {
    return duration<double>(std::chrono::steady_clock::now() - epoch_).count();
}

}  // namespace homespun::stampede
