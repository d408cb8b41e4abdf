#include "base/task.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/executor.hpp"

namespace homespun::base {
namespace {

/// Runs what was posted when it is told to.
class HandCranked final : public Executor {
  public:
    void post(std::move_only_function<void()> work) override { queue_.push_back(std::move(work)); }
    std::size_t run_all() {
        std::size_t ran = 0;
        for (; !queue_.empty(); ++ran) {
            auto work = std::move(queue_.front());
            queue_.pop_front();
            work();
        }
        return ran;
    }

  private:
    std::deque<std::move_only_function<void()>> queue_;
};

/// What a spawned task came to.
template <class T>
std::optional<std::expected<T, std::exception_ptr>> outcome_of(Task<T> task) {
    std::optional<std::expected<T, std::exception_ptr>> outcome;
    spawn(std::move(task), [&](std::expected<T, std::exception_ptr> result) { outcome = std::move(result); });
    return outcome;
}

Task<int> number(int value) {
    co_return value;
}

Task<int> failing() {
    throw std::runtime_error("planted");
    co_return 0;
}

Task<int> sum_of_many(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i)
        sum += co_await number(1);
    co_return sum;
}

Task<int> deep(int levels) {
    if (levels == 0) co_return 0;
    co_return 1 + co_await deep(levels - 1);
}

TEST(TaskTest, DoesNothingUntilAwaited) {
    bool ran = false;
    const auto body = [](bool& flag) -> Task<int> {
        flag = true;
        co_return 1;
    };
    {
        const auto never_awaited = body(ran);
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(**outcome_of(body(ran)), 1);
    EXPECT_TRUE(ran);
}

TEST(TaskTest, CarriesMoveOnlyValues) {
    const auto inner = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    const auto outer = [&]() -> Task<std::unique_ptr<int>> {
        auto value = co_await inner();
        ++*value;
        co_return value;
    };
    EXPECT_EQ(***outcome_of(outer()), 8);
}

TEST(TaskTest, ThrowsAgainWhereItIsAwaited) {
    const auto catching = []() -> Task<std::string> {
        try {
            co_await failing();
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
        co_return "nothing thrown";
    };
    EXPECT_EQ(**outcome_of(catching()), "planted");
}

TEST(TaskTest, HandsAnExceptionToWhoSpawnedIt) {
    const auto outcome = outcome_of(failing());
    ASSERT_TRUE(outcome);
    ASSERT_FALSE(outcome->has_value());
    EXPECT_THROW(std::rethrow_exception(outcome->error()), std::runtime_error);

    std::exception_ptr error;
    spawn([]() -> Task<> { co_await failing(); }(), [&](std::exception_ptr result) { error = result; });
    EXPECT_TRUE(error);
    bool well = false;
    spawn([]() -> Task<> { co_await number(1); }(), [&](std::exception_ptr result) { well = !result; });
    EXPECT_TRUE(well);
}

TEST(TaskTest, NeedsNoStackForALongLoop) {
    EXPECT_EQ(**outcome_of(sum_of_many(200'000)), 200'000);
}

TEST(TaskTest, NeedsNoStackForADeepChain) {
    EXPECT_EQ(**outcome_of(deep(50'000)), 50'000);
}

TEST(TaskTest, DestroysItsLocalsAtItsEnd) {
    const auto witness = std::make_shared<int>(0);
    const auto holder = [](std::shared_ptr<int> held) -> Task<long> { co_return held.use_count(); };
    EXPECT_GE(**outcome_of(holder(witness)), 2);
    EXPECT_EQ(witness.use_count(), 1);
    {
        auto unused = holder(witness);
        unused = holder(witness);
        EXPECT_EQ(witness.use_count(), 2) << "the task that was replaced is gone";
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(YieldTest, LetsOtherWorkRunFirst) {
    HandCranked executor;
    std::string order;
    const auto body = [&]() -> Task<> {
        order += 'a';
        co_await yield_to(executor);
        order += 'c';
    };
    executor.post([&] { order += 'b'; });
    bool done = false;
    spawn(body(), [&](std::exception_ptr) { done = true; });
    EXPECT_EQ(order, "a");
    EXPECT_FALSE(done);
    EXPECT_EQ(executor.run_all(), 2U);
    EXPECT_EQ(order, "abc");
    EXPECT_TRUE(done);
}

}  // namespace
}  // namespace homespun::base
