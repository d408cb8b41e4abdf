#include "stampede/engine/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "stampede/engine/session.hpp"

namespace homespun::stampede {
namespace {

TEST(TimerWheelTest, RingsAtItsTickNotBefore) {
    TimerWheel wheel;
    wheel.reserve(3);
    wheel.set(0, 5);
    wheel.set(1, 300);
    wheel.set(2, 70'000);
    std::map<std::uint32_t, std::uint32_t> rung;
    wheel.advance(100'000, [&](std::uint32_t id) { rung[id] = wheel.now(); });
    EXPECT_EQ(rung, (std::map<std::uint32_t, std::uint32_t>{{0, 5}, {1, 300}, {2, 70'000}}));
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheelTest, ThePastRingsNextAndACancelledOneNever) {
    TimerWheel wheel(1000);
    wheel.reserve(2);
    wheel.set(0, 3);
    wheel.set(1, 1002);
    wheel.cancel(1);
    std::vector<std::uint32_t> rung;
    wheel.advance(1001, [&](std::uint32_t id) { rung.push_back(id); });
    EXPECT_EQ(rung, std::vector<std::uint32_t>{0});
    wheel.advance(5000, [&](std::uint32_t id) { rung.push_back(id); });
    EXPECT_EQ(rung.size(), 1u);
}

TEST(TimerWheelTest, MayBeSetAgainWhileItRings) {
    TimerWheel wheel;
    wheel.reserve(1);
    wheel.set(0, 1);
    int rung = 0;
    wheel.advance(1000, [&](std::uint32_t id) {
        ++rung;
        wheel.set(id, wheel.now() + 100);
    });
    EXPECT_EQ(rung, 10);
}

TEST(TimerWheelTest, SurvivesTheEndOfItsNumbers) {
    TimerWheel wheel(0xffff'ff00);
    wheel.reserve(1);
    wheel.set(0, 0x200);
    std::uint32_t at = 0;
    wheel.advance(0x300, [&](std::uint32_t) { at = wheel.now(); });
    EXPECT_EQ(at, 0x200u);
}

TEST(TimerWheelTest, AgreesWithASortedListOverManyRandomAlarms) {
    Dice dice(7);
    TimerWheel wheel(12345);
    constexpr std::uint32_t things = 2000;
    wheel.reserve(things);
    std::map<std::uint32_t, std::uint32_t> expected;
    for (int i = 0; i < 20'000; ++i) {
        const auto id = static_cast<std::uint32_t>(dice.below(things));
        const auto tick =
            wheel.now() + 1 + static_cast<std::uint32_t>(dice.below(i % 3 == 0 ? 200'000 : 400));
        wheel.set(id, tick);
        expected[id] = tick;
        if (i % 10 == 0) {
            wheel.advance(wheel.now() + static_cast<std::uint32_t>(dice.below(300)), [&](std::uint32_t rung) {
                ASSERT_EQ(expected.at(rung), wheel.now());
                expected.erase(rung);
            });
        }
    }
    wheel.advance(wheel.now() + 300'000, [&](std::uint32_t rung) {
        ASSERT_EQ(expected.at(rung), wheel.now());
        expected.erase(rung);
    });
    EXPECT_TRUE(expected.empty());
}

}  // namespace
}  // namespace homespun::stampede
