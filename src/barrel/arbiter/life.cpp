#include "barrel/arbiter/life.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>

#include "sys/signals.hpp"

namespace homespun::barrel {

std::string notification(Life life, std::string_view status) {
    std::string text;
    switch (life) {
        case Life::ready:
            text = "READY=1";
            break;
        case Life::alive:
            text = "WATCHDOG=1";
            break;
        case Life::stopping:
            text = "STOPPING=1";
            break;
    }
    if (status.empty()) return text;
    std::string line(status);
    std::ranges::replace(line, '\n', ' ');  // a second line would be an assignment of its own
    return text + "\nSTATUS=" + line;
}

void notify(const sys::ServiceManager& manager, std::string_view assignments) {
    if (const auto told = manager.tell(assignments); !told) fmt::print(stderr, "{}\n", told.error().message);
}

sys::ServiceManager service_manager() {
    const auto manager = sys::ServiceManager::from_environment();
    if (manager) return *manager;
    fmt::print(stderr, "{}; nobody is told how the service is doing\n", manager.error().message);
    return {};
}

std::chrono::milliseconds pulse_of(const sys::ServiceManager& manager) {
    const auto limit = manager.watchdog();
    if (!limit) return {};
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(*limit / 2),
                    std::chrono::milliseconds(1));
}

Pulse::Pulse(std::vector<net::Loop*> loops)
    : loops_(std::move(loops)), outstanding_(std::make_shared<std::atomic<std::size_t>>(0)) {}

bool Pulse::beat() {
    if (outstanding_->load() != 0) return false;
    outstanding_->store(loops_.size());
    for (auto* loop : loops_)
        loop->post([outstanding = outstanding_] { outstanding->fetch_sub(1); });
    return true;
}

void live_until_told(const Tell& tell, std::chrono::milliseconds pulse, std::vector<net::Loop*> loops,
                     std::string_view status) {
    tell(Life::ready, status);
    Pulse beats(std::move(loops));
    const int wait_ms = pulse.count() > 0 ? static_cast<int>(pulse.count()) : -1;
    while (sys::wait_for_signal({SIGTERM, SIGINT}, wait_ms) == 0) {
        if (wait_ms > 0 && beats.beat()) tell(Life::alive, {});
    }
    tell(Life::stopping, "Finishing what was begun");
}

}  // namespace homespun::barrel
