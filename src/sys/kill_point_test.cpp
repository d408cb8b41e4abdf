#include "sys/kill_point.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

namespace homespun::sys {
namespace {

/// The pass at which a child with this order ended; 0 = it passed all ten.
int pass_of_the_end(const char* order) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) return -1;
    const pid_t child = fork();
    if (child == 0) {
        setenv("HOMESPUN_KILL_AT", order, 1);
        for (char pass = 1; pass <= 10; ++pass) {
            if (write(pipe_ends[1], &pass, 1) != 1) _exit(2);
            HOMESPUN_KILL_POINT("elsewhere");
            HOMESPUN_KILL_POINT("here");
        }
        _exit(0);
    }
    close(pipe_ends[1]);
    char pass = 0;
    while (read(pipe_ends[0], &pass, 1) == 1) {
    }
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? 0 : -1;
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    return pass;
}

TEST(KillPointTest, EndsTheProcessAtTheNamedPassOnly) {
    EXPECT_EQ(pass_of_the_end("here:1"), 1);
    EXPECT_EQ(pass_of_the_end("here:7"), 7);
    EXPECT_EQ(pass_of_the_end("here:3:20"), 3);
    EXPECT_EQ(pass_of_the_end("here:11"), 0);
    EXPECT_EQ(pass_of_the_end("there:1"), 0);
    EXPECT_EQ(pass_of_the_end(""), 0);
}

TEST(KillPointTest, NoFaultIsPlantedUnlessAsked) {
    EXPECT_FALSE(HOMESPUN_PLANTED_FAULT("acknowledge_before_commit"));
}

}  // namespace
}  // namespace homespun::sys
