#include "sys/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <string>
#include <thread>

namespace homespun::sys {
namespace {

/// A loop of its own: one thread that runs what is posted. The destructor runs the rest and joins.
class OneThread final : public base::Executor {
  public:
    OneThread() : pool_(1, SIZE_MAX) {}
    void post(std::move_only_function<void()> work) override { pool_.submit(std::move(work)); }
    std::thread::id id() {
        std::promise<std::thread::id> answer;
        pool_.submit([&] { answer.set_value(std::this_thread::get_id()); });
        return answer.get_future().get();
    }

  private:
    BlockingPool pool_;
};

TEST(BlockingPoolTest, RunsInOrderOnOneThread) {
    std::vector<int> order;
    {
        BlockingPool pool(1, 1000);
        for (int i = 0; i < 500; ++i)
            ASSERT_TRUE(pool.submit([&order, i] { order.push_back(i); }));
    }
    ASSERT_EQ(order.size(), 500U) << "the destructor runs what is queued";
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(BlockingPoolTest, CountsWhatWaits) {
    using namespace base::metrics;
    Page page;
    Registry registry(page);
    const BlockingPool::Metrics metrics{registry.gauge("queued", "Q"), registry.histogram("wait", "W"),
                                        registry.counter("refused_total", "R")};
    std::latch busy(1), go(1);
    {
        BlockingPool pool(1, 2, metrics);
        ASSERT_TRUE(pool.submit([&] {
            busy.count_down();
            go.wait();
        }));
        busy.wait();
        ASSERT_TRUE(pool.submit([] {}));
        ASSERT_TRUE(pool.submit([] {}));
        ASSERT_FALSE(pool.submit([] {}));
        const auto text = registry.render();
        EXPECT_NE(text.find("\nqueued 2\n"), std::string::npos) << text;
        EXPECT_NE(text.find("\nrefused_total 1\n"), std::string::npos) << text;
        EXPECT_NE(text.find("\nwait_count 1\n"), std::string::npos) << text;
        go.count_down();
    }
    const auto text = registry.render();
    EXPECT_NE(text.find("\nqueued 0\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nwait_count 3\n"), std::string::npos) << text;
}

TEST(BlockingPoolTest, RefusesWhenTheQueueIsFull) {
    std::latch busy(1), go(1);
    std::atomic<int> ran = 0;
    {
        BlockingPool pool(1, 2);
        ASSERT_TRUE(pool.submit([&] {
            busy.count_down();
            go.wait();
        }));
        busy.wait();
        EXPECT_TRUE(pool.submit([&] { ++ran; }));
        EXPECT_TRUE(pool.submit([&] { ++ran; }));
        EXPECT_FALSE(pool.submit([&] { ++ran; }));
        go.count_down();
    }
    EXPECT_EQ(ran, 2);
}

TEST(BlockingPoolTest, RunsAsManyAtOnceAsItHasThreads) {
    std::latch together(3);
    BlockingPool pool(3, 10);
    std::vector<std::future<void>> ends;
    for (int i = 0; i < 3; ++i) {
        std::packaged_task<void()> work([&] { together.arrive_and_wait(); });
        ends.push_back(work.get_future());
        ASSERT_TRUE(pool.submit(std::move(work)));
    }
    for (auto& end : ends)
        EXPECT_EQ(end.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(BlockingPoolTest, ComesBackToTheThreadOfItsHome) {
    BlockingPool pool(2, 10);
    OneThread home;
    const auto home_thread = home.id();
    struct Threads {
        std::thread::id work, after;
    };
    const auto body = [&]() -> base::Task<Threads> {
        const auto work = co_await pool.run(home, [] { return std::this_thread::get_id(); });
        co_return Threads{*work, std::this_thread::get_id()};
    };
    std::promise<Threads> answer;
    base::spawn(body(),
                [&](std::expected<Threads, std::exception_ptr> result) { answer.set_value(*result); });
    const auto threads = answer.get_future().get();
    EXPECT_NE(threads.work, home_thread);
    EXPECT_NE(threads.work, std::this_thread::get_id());
    EXPECT_EQ(threads.after, home_thread);
}

TEST(BlockingPoolTest, TellsAFullQueueAtOnce) {
    OneThread home;
    BlockingPool pool(1, 0);
    bool full = false;
    const auto body = [&]() -> base::Task<> {
        const auto result = co_await pool.run(home, [] { return std::string("never"); });
        full = !result.has_value();
    };
    base::spawn(body(), [](std::exception_ptr) {});
    EXPECT_TRUE(full);
}

TEST(BlockingPoolTest, ServesManyAwaitersFromManyThreads) {
    constexpr int count = 2000;
    std::atomic<int> sum = 0;
    std::latch done(count);
    {
        OneThread home;
        BlockingPool pool(4, SIZE_MAX);
        const auto body = [&](int number) -> base::Task<> {
            auto result =
                co_await pool.run(home, [text = std::to_string(number)] { return std::stoi(text); });
            sum += *result;
        };
        for (int i = 0; i < count; ++i)
            base::spawn(body(i), [&](std::exception_ptr) { done.count_down(); });
        done.wait();
    }
    EXPECT_EQ(sum, count * (count - 1) / 2);
}

TEST(BlockingPoolTest, WaitsUntilNothingRuns) {
    BlockingPool pool(2, 100);
    pool.wait_until_idle();
    std::atomic<int> done = 0;
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(pool.submit([&done] {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            ++done;
        }));
    }
    pool.wait_until_idle();
    EXPECT_EQ(done, 20);
}

}  // namespace
}  // namespace homespun::sys
