#include "sys/socket_deadlines.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace homespun::sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Two ends of a connection.
struct Pair {
    Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); }
    ~Pair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    std::array<int, 2> ends{};
};

TEST(SocketDeadlines, WhoReadsIsWokenWhenTheTimeIsOver) {
    SocketDeadlines deadlines;
    const Pair early, late;
    const auto began = steady_clock::now();
    const SocketDeadlines::Guard second(deadlines, late.ends[0], began + milliseconds(80));
    const SocketDeadlines::Guard first(deadlines, early.ends[0], began + milliseconds(30));
    char byte = 0;
    EXPECT_EQ(::read(early.ends[0], &byte, 1), 0);
    const auto first_took = steady_clock::now() - began;
    EXPECT_EQ(::read(late.ends[0], &byte, 1), 0);
    EXPECT_GE(first_took, milliseconds(30));
    EXPECT_LT(first_took, milliseconds(80)) << "the nearer deadline came second";
    EXPECT_GE(steady_clock::now() - began, milliseconds(80));
}

TEST(SocketDeadlines, TheLimitEndsWithItsGuard) {
    SocketDeadlines deadlines;
    const Pair pair;
    {
        const SocketDeadlines::Guard guard(deadlines, pair.ends[0], steady_clock::now() + milliseconds(10));
    }
    std::this_thread::sleep_for(milliseconds(30));
    ASSERT_EQ(::write(pair.ends[1], "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(pair.ends[0], &byte, 1), 1);
    const SocketDeadlines::Guard over(deadlines, pair.ends[0], steady_clock::now());
    EXPECT_EQ(::read(pair.ends[0], &byte, 1), 0) << "a deadline that has passed already";
}

}  // namespace
}  // namespace homespun::sys
