#include "sys/blocking_pool.hpp"

namespace homespun::sys {

BlockingPool::BlockingPool(std::size_t threads, std::size_t queue_limit, Metrics metrics)
    : queue_limit_(queue_limit), metrics_(metrics) {
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this] { work_loop(); });
}

BlockingPool::~BlockingPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_)
        thread.join();
}

void BlockingPool::wait_until_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return queue_.empty() && running_ == 0; });
}

bool BlockingPool::submit(std::move_only_function<void()> work) {
    // Notified under the lock: whoever waits for this work may end the pool as soon as it has run.
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_limit_) {
        metrics_.refused.add();
        return false;
    }
    queue_.push_back({std::move(work), std::chrono::steady_clock::now()});
    metrics_.queued.set(static_cast<std::int64_t>(queue_.size()));
    ready_.notify_one();
    return true;
}

void BlockingPool::work_loop() {
    while (true) {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        auto [work, queued_at] = std::move(queue_.front());
        queue_.pop_front();
        metrics_.queued.set(static_cast<std::int64_t>(queue_.size()));
        metrics_.wait.observe(std::chrono::steady_clock::now() - queued_at);
        ++running_;
        lock.unlock();
        work();
        work = nullptr;  // what it holds goes before anybody hears that nothing runs
        lock.lock();
        if (--running_ == 0 && queue_.empty()) idle_.notify_all();
    }
}

}  // namespace homespun::sys
