#include "seism/run/sampler.hpp"

namespace homespun::seism {

Sampler::Sampler(Record& record) : record_(record), thread_([this] { run(); }) {}

Sampler::~Sampler() {
    stopping_ = true;
    thread_.join();
}

void Sampler::watch(int pid) {
    const std::scoped_lock lock(mutex_);
    watch_.reset();
    if (pid != 0) watch_.emplace(pid);
}

void Sampler::run() {
    constexpr std::chrono::milliseconds period{200};
    auto next = std::chrono::steady_clock::now();
    while (!stopping_) {
        next += period;
        std::this_thread::sleep_until(next);
        const std::scoped_lock lock(mutex_);
        if (watch_) record_.add(watch_->sample(record_.now(), weigh_.exchange(false)));
    }
}

}  // namespace homespun::seism
