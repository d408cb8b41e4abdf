#pragma once
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"

namespace homespun::sys {

/// Threads for work that blocks (password hashing, small databases, blocking clients), with a bounded queue:
/// a full queue refuses at once instead of growing. With one thread it is a serial queue. Thread-safe. The
/// destructor runs what is queued and joins.
class BlockingPool {
  public:
    struct Full {};  ///< the queue was full; nothing ran

    struct Metrics {
        base::metrics::Gauge queued;    ///< jobs that wait for a thread
        base::metrics::Histogram wait;  ///< how long each waited
        base::metrics::Counter refused;
    };

    BlockingPool(std::size_t threads, std::size_t queue_limit, Metrics metrics = {});
    ~BlockingPool();
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    /// Waits until nothing is queued and nothing runs. Not from one of its own threads.
    void wait_until_idle();

    /// Queues `work`; false when the queue is full.
    bool submit(std::move_only_function<void()> work);

    /// Runs `work` on a pool thread and continues on `home`'s thread with what it returned (not void). `work`
    /// must not throw. The coroutine that awaits this must outlive it: a queued job is never cancelled.
    template <class Work>
    base::Task<std::expected<std::invoke_result_t<Work>, Full>> run(base::Executor& home, Work work) {
        using Value = std::invoke_result_t<Work>;
        struct Awaiter {
            BlockingPool& pool;
            base::Executor& home;
            Work& work;
            std::optional<Value> value;
            [[nodiscard]] bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> caller) {
                return pool.submit([this, caller] {
                    value.emplace(work());
                    home.post([caller] { caller.resume(); });
                });
            }
            void await_resume() const noexcept {}
        };
        Awaiter awaiter{*this, home, work, std::nullopt};
        co_await awaiter;
        if (!awaiter.value) co_return std::unexpected(Full{});
        co_return std::move(*awaiter.value);
    }

  private:
    struct Job {
        std::move_only_function<void()> work;
        std::chrono::steady_clock::time_point queued_at;
    };

    void work_loop();

    std::size_t queue_limit_;
    Metrics metrics_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Job> queue_;
    std::condition_variable idle_;
    std::size_t running_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace homespun::sys
