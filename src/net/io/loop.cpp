#include "net/io/loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/io/asio.hpp"

namespace homespun::net {

struct Loop::Impl {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
    impl_->context.run();
    impl_->context.restart();  // afterwards, not before: a stop that came ahead of this call must count
}

void Loop::stop() {
    impl_->context.stop();
}
void Loop::post(std::move_only_function<void()> work) {
    asio::post(impl_->context, std::move(work));
}
asio::io_context& Loop::context() {
    return impl_->context;
}

base::Task<void> Loop::sleep(std::chrono::milliseconds duration) {
    asio::steady_timer timer(impl_->context, duration);
    struct Awaiter {
        asio::steady_timer& timer;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> caller) const {
            timer.async_wait([caller](const ErrorCode&) { caller.resume(); });
        }
        void await_resume() const noexcept {}
    };
    co_await Awaiter{timer};
}

namespace {

void tick_again(const std::shared_ptr<asio::steady_timer>& timer, std::chrono::milliseconds period,
                const std::shared_ptr<std::function<void()>>& tick) {
    timer->expires_after(period);
    timer->async_wait([timer, period, tick](const ErrorCode& error) {
        if (error) return;
        (*tick)();
        tick_again(timer, period, tick);
    });
}

}  // namespace

void Loop::every(std::chrono::milliseconds period, std::function<void()> tick) {
    tick_again(std::make_shared<asio::steady_timer>(impl_->context), period,
               std::make_shared<std::function<void()>>(std::move(tick)));
}

LoopThreads::LoopThreads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        loops_.push_back(std::make_unique<Loop>());
    for (auto& loop : loops_)
        threads_.emplace_back([raw = loop.get()] { raw->run(); });
}

LoopThreads::~LoopThreads() {
    stop_and_join();
}

void LoopThreads::stop_and_join() {
    for (auto& loop : loops_)
        loop->stop();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

std::vector<Loop*> LoopThreads::loops() const {
    std::vector<Loop*> raw;
    for (const auto& loop : loops_)
        raw.push_back(loop.get());
    return raw;
}

}  // namespace homespun::net
