#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace homespun::base {
namespace {

TEST(SystemClockTest, CountsMillisecondsSince1970) {
    const SystemClock clock;
    const auto before = std::int64_t{std::time(nullptr)} * 1000 - 1000;  // time() may lag a tick behind
    const auto now = clock.now_ms();
    const auto after = (std::int64_t{std::time(nullptr)} + 2) * 1000;
    EXPECT_GE(now, before);
    EXPECT_LE(now, after);
}

TEST(SystemClockTest, IsShiftedByItsOffset) {
    SystemClock clock;
    EXPECT_EQ(clock.offset_ms(), 0);
    const auto before = clock.now_ms();
    clock.set_offset_ms(-3'600'000);
    EXPECT_LT(clock.now_ms(), before - 3'000'000);
    clock.set_offset_ms(3'600'000);
    EXPECT_GE(clock.now_ms(), before + 3'600'000);
    EXPECT_EQ(clock.offset_ms(), 3'600'000);
}

TEST(ManualClockTest, StandsStillUntilMoved) {
    ManualClock clock(1000);
    EXPECT_EQ(clock.now_ms(), 1000);
    EXPECT_EQ(clock.now_ms(), 1000);
    clock.advance_ms(-250);
    EXPECT_EQ(clock.now_ms(), 750);
    clock.set_ms(5);
    EXPECT_EQ(clock.now_ms(), 5);
}

}  // namespace
}  // namespace homespun::base
