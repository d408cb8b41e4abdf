#include "barrel/arbiter/life.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace homespun::barrel {
namespace {

using namespace std::chrono_literals;

TEST(LifeTest, IsToldInTheManagersWords) {
    EXPECT_EQ(notification(Life::ready, "Serving http://a"), "READY=1\nSTATUS=Serving http://a");
    EXPECT_EQ(notification(Life::alive, {}), "WATCHDOG=1");
    EXPECT_EQ(notification(Life::stopping, "a\nMAINPID=1"), "STOPPING=1\nSTATUS=a MAINPID=1");
}

/// Whether it beats within a few seconds.
bool beats_soon(Pulse& pulse) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (std::chrono::steady_clock::now() < end) {
        if (pulse.beat()) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

TEST(LifeTest, OneLoopThatHangsStopsThePulse) {
    net::LoopThreads loops(3);
    Pulse pulse(loops.loops());
    EXPECT_TRUE(pulse.beat()) << "nothing was asked before";
    EXPECT_TRUE(beats_soon(pulse));
    EXPECT_TRUE(beats_soon(pulse));

    std::promise<void> stuck, release;
    loops[1].post([&] {
        stuck.set_value();
        release.get_future().wait();
    });
    stuck.get_future().wait();
    (void)beats_soon(pulse);  // the answers to what was asked before may still have come
    for (int i = 0; i < 50; ++i) {
        EXPECT_FALSE(pulse.beat()) << "loop 1 hangs";
        std::this_thread::sleep_for(1ms);
    }
    release.set_value();
    EXPECT_TRUE(beats_soon(pulse));
}

}  // namespace
}  // namespace homespun::barrel
