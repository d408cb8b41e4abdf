// The server is killed while people sign up: who was told that he has an account has one.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "faults/household.hpp"
#include "integration/running_server.hpp"

namespace homespun::tests {
namespace {

using namespace std::chrono_literals;

constexpr int rounds = 5;
constexpr std::size_t families = 3;  // who sign up at the same time

std::string address(int round, std::size_t family, int child) {
    return "p" + std::to_string(round) + "-" + std::to_string(family) + "-" + std::to_string(child) +
           "@example.org";
}

/// Signs up one after the other until the server is gone; how many were told that it was done. The one after
/// them was not.
int sign_up_until_the_end(const std::string& root, int round, std::size_t family) {
    Household home(root);
    for (int child = 0;; ++child) {
        const auto answer = home.try_sign_up(address(round, family, child));
        const bool too_many = answer.status == 429;  // from one address
        if (answer.status == 0 || too_many) return child;
        if (answer.status == 200) continue;
        ADD_FAILURE() << answer.status << ": " << answer.body;
        return child;
    }
}

TEST(AccountKillTest, WhoWasSignedUpCanSignIn) {
    const sys::ScratchFolder data;
    const auto port = free_port();
    std::mt19937 dice(std::random_device{}());
    int signed_up = 0;
    for (int round = 0; round < rounds; ++round) {
        std::vector<int> children(families);
        {
            RunningServer server(data.path(), {"--no-arbiter", "--signup", "open"}, port);
            ASSERT_TRUE(server.ready()) << server.output();
            std::vector<std::thread> threads;
            for (std::size_t family = 0; family < families; ++family) {
                threads.emplace_back(
                    [&, family] { children[family] = sign_up_until_the_end(server.root(), round, family); });
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(300 + dice() % 400));
            server.kill_now();
            for (auto& thread : threads)
                thread.join();
        }
        RunningServer server(data.path(), {"--no-arbiter", "--signup", "open"}, port);
        ASSERT_TRUE(server.ready()) << server.output();
        Household home(server.root());
        for (std::size_t family = 0; family < families; ++family) {
            signed_up += children[family];
            for (int child = 0; child < children[family]; ++child) {
                const auto name = address(round, family, child);
                const auto answer = home.try_sign_in(name);
                EXPECT_EQ(answer.status, 200) << name << ": " << answer.body;
            }
            // Done or not done, but not in between: whoever is no member yet can become one.
            const auto unsure = address(round, family, children[family]);
            const auto is_member = home.try_sign_in(unsure).status == 200;
            EXPECT_EQ(home.try_sign_up(unsure).status, is_member ? 400 : 200) << unsure;
            EXPECT_EQ(home.try_sign_in(unsure).status, 200) << unsure;
        }
    }
    EXPECT_GE(signed_up, rounds);
}

}  // namespace
}  // namespace homespun::tests
