#include "sync/accounts/rate_limit.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::accounts {
namespace {

constexpr std::int64_t start = 1'700'000'000'000;
constexpr std::int64_t second = 1000;

/// Waits as long as it is told to and tries again; gives the waits in seconds.
std::vector<std::int64_t> waits(RateLimit& limit, std::int64_t& now, int tries) {
    std::vector<std::int64_t> list;
    for (int i = 0; i < tries; ++i) {
        const auto admitted = limit.admit("a", now);
        list.push_back(admitted ? 0 : admitted.error().retry_after_s);
        if (!admitted) now += admitted.error().retry_after_s * second;
    }
    return list;
}

TEST(RateLimit, TenTriesThenGrowingWaits) {
    RateLimit limit({});
    std::int64_t now = start;
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(limit.admit("a", now)) << i;
    EXPECT_EQ(waits(limit, now, 12), (std::vector<std::int64_t>{5, 0, 5, 0, 10, 0, 20, 0, 40, 0, 60, 0}));
    EXPECT_FALSE(limit.admit("a", now));
    EXPECT_TRUE(limit.admit("b", now)) << "another key is not concerned";
}

TEST(RateLimit, TriesGrowBackOverTheWindow) {
    RateLimit limit({});
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(limit.admit("a", start));
    ASSERT_FALSE(limit.admit("a", start));
    int admitted = 0;
    while (limit.admit("a", start + 15 * 60 * second))
        ++admitted;
    EXPECT_EQ(admitted, 10);
}

TEST(RateLimit, RefundAndForget) {
    RateLimit limit({});
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(limit.admit("a", start));
    limit.refund("a");
    EXPECT_TRUE(limit.admit("a", start));
    EXPECT_FALSE(limit.admit("a", start));
    limit.forget("a");
    EXPECT_EQ(limit.size(), 0U);
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(limit.admit("a", start));
    limit.refund("unknown");
    limit.forget("unknown");
}

TEST(RateLimit, SlowSteadyUseIsNeverRefused) {
    RateLimit limit({.burst = 10, .window_ms = 60 * second});
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(limit.admit("a", start + i * 7 * second));
}

TEST(RateLimit, ClockThatIsSetBackNeitherBlocksForLongNorForgives) {
    RateLimit limit({});
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(limit.admit("a", start));
    const auto refused = limit.admit("a", start - 3600 * second);
    ASSERT_FALSE(refused);
    EXPECT_LE(refused.error().retry_after_s, 60);
}

TEST(RateLimit, NumberOfKeysIsBounded) {
    RateLimit limit({.most_keys = 100});
    for (int i = 0; i < 1000; ++i)
        (void)limit.admit(std::to_string(i), start);
    EXPECT_EQ(limit.size(), 100U);
}

TEST(RateLimit, OtherKeysDoNotWashOutABlockedOne) {
    RateLimit limit({});
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(limit.admit("victim", start));
    for (int i = 0; i < 25'000; ++i)
        ASSERT_TRUE(limit.admit(std::to_string(i), start + second));
    EXPECT_EQ(limit.size(), 20'000U);
    const auto refused = limit.admit("victim", start + second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry_after_s, 4);
}

TEST(RateLimit, OfBlockedKeysTheOneThatEndsFirstGoes) {
    RateLimit limit({.most_keys = 3});
    const auto block = [&](const std::string& key, std::int64_t now) {
        while (limit.admit(key, now)) {
        }
    };
    block("b", start + second);
    block("a", start);
    block("c", start + 2 * second);
    EXPECT_TRUE(limit.admit("new", start + 2 * second));
    EXPECT_EQ(limit.size(), 3U);
    EXPECT_FALSE(limit.admit("b", start + 2 * second));
    EXPECT_FALSE(limit.admit("c", start + 2 * second));
    EXPECT_TRUE(limit.admit("a", start + 2 * second)) << "it went, and takes the place of the new one";
    EXPECT_EQ(limit.size(), 3U);
    EXPECT_FALSE(limit.admit("b", start + 2 * second));
}

TEST(RateLimit, KeysWhoseBlockIsOverGoLikeOthers) {
    RateLimit limit({.most_keys = 3});
    for (const auto* key : {"a", "b", "c"}) {
        while (limit.admit(key, start)) {
        }
    }
    const auto later = start + 10 * second;
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(limit.admit("x", later));
    EXPECT_FALSE(limit.admit("x", later));
    for (int i = 0; i < 9; ++i) {
        EXPECT_TRUE(limit.admit("y", later)) << i;
        EXPECT_TRUE(limit.admit("z", later)) << i << ": new keys are counted, not dropped for each other";
    }
    limit.refund("x");
    EXPECT_TRUE(limit.admit("x", later));
    EXPECT_EQ(limit.size(), 3U);
    limit.forget("x");
    EXPECT_EQ(limit.size(), 2U);
}

TEST(AddressKey, NetworksAndMappedAddresses) {
    EXPECT_EQ(address_key("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(address_key("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(address_key("2001:db8:1:2:3:4:5:6"), address_key("2001:db8:1:2::1"));
    EXPECT_NE(address_key("2001:db8:1:2::1"), address_key("2001:db8:1:3::1"));
    EXPECT_EQ(address_key("fe80::1%eth0"), address_key("fe80::2"));
}

TEST(AddressKey, LocalPeers) {
    EXPECT_TRUE(is_local_peer("127.0.0.1"));
    EXPECT_TRUE(is_local_peer("127.8.0.1"));
    EXPECT_TRUE(is_local_peer("::1"));
    EXPECT_TRUE(is_local_peer("::ffff:127.0.0.1"));
    EXPECT_TRUE(is_local_peer("unix"));
    EXPECT_FALSE(is_local_peer("192.0.2.7"));
    EXPECT_FALSE(is_local_peer("2001:db8::1"));
    EXPECT_FALSE(is_local_peer(""));
}

}  // namespace
}  // namespace homespun::sync::accounts
