#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/executor.hpp"
#include "base/task.hpp"

namespace boost::asio {
class io_context;
}

namespace homespun::net {

/// One event loop and the thread that is in `run`. Everything of a connection happens on its loop. `post` and
/// `stop` are for any thread, the rest for the loop's own. It must outlive each call of `post`.
class Loop final : public base::Executor {
  public:
    Loop();
    ~Loop() override;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Serves until `stop`. Pending work that never ran is destroyed with the loop.
    void run();
    void stop();
    void post(std::move_only_function<void()> work) override;
    base::Task<void> sleep(std::chrono::milliseconds duration);
    /// Calls `tick` every `period` until the loop ends. Any thread, before `run` or from the loop.
    void every(std::chrono::milliseconds period, std::function<void()> tick);

    /// For src/net only.
    [[nodiscard]] boost::asio::io_context& context();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// `count` loops, each on a thread of its own; the destructor stops and joins them.
class LoopThreads {
  public:
    explicit LoopThreads(std::size_t count);
    ~LoopThreads();
    LoopThreads(const LoopThreads&) = delete;
    LoopThreads& operator=(const LoopThreads&) = delete;

    [[nodiscard]] std::vector<Loop*> loops() const;
    [[nodiscard]] Loop& operator[](std::size_t index) const { return *loops_[index]; }
    void stop_and_join();

  private:
    std::vector<std::unique_ptr<Loop>> loops_;
    std::vector<std::thread> threads_;
};

/// Runs `task` on a loop of its own on this thread and returns what it gives: for command lines and tests.
template <class T>
T run_here(Loop& loop, base::Task<T> task) {
    std::expected<T, std::exception_ptr> outcome = std::unexpected(std::exception_ptr{});
    base::spawn(std::move(task), [&](std::expected<T, std::exception_ptr> result) {
        outcome = std::move(result);
        loop.stop();
    });
    loop.run();
    if (!outcome) std::rethrow_exception(outcome.error());
    return std::move(*outcome);
}

}  // namespace homespun::net
