#include "seism/run/back_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "seism/proxy/engine.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

/// Events of bites are thinned out: so many a second say the same.
constexpr Micros between_bites = 10'000;

/// Turns what the engine sees into events. Called on the engine's thread, asked on another.
class Watcher final : public EngineWatcher {
  public:
    explicit Watcher(Record& record) : record_(record) {}

    void bitten(const Bite& bite) override {
        const std::scoped_lock lock(mutex_);
        const auto found = watched_.find(bite.proxy);
        if (found == watched_.end()) return;
        auto& cycle = found->second.cycle;
        const auto now = record_.now();
        ++cycle.bites;
        if (!cycle.first_bite) cycle.first_bite = now;
        cycle.last_bite = now;
        if (now - found->second.told < between_bites) return;
        found->second.told = now;
        tell(*found, PerturbationEvent::Type::bite, bite.connection, bite.request);
    }
    void upstream_down(std::string_view proxy, std::string_view why) override {
        const std::scoped_lock lock(mutex_);
        failures_.emplace_back(record_.now(), fmt::format("{}: {}", proxy, why));
        record_.add(PerturbationEvent{.type = PerturbationEvent::Type::backend_down,
                                      .proxy = std::string(proxy),
                                      .note = std::string(why)});
    }
    void upstream_up(std::string_view proxy) override {
        record_.add(
            PerturbationEvent{.type = PerturbationEvent::Type::backend_up, .proxy = std::string(proxy)});
    }

    void arm(const Perturbation& perturbation, const std::string& proxy) {
        const std::scoped_lock lock(mutex_);
        auto& watched = watched_[proxy];
        watched = {.perturbation = perturbation, .cycle = {.armed = record_.now()}};
        tell({proxy, watched}, PerturbationEvent::Type::armed, 0, 0);
    }
    /// `inferred` are bites that nobody saw.
    [[nodiscard]] Micros now() const { return record_.now(); }
    /// `stopping`: when the order was given.
    Cycle stop(const std::string& proxy, Micros stopping, std::uint64_t inferred) {
        const std::scoped_lock lock(mutex_);
        auto watched = watched_.extract(proxy);
        auto& cycle = watched.mapped().cycle;
        cycle.stopping = stopping;
        cycle.stopped = record_.now();
        if (inferred > 0) {
            cycle.bites += inferred;
            cycle.inferred = true;
            if (!cycle.first_bite) cycle.first_bite = cycle.armed;
            cycle.last_bite = cycle.stopped;
        }
        tell({proxy, watched.mapped()}, PerturbationEvent::Type::stop, 0, 0);
        return cycle;
    }
    void forget(Micros before) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(failures_, [&](const auto& failure) { return failure.first < before; });
    }
    [[nodiscard]] std::optional<std::string> failed_since(Micros from) const {
        const std::scoped_lock lock(mutex_);
        for (const auto& [at, why] : failures_) {
            if (at >= from) return why;
        }
        return std::nullopt;
    }

  private:
    struct Watched {
        Perturbation perturbation{};
        Cycle cycle{};
        Micros told = 0;
    };
    using ByProxy = std::map<std::string, Watched, std::less<>>;

    void tell(const ByProxy::value_type& armed, PerturbationEvent::Type type, std::uint64_t connection,
              std::uint64_t request) {
        const auto& [proxy, watched] = armed;
        record_.add(PerturbationEvent{.type = type,
                                      .perturbation = watched.perturbation.name,
                                      .proxy = proxy,
                                      .behaviour = watched.perturbation.toxic.type,
                                      .bites = watched.cycle.bites,
                                      .connection = connection,
                                      .request = request});
    }

    Record& record_;
    mutable std::mutex mutex_;
    ByProxy watched_;
    std::vector<std::pair<Micros, std::string>> failures_;
};

struct Back {
    BackPlan plan;
    std::shared_ptr<ListenSocket> socket;
    std::shared_ptr<ProxyCounts> counts = std::make_shared<ProxyCounts>();
};

}  // namespace

