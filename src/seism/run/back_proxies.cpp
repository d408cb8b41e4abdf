#include "seism/run/back_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
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
        if (!current_) return;
        const auto now = record_.now();
        ++cycle_.bites;
        if (!cycle_.first_bite) cycle_.first_bite = now;
        cycle_.last_bite = now;
        if (now - told_ < between_bites) return;
        told_ = now;
        tell(PerturbationEvent::Type::bite, bite.connection, bite.request);
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
        current_ = perturbation;
        proxy_ = proxy;
        cycle_ = {.armed = record_.now()};
        tell(PerturbationEvent::Type::armed, 0, 0);
    }
    void conclude_bites(std::uint64_t bites) {
        const std::scoped_lock lock(mutex_);
        cycle_.bites += bites;
        cycle_.inferred = true;
        if (!cycle_.first_bite) cycle_.first_bite = cycle_.armed;
        cycle_.last_bite = record_.now();
    }
    Cycle stop() {
        const std::scoped_lock lock(mutex_);
        cycle_.stopped = record_.now();
        tell(PerturbationEvent::Type::stop, 0, 0);
        current_.reset();
        return cycle_;
    }
    [[nodiscard]] std::optional<std::string> failed_since(Micros from) const {
        const std::scoped_lock lock(mutex_);
        for (const auto& [at, why] : failures_) {
            if (at >= from) return why;
        }
        return std::nullopt;
    }

  private:
    void tell(PerturbationEvent::Type type, std::uint64_t connection, std::uint64_t request) {
        record_.add(PerturbationEvent{.type = type,
                                      .perturbation = current_->name,
                                      .proxy = proxy_,
                                      .behaviour = current_->toxic.type,
                                      .bites = cycle_.bites,
                                      .connection = connection,
                                      .request = request});
    }

    Record& record_;
    mutable std::mutex mutex_;
    std::optional<Perturbation> current_;
    std::string proxy_;
    Cycle cycle_;
    Micros told_ = 0;
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
    base::Result<void> set_listener(ListenSocket::State state) {
        return backs[armed->back].socket->set(state);
    }

    Watcher watcher;
    std::vector<Back> backs;
    std::unique_ptr<Engine> engine;  // ends before the watcher that it tells
    std::optional<Perturbation> armed;
    std::uint64_t cut = 0;  ///< connections that ended because their back-end was gone
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
    if (impl_->armed) stop(0);
}

base::Result<void> BackProxies::arm(const Perturbation& perturbation) {
    auto& back = impl_->backs[perturbation.back];
    impl_->armed = perturbation;
    impl_->cut = 0;
    impl_->watcher.arm(perturbation, back.plan.name);
    if (find_toxic_type(perturbation.toxic.type)->place != Place::listener) {
        impl_->engine->add_toxic(perturbation.back, perturbation.toxic);
        return {};
    }
    const bool refuses = perturbation.toxic.type == "refuse";
    if (auto set = impl_->set_listener(refuses ? ListenSocket::State::refusing : ListenSocket::State::full);
        !set)
        return base::fail(fmt::format("{}: {}", perturbation.name, set.error().message));
    if (refuses) {
        // A server that is gone has no connections either.
        impl_->cut = back.counts->open;
        impl_->engine->close(perturbation.back);
    }
    return {};
}

Cycle BackProxies::stop(std::uint64_t usual_connections) {
    const auto back = impl_->armed->back;
    if (find_toxic_type(impl_->armed->toxic.type)->place == Place::listener) {
        static_cast<void>(impl_->set_listener(ListenSocket::State::listening));
        if (impl_->armed->toxic.type == "refuse") impl_->open(back);
        if (const auto bites = impl_->cut + usual_connections; bites > 0)
            impl_->watcher.conclude_bites(bites);
    } else {
        impl_->engine->remove_toxic(back, impl_->armed->toxic.name);
    }
    impl_->armed.reset();
    return impl_->watcher.stop();
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
