#include "sync/accounts/passwords.hpp"

#include <gtest/gtest.h>

#include <latch>

#include "sync/accounts/test_loop.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr StretchCost cheap{.passes = 1, .memory_kib = 64, .lanes = 1};
const std::string auth_pw(32, 'a');
const std::string salt(password_salt_size, 's');

TEST(Passwords, SameInputSameHalves) {
    const auto one = stretch_on_server(auth_pw, salt, cheap);
    const auto two = stretch_on_server(auth_pw, salt, cheap);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->verify_hash, two->verify_hash);
    EXPECT_EQ(one->wrapwrap_key, two->wrapwrap_key);
}

TEST(Passwords, EverythingCounts) {
    const auto base = stretch_on_server(auth_pw, salt, cheap).value().verify_hash;
    EXPECT_NE(stretch_on_server(std::string(32, 'b'), salt, cheap).value().verify_hash, base);
    EXPECT_NE(stretch_on_server(auth_pw, std::string(password_salt_size, 't'), cheap).value().verify_hash,
              base);
    EXPECT_NE(
        stretch_on_server(auth_pw, salt, {.passes = 2, .memory_kib = 64, .lanes = 1}).value().verify_hash,
        base);
    EXPECT_NE(stretch_on_server(auth_pw, salt, {}).value().verify_hash, base);
}

TEST(Passwords, CostOutOfRangeIsAnError) {
    EXPECT_FALSE(stretch_on_server(auth_pw, salt, {.passes = 0, .memory_kib = 64, .lanes = 1}));
    EXPECT_FALSE(stretch_on_server(auth_pw, salt, {.passes = 1, .memory_kib = 1, .lanes = 1}));
}

TEST(Passwords, RunsOnThePoolAndComesHome) {
    sys::BlockingPool pool(1, 4);
    TestLoop loop;
    Passwords passwords(pool);
    const auto halves = loop.run(passwords.stretch(loop, auth_pw, salt, cheap));
    ASSERT_TRUE(halves);
    EXPECT_EQ(halves->verify_hash, stretch_on_server(auth_pw, salt, cheap)->verify_hash);
    const auto failed = loop.run(passwords.stretch(loop, auth_pw, salt, {.passes = 0}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().reason, "password_memory");
}

TEST(Passwords, FullQueueRefusesAtOnce) {
    std::latch running(1);
    std::latch release(1);
    sys::BlockingPool pool(1, 1);  // last, so that it is joined before the latches go
    ASSERT_TRUE(pool.submit([&] {
        running.count_down();
        release.wait();
    }));
    running.wait();
    ASSERT_TRUE(pool.submit([] {}));
    TestLoop loop;
    Passwords passwords(pool);
    const auto refused = loop.run(passwords.stretch(loop, auth_pw, salt, cheap));
    release.count_down();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "password_queue_full");
}

}  // namespace
}  // namespace homespun::sync::accounts