struct BackProxies::Impl {
    explicit Impl(Record& record) : watcher(record) {}

    void open(std::size_t back) {
        const auto& plan = backs[back].plan;
        engine->open(back, {.name = plan.name,
                            .socket = backs[back].socket,
                            .upstream_host = plan.upstream.host,
                            .upstream_port = plan.upstream.port,
                            .protocol = plan.protocol,
                            .strip_tls = plan.strip_tls,
                            .counts = backs[back].counts});
    }

    Watcher watcher;
    std::vector<Back> backs;
    std::unique_ptr<Engine> engine;  // ends before the watcher that it tells
    struct Armed {
        Toxic toxic{};
        std::uint64_t cut = 0;  ///< connections that ended because their back-end was gone
    };
    std::map<std::size_t, Armed> armed;  ///< by back
};

BackProxies::BackProxies(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

base::Result<std::unique_ptr<BackProxies>> BackProxies::open(const Experiment& experiment, Record& record) {
    auto impl = std::make_unique<Impl>(record);
    auto engine = Engine::start({.seed = experiment.seed, .watcher = &impl->watcher});
    if (!engine) return base::fail(engine.error().message);
    impl->engine = std::move(*engine);
    for (const auto& plan : experiment.backs) {
        const auto address = ListenAddress::resolve(plan.listen.text());
        if (!address) return base::fail(fmt::format("back {}: {}", plan.name, address.error().message));
        auto socket = ListenSocket::open(*address);
        if (!socket) return base::fail(fmt::format("back {}: {}", plan.name, socket.error().message));
        impl->backs.push_back({.plan = plan, .socket = std::move(*socket)});
        impl->open(impl->backs.size() - 1);
    }
    return std::unique_ptr<BackProxies>(new BackProxies(std::move(impl)));
}

BackProxies::~BackProxies() {
    while (!impl_->armed.empty())
        stop(impl_->armed.begin()->first, 0);
}

base::Result<void> BackProxies::arm(const Perturbation& perturbation) {
    auto& back = impl_->backs[perturbation.back];
    auto& armed = impl_->armed[perturbation.back];
    armed = {.toxic = perturbation.toxic};
    impl_->watcher.arm(perturbation, back.plan.name);
    if (find_toxic_type(perturbation.toxic.type)->place != Place::listener) {
        impl_->engine->add_toxic(perturbation.back, perturbation.toxic);
        return {};
    }
    const bool refuses = perturbation.toxic.type == "refuse";
    if (auto set = back.socket->set(refuses ? ListenSocket::State::refusing : ListenSocket::State::full);
        !set)
        return base::fail(fmt::format("{}: {}", perturbation.name, set.error().message));
    if (refuses) {
        // A server that is gone has no connections either.
        armed.cut = back.counts->open;
        impl_->engine->close(perturbation.back);
    }
    return {};
}

Cycle BackProxies::stop(std::size_t back, std::uint64_t usual_connections) {
    const auto armed = std::move(impl_->armed.extract(back).mapped());
    const auto& [plan, socket, counts] = impl_->backs[back];
    const auto stopping = impl_->watcher.now();
    if (find_toxic_type(armed.toxic.type)->place != Place::listener) {
        impl_->engine->remove_toxic(back, armed.toxic.name);
        return impl_->watcher.stop(plan.name, stopping, 0);
    }
    static_cast<void>(socket->set(ListenSocket::State::listening));
    if (armed.toxic.type == "refuse") impl_->open(back);
    return impl_->watcher.stop(plan.name, stopping, armed.cut + usual_connections);
}

void BackProxies::forget(Micros before) {
    impl_->watcher.forget(before);
}

std::optional<std::string> BackProxies::failed_since(Micros from) const {
    return impl_->watcher.failed_since(from);
}

HostPort BackProxies::listen(std::size_t back) const {
    const auto& address = impl_->backs[back].socket->address();
    return {.host = address.host, .port = address.port};
}

std::uint64_t BackProxies::accepted(std::size_t back) const {
    return impl_->backs[back].counts->accepted;
}

}  // namespace homespun::seism
