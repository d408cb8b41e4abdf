#include "sys/signals.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace homespun::sys {
namespace {

/// A pipe, and SIGUSR1 blocked while the test runs.
class SignalsTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::pipe(ends_), 0);
        block_signals({SIGUSR1});
    }
    void TearDown() override {
        while (wait_for_signal({SIGUSR1}, 0) != 0) {
        }
        ::close(ends_[0]);
        if (ends_[1] >= 0) ::close(ends_[1]);
    }
    [[nodiscard]] Woken wait(int timeout_ms) const {
        return wait_for_signal_or_input({SIGUSR1}, ends_[0], timeout_ms);
    }
    void write() const { ASSERT_EQ(::write(ends_[1], "x", 1), 1); }

    int ends_[2] = {-1, -1};
};

TEST_F(SignalsTest, NothingHappensUntilTheTimeIsUp) {
    const auto woken = wait(5);
    EXPECT_EQ(woken.signal, 0);
    EXPECT_FALSE(woken.input);
}

TEST_F(SignalsTest, ASignalIsTakenOnce) {
    ::kill(::getpid(), SIGUSR1);
    const auto woken = wait(-1);
    EXPECT_EQ(woken.signal, SIGUSR1);
    EXPECT_FALSE(woken.input);
    EXPECT_EQ(wait(0).signal, 0);
}

TEST_F(SignalsTest, InputAndSignalAreBothTold) {
    write();
    EXPECT_TRUE(wait(-1).input);
    ::kill(::getpid(), SIGUSR1);
    const auto both = wait(-1);
    EXPECT_EQ(both.signal, SIGUSR1);
    EXPECT_TRUE(both.input) << "nobody has read it";
}

TEST_F(SignalsTest, AnEndIsInputAndNoDescriptorIsNone) {
    ::close(ends_[1]);
    ends_[1] = -1;
    EXPECT_TRUE(wait(-1).input);
    EXPECT_FALSE(wait_for_signal_or_input({SIGUSR1}, -1, 0).input);
}

}  // namespace
}  // namespace homespun::sys
