#include "sync/auth/nonce_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace homespun::sync::auth {
namespace {

TEST(NonceCache, TellsRepeatsUntilTheyWouldBeRefusedAnyway) {
    NonceCache cache(1000);
    EXPECT_TRUE(cache.add("id", "n", "1", 0, 100));
    EXPECT_FALSE(cache.add("id", "n", "1", 50, 150));
    EXPECT_TRUE(cache.add("id", "n", "2", 50, 150));
    EXPECT_TRUE(cache.add("id2", "n", "1", 50, 150));
    EXPECT_TRUE(cache.add("id", "m", "1", 50, 150));
    EXPECT_FALSE(cache.add("id", "n", "1", 100, 200));
    EXPECT_TRUE(cache.add("id", "n", "1", 101, 201)) << "by now its timestamp is refused";
}

TEST(NonceCache, IsBoundedAndForgetsTheOldest) {
    constexpr std::size_t most = 160;
    NonceCache cache(most);
    for (int i = 0; i < 5000; ++i)
        EXPECT_TRUE(cache.add("id", std::to_string(i), "1", i, 1'000'000));
    EXPECT_LE(cache.size(), most);
    EXPECT_GT(cache.size(), most / 2);
    EXPECT_FALSE(cache.add("id", "4999", "1", 5000, 1'000'000));
    EXPECT_TRUE(cache.add("id", "0", "1", 5000, 1'000'000)) << "long forgotten";
}

TEST(NonceCache, OfManyThreadsOneIsTheFirst) {
    NonceCache cache(100'000);
    constexpr int rounds = 2000;
    std::atomic<int> accepted = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < rounds; ++i)
                accepted += cache.add("id", std::to_string(i), "1", 0, 100) ? 1 : 0;
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(accepted, rounds);
}

}  // namespace
}  // namespace homespun::sync::auth
