#include "sync/auth/outage_watch.hpp"

#include <atomic>
#include <coroutine>
#include <optional>

namespace homespun::sync::auth {
namespace {

using Kind = BackendFailure::Kind;
using MaybeUser = std::optional<BackendUser>;

std::string_view word(Kind kind) {
    switch (kind) {
        case Kind::down:
            return "down";
        case Kind::slow:
            return "slow";
        case Kind::busy:
            return "busy";
        case Kind::refused:
            return "refused";
    }
    return "";
}

}  // namespace

/// What is known of the back-end.
struct OutageWatch::State {
    State(std::string its_name, std::size_t its_most, const base::Clock& its_clock, base::Logger& its_logger)
        : name(std::move(its_name)), most_waiting(its_most), clock(its_clock), logger(its_logger) {}

    /// The number of a request that may wait; nothing when too many do.
    std::optional<std::uint64_t> enter() {
        const std::lock_guard lock(mutex);
        if (waiting >= most_waiting) {
            if (out) ++refused;
            return std::nullopt;
        }
        ++waiting;
        return ++asked;
    }
    void leave() {
        const std::lock_guard lock(mutex);
        --waiting;
    }
    /// A late failure of what was asked before the last outage ended does not begin another.
    void failed(std::uint64_t number, const BackendFailure& failure) {
        // Neither says anything about the back-end's health.
        if (failure.kind == Kind::refused) return;
        const std::lock_guard lock(mutex);
        if (out) {
            ++refused;
            return;
        }
        if (failure.kind == Kind::busy || number <= last_outage) return;
        out = true;
        refused = 1;
        since_ms = clock.now_ms();
        last_before = asked;
        logger.error("backend_down", {{"backend", std::string_view(name)},
                                      {"kind", word(failure.kind)},
                                      {"error", std::string_view(failure.detail)}});
    }
    /// A late answer to what was asked before the outage does not end it.
    void answered(std::uint64_t number) {
        const std::lock_guard lock(mutex);
        if (!out || number <= last_before) return;
        out = false;
        last_outage = asked;
        logger.info("backend_up", {{"backend", std::string_view(name)},
                                   {"since_ms", since_ms},
                                   {"took_ms", clock.now_ms() - since_ms},
                                   {"refused", refused}});
    }

    const std::string name;
    const std::size_t most_waiting;
    const base::Clock& clock;
    base::Logger& logger;

    std::mutex mutex;
    std::size_t waiting = 0;
    std::uint64_t asked = 0;
    bool out = false;
    std::uint64_t last_before = 0;  ///< the last request asked before the outage was noticed
    std::uint64_t last_outage = 0;  ///< the last request asked before the last outage ended
    std::int64_t since_ms = 0;
    std::int64_t refused = 0;
};

namespace {

/// A request between its back-end's answer and its time limit; whichever comes first on its loop counts.
template <class T>
struct Race {
    std::optional<BackendResult<T>> result;
    std::coroutine_handle<> caller;
    std::atomic<bool> over = false;  ///< the caller has its answer; set on the loop alone

    void finish(BackendResult<T> with) {
        if (over) return;
        over = true;
        result.emplace(std::move(with));
        if (caller) caller.resume();
    }
};

template <class T>
struct RaceAwaiter {
    Race<T>& race;
    [[nodiscard]] bool await_ready() const noexcept { return race.over; }
    void await_suspend(std::coroutine_handle<> caller) const { race.caller = caller; }
    void await_resume() const noexcept {}
};

}  // namespace

OutageWatch::OutageWatch(std::unique_ptr<UserBackend> backend, std::string name, Limits limits,
                         const base::Clock& clock, base::Logger& logger)
    : state_(std::make_shared<State>(std::move(name), limits.most_waiting, clock, logger)),
      backend_(std::move(backend)),
      longest_(limits.longest) {}

OutageWatch::~OutageWatch() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (timekeeper_.joinable()) timekeeper_.join();
}

bool OutageWatch::out() const {
    const std::lock_guard lock(state_->mutex);
    return state_->out;
}

void OutageWatch::watch_time() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (deadlines_.empty()) {
            changed_.wait(lock);
            continue;
        }
        if (std::chrono::steady_clock::now() < deadlines_.front().at) {
            changed_.wait_until(lock, deadlines_.front().at);
            continue;
        }
        auto due = std::move(deadlines_.front());
        deadlines_.pop_front();
        lock.unlock();
        if (!*due.over) due.expire();
        lock.lock();
    }
}

template <class T>
base::Task<BackendResult<T>> OutageWatch::guard(base::Executor& home, base::Task<BackendResult<T>> asking) {
    const auto number = state_->enter();
    if (!number) {
        co_return std::unexpected(
            BackendFailure{Kind::busy, state_->name + ": too many requests wait for it already"});
    }
    const auto race = std::make_shared<Race<T>>();
    base::spawn(std::move(asking), [race, state = state_, number = *number](
                                       std::expected<BackendResult<T>, std::exception_ptr> outcome) {
        state->leave();
        BackendResult<T> result =
            outcome ? std::move(*outcome)
                    : std::unexpected(BackendFailure{Kind::down, state->name + ": an exception"});
        if (result) {
            state->answered(number);
        } else if (!race->over) {
            state->failed(number, result.error());
        }
        race->finish(std::move(result));
    });
    if (!race->over) {
        const std::lock_guard lock(mutex_);
        while (!deadlines_.empty() && *deadlines_.front().over)
            deadlines_.pop_front();
        deadlines_.push_back({std::chrono::steady_clock::now() + longest_,
                              std::shared_ptr<const std::atomic<bool>>(race, &race->over),
                              [race, &home, state = state_, number = *number] {
                                  home.post([race, state, number] {
                                      if (race->over) return;
                                      BackendFailure failure{Kind::slow, state->name + ": no answer in time"};
                                      state->failed(number, failure);
                                      race->finish(std::unexpected(std::move(failure)));
                                  });
                              }});
        if (!timekeeper_.joinable()) timekeeper_ = std::thread([this] { watch_time(); });
        changed_.notify_one();
    }
    co_await RaceAwaiter<T>{*race};
    co_return std::move(*race->result);
}

base::Task<BackendResult<MaybeUser>> OutageWatch::find(base::Executor& home, std::string name) {
    return guard(home, backend_->find(home, std::move(name)));
}
base::Task<BackendResult<MaybeUser>> OutageWatch::authenticate(base::Executor& home, std::string name,
                                                               std::string password) {
    return guard(home, backend_->authenticate(home, std::move(name), std::move(password)));
}
base::Task<BackendResult<MaybeUser>> OutageWatch::create(base::Executor& home, std::string name,
                                                         std::string password, std::string mail) {
    return guard(home, backend_->create(home, std::move(name), std::move(password), std::move(mail)));
}
base::Task<BackendResult<void>> OutageWatch::set_password(base::Executor& home, BackendUser user,
                                                          std::string password) {
    return guard(home, backend_->set_password(home, std::move(user), std::move(password)));
}
base::Task<BackendResult<void>> OutageWatch::set_mail(base::Executor& home, BackendUser user,
                                                      std::string mail) {
    return guard(home, backend_->set_mail(home, std::move(user), std::move(mail)));
}
base::Task<BackendResult<void>> OutageWatch::may_remove(base::Executor& home, BackendUser user) {
    return guard(home, backend_->may_remove(home, std::move(user)));
}
base::Task<BackendResult<void>> OutageWatch::remove(base::Executor& home, BackendUser user) {
    return guard(home, backend_->remove(home, std::move(user)));
}

}  // namespace homespun::sync::auth
