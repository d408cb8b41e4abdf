#include "sync/auth/outage_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "barrel/server/server_fixture.hpp"
#include "sync/accounts/test_loop.hpp"
#include "sync/auth/weave_fixture.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = BackendFailure::Kind;
using MaybeUser = std::optional<BackendUser>;

/// Answers on a pool thread, but not before it may.
class HangingBackend final : public PlainBackend {
  public:
    explicit HangingBackend(std::shared_future<void> gate) : gate_(std::move(gate)) {}
    base::Task<BackendResult<MaybeUser>> find(base::Executor& home, std::string name) override {
        if (!hangs && failure) co_return std::unexpected(*failure);
        if (!hangs) co_return MaybeUser(BackendUser{.id = 1, .name = name});
        auto found = co_await pool_.run(home, [this] {
            gate_.wait();
            return 1;
        });
        EXPECT_TRUE(found);
        if (fails_late) co_return std::unexpected(BackendFailure{Kind::slow, "late"});
        co_return MaybeUser(BackendUser{.id = 2, .name = name});
    }
    bool hangs = true;
    bool fails_late = false;

  private:
    std::shared_future<void> gate_;
    sys::BlockingPool pool_{2, 16};
};

class OutageWatchTest : public testing::Test {
  protected:
    using Limits = OutageWatch::Limits;
    template <class Backend, class... Arguments>
    Backend& watch(Limits limits, Arguments... arguments) {
        auto made = std::make_unique<Backend>(std::move(arguments)...);
        auto& kept = *made;
        watch_ = std::make_unique<OutageWatch>(std::move(made), "test", limits, clock, logger);
        return kept;
    }
    BackendResult<MaybeUser> find() { return loop.run(watch_->find(loop, "ann")); }

    accounts::TestLoop loop;
    base::ManualClock clock{1'000'000};
    barrel::test::ListLogger logger;
    std::unique_ptr<OutageWatch> watch_;
};

TEST_F(OutageWatchTest, HandsOnWhatTheBackendSays) {
    auto& backend = watch<PlainBackend>({});
    const auto made = loop.run(watch_->create(loop, "ann", "secret", "a@b.cd"));
    ASSERT_TRUE(made && *made);
    EXPECT_EQ((*made)->mail, "a@b.cd");
    EXPECT_FALSE(*loop.run(watch_->create(loop, "ann", "secret", "a@b.cd")));
    EXPECT_TRUE(loop.run(watch_->set_password(loop, **made, "other")));
    EXPECT_EQ(backend.users["ann"].second, "other");
    EXPECT_TRUE(loop.run(watch_->set_mail(loop, **made, "x@y.zz")));
    EXPECT_EQ((*find())->mail, "x@y.zz");
    EXPECT_TRUE(*loop.run(watch_->authenticate(loop, "ann", "other")));
    EXPECT_TRUE(loop.run(watch_->remove(loop, **made)));
    EXPECT_FALSE(*find());
    EXPECT_TRUE(logger.lines.empty());
}

TEST_F(OutageWatchTest, AnOutageIsToldOnceWithItsBeginAndEnd) {
    auto& backend = watch<PlainBackend>({});
    backend.failure = {Kind::down, "connection refused", 0};
    for (int i = 0; i < 3; ++i) {
        const auto failed = find();
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind, Kind::down);
        clock.advance_ms(100);
    }
    EXPECT_THAT(logger.lines,
                ElementsAre("backend_down backend=test kind=down error=\"connection refused\""));
    backend.failure.reset();
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(find());
    ASSERT_EQ(logger.lines.size(), 2U);
    EXPECT_EQ(logger.lines[1], "backend_up backend=test since_ms=1000000 took_ms=300 refused=3");
    backend.failure = {Kind::down, "again", 0};
    EXPECT_FALSE(find());
    EXPECT_EQ(logger.lines.size(), 3U) << "the next outage is another one";
}

TEST_F(OutageWatchTest, WhatABackendMayNotDoIsNoOutage) {
    auto& backend = watch<PlainBackend>({});
    backend.failure = {Kind::refused, "read-only", 0};
    EXPECT_FALSE(find());
    EXPECT_TRUE(logger.lines.empty());
}

TEST_F(OutageWatchTest, WhoWaitsTooLongIsTold) {
    std::promise<void> gate;
    auto& backend = watch<HangingBackend>({.most_waiting = 4, .longest = std::chrono::milliseconds(30)},
                                          gate.get_future().share());
    const auto began = std::chrono::steady_clock::now();
    const auto slow = find();
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().kind, Kind::slow);
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(30));
    ASSERT_EQ(logger.lines.size(), 1U);
    EXPECT_THAT(logger.lines[0], HasSubstr("backend_down backend=test kind=slow"));
    EXPECT_FALSE(find());

    // The late answers of those two end nothing; the next request does.
    gate.set_value();
    backend.hangs = false;
    EXPECT_TRUE(find());
    ASSERT_EQ(logger.lines.size(), 2U);
    EXPECT_THAT(logger.lines[1], HasSubstr("refused=2"));
    loop.run([](base::Executor& loop) -> base::Task<int> {
        // What the pool still posts runs before the loop goes.
        co_await base::yield_to(loop);
        co_return 1;
    }(loop));
}

TEST_F(OutageWatchTest, ALateFailureBeginsNoOtherOutage) {
    std::promise<void> gate;
    auto& backend = watch<HangingBackend>({.most_waiting = 4, .longest = std::chrono::seconds(20)},
                                          gate.get_future().share());
    backend.fails_late = true;
    bool failed = false;
    base::spawn(watch_->find(loop, "ann"), [&](auto outcome) { failed = outcome && !*outcome; });
    backend.hangs = false;
    backend.failure = {Kind::down, "gone", 0};
    EXPECT_FALSE(find());
    backend.failure.reset();
    EXPECT_TRUE(find());
    ASSERT_EQ(logger.lines.size(), 2U);
    gate.set_value();
    loop.run_until([&] { return failed; });
    EXPECT_EQ(logger.lines.size(), 2U) << "what was asked before the outage ended says nothing of now";
    EXPECT_FALSE(watch_->out());
    backend.failure = {Kind::down, "again", 0};
    EXPECT_FALSE(find());
    EXPECT_EQ(logger.lines.size(), 3U);
}

TEST_F(OutageWatchTest, NotMoreThanSoManyWait) {
    std::promise<void> gate;
    watch<HangingBackend>({.most_waiting = 2, .longest = std::chrono::seconds(20)},
                          gate.get_future().share());
    int answered = 0;
    for (int i = 0; i < 2; ++i)
        base::spawn(watch_->find(loop, "ann"),
                    [&](auto outcome) { answered += outcome && *outcome ? 1 : 0; });
    const auto beyond = find();
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().kind, Kind::busy);
    gate.set_value();
    loop.run_until([&] { return answered == 2; });
    EXPECT_TRUE(find()) << "there is room again";
    EXPECT_TRUE(logger.lines.empty());
}

}  // namespace
}  // namespace homespun::sync::auth
