#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/auth/user_backend.hpp"

namespace homespun::sync::auth {

/// Stands before a back-end that may be down or slow. At most `most_waiting` requests wait for it, those
/// beyond are `busy` at once; who waits longer than the limit is told `slow`, while the back-end goes on with
/// what it was asked. From the first failure to the first good answer that was asked for after it is an
/// outage: told in the log once as it begins (`backend_down`) and once as it ends (`backend_up`). Nothing has
/// to be restarted. Thread-safe. Logger and clock outlive it; the loops of those who wait are there until
/// nobody waits.
class OutageWatch final : public UserBackend {
  public:
    struct Limits {
        std::size_t most_waiting = 256;
        std::chrono::milliseconds longest{5'000};
    };

    /// `name` is told in the log: `sql`.
    OutageWatch(std::unique_ptr<UserBackend> backend, std::string name, Limits limits,
                const base::Clock& clock, base::Logger& logger);
    ~OutageWatch() override;
    OutageWatch(const OutageWatch&) = delete;
    OutageWatch& operator=(const OutageWatch&) = delete;

    /// Whether there is an outage now.
    [[nodiscard]] bool out() const;

    base::Task<BackendResult<std::optional<BackendUser>>> find(base::Executor& home,
                                                               std::string name) override;
    base::Task<BackendResult<std::optional<BackendUser>>> authenticate(base::Executor& home, std::string name,
                                                                       std::string password) override;
    base::Task<BackendResult<std::optional<BackendUser>>> create(base::Executor& home, std::string name,
                                                                 std::string password,
                                                                 std::string mail) override;
    base::Task<BackendResult<void>> set_password(base::Executor& home, BackendUser user,
                                                 std::string password) override;
    base::Task<BackendResult<void>> set_mail(base::Executor& home, BackendUser user,
                                             std::string mail) override;
    [[nodiscard]] BackendResult<void> may_change() const override { return backend_->may_change(); }
    base::Task<BackendResult<void>> may_remove(base::Executor& home, BackendUser user) override;
    base::Task<BackendResult<void>> remove(base::Executor& home, BackendUser user) override;

  private:
    struct State;
    template <class T>
    base::Task<BackendResult<T>> guard(base::Executor& home, base::Task<BackendResult<T>> asking);
    void watch_time();

    std::shared_ptr<State> state_;  ///< shared with those who have not been answered yet
    std::unique_ptr<UserBackend> backend_;
    const std::chrono::milliseconds longest_;

    struct Deadline {
        std::chrono::steady_clock::time_point at;
        std::shared_ptr<const std::atomic<bool>> over;
        std::move_only_function<void()> expire;
    };
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Deadline> deadlines_;  ///< all have the same limit, so they come in order
    bool stopping_ = false;
    std::thread timekeeper_;  ///< from the first request that had to wait on
};

}  // namespace homespun::sync::auth
