#pragma once
#include <condition_variable>
#include <deque>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/executor.hpp"
#include "base/task.hpp"

namespace homespun::sync::accounts {

/// For tests: runs what is posted on the thread that calls `run`.
class TestLoop final : public base::Executor {
  public:
    void post(std::move_only_function<void()> work) override {
        // Under the lock: whoever waits for this work may end the loop as soon as it has run.
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(work));
        ready_.notify_one();
    }

    /// Runs what is queued until `done` says so.
    void run_until(const std::function<bool()>& done) {
        while (!done()) {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [this] { return !queue_.empty(); });
            auto work = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            work();
        }
    }

    /// Runs one task to its end and gives its result.
    template <class T>
    T run(base::Task<T> task) {
        std::optional<std::expected<T, std::exception_ptr>> outcome;
        base::spawn(std::move(task),
                    [&](std::expected<T, std::exception_ptr> result) { outcome = std::move(result); });
        run_until([&] { return outcome.has_value(); });
        if (!outcome->has_value()) std::rethrow_exception(outcome->error());
        return std::move(**outcome);
    }

  private:
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::move_only_function<void()>> queue_;
};

}  // namespace homespun::sync::accounts
