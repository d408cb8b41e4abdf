#pragma once
#include <coroutine>
#include <functional>

namespace homespun::base {

/// Something that runs functions one after the other on one thread of its own: the loop on which a request
/// lives.
class Executor {
  public:
    virtual ~Executor() = default;
    /// Queues `work` behind what is already queued. Callable from any thread.
    virtual void post(std::move_only_function<void()> work) = 0;
};

/// `co_await yield_to(executor)`: lets other work of that loop run first, then continues on its thread.
inline auto yield_to(Executor& executor) {
    struct Awaiter {
        Executor& executor;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> caller) const {
            executor.post([caller] { caller.resume(); });
        }
        void await_resume() const noexcept {}
    };
    return Awaiter{executor};
}

}  // namespace homespun::base
