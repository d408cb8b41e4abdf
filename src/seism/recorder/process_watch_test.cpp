#include "seism/recorder/process_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace homespun::seism {
namespace {

TEST(ProcessWatchTest, SeesWorkAndDeath) {
    const int child = ::fork();
    if (child == 0) {
        for (volatile unsigned i = 0;; i = i + 1) {
        }
    }
    ProcessWatch watch(child);
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    const auto busy = watch.sample(1, true);
    EXPECT_EQ(busy.processes, 1U);
    EXPECT_FALSE(busy.restarted);
    EXPECT_GT(busy.cpu, 0.02);
    EXPECT_LT(busy.cpu, 1.5);
    EXPECT_GT(busy.resident, 0U);
    EXPECT_GT(busy.proportional.value_or(0), 0U);
    EXPECT_THAT(busy.threads, ::testing::AnyOf(1U, 2U));  // ThreadSanitizer has one of its own
    ::kill(child, SIGKILL);
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    EXPECT_TRUE(watch.sample(2).restarted);  // it still has a number
    EXPECT_EQ(watch.sample(2).processes, 0U);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(watch.sample(3).restarted);
}

}  // namespace
}  // namespace homespun::seism
