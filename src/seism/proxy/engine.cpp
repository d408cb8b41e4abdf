#include "seism/proxy/engine.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "seism/proxy/carrying.hpp"

namespace homespun::seism {

/// The thread and the way to it; what it does is `Carrying`.
struct Engine::Impl {
    explicit Impl(net::Poller poller, const EngineOptions& options)
        : orders(std::move(poller)), carrying(orders, options), thread([this] { carrying.run(); }) {}
    ~Impl() {
        orders.give([this] { carrying.stop(); });
        thread.join();
    }

    Orders orders;
    Carrying carrying;
    std::thread thread;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

base::Result<std::unique_ptr<Engine>> Engine::start(const EngineOptions& options) {
    auto poller = net::Poller::open();
    if (!poller) return base::fail(poller.error().message);
    return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(std::move(*poller), options)));
}

void Engine::post(std::move_only_function<void()> work) {
    impl_->orders.give(std::move(work));
}

void Engine::open(std::uint64_t id, ProxyPlan plan) {
    post([this, id, plan = std::move(plan)]() mutable { impl_->carrying.open(id, std::move(plan)); });
}
void Engine::close(std::uint64_t id) {
    post([this, id] { impl_->carrying.close(id); });
}
void Engine::add_toxic(std::uint64_t id, Toxic toxic) {
    post([this, id, toxic = std::move(toxic)]() mutable { impl_->carrying.add_toxic(id, std::move(toxic)); });
}
void Engine::update_toxic(std::uint64_t id, Toxic toxic) {
    post([this, id, toxic = std::move(toxic)]() mutable {
        impl_->carrying.update_toxic(id, std::move(toxic));
    });
}
void Engine::remove_toxic(std::uint64_t id, std::string name) {
    post([this, id, name = std::move(name)] { impl_->carrying.remove_toxic(id, name); });
}

}  // namespace homespun::seism
