#include "sync/auth/login_memory.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::auth {
namespace {

constexpr std::int64_t life_ms = 1000;

class LoginMemoryTest : public testing::Test {
  protected:
    void remember(const std::string& name, std::string_view password, std::int64_t now_ms) {
        memory.remember({.id = 7, .name = name}, password, memory.moment(), now_ms);
    }
    bool knows(std::string_view name, std::string_view password, std::int64_t now_ms) {
        const auto user = memory.find(name, password, now_ms);
        return user && user->name == name;
    }
    base::SystemRandom random;
    LoginMemory memory{life_ms, random, 3};
};

TEST_F(LoginMemoryTest, KnowsALoginForAWhile) {
    remember("ann", "secret", 5000);
    EXPECT_TRUE(knows("ann", "secret", 5000));
    EXPECT_TRUE(knows("ann", "secret", 5999));
    EXPECT_FALSE(knows("ann", "secret", 6000));
    EXPECT_FALSE(knows("ann", "secret", 5500)) << "gone is gone";
}

TEST_F(LoginMemoryTest, AnotherPasswordOrNameIsUnknown) {
    remember("ann", "secret", 5000);
    EXPECT_FALSE(knows("ann", "Secret", 5000));
    EXPECT_FALSE(knows("ann", "", 5000));
    EXPECT_FALSE(knows("bob", "secret", 5000));
    EXPECT_TRUE(knows("ann", "secret", 5000)) << "a wrong try does not end it";
}

TEST_F(LoginMemoryTest, AClockThatIsSetBackEndsIt) {
    remember("ann", "secret", 5000);
    EXPECT_FALSE(knows("ann", "secret", 4999));
}

TEST_F(LoginMemoryTest, ForgetsOnDemand) {
    remember("ann", "secret", 5000);
    memory.forget("ann");
    EXPECT_FALSE(knows("ann", "secret", 5000));
}

TEST_F(LoginMemoryTest, ALoginOvertakenByAChangeIsNotKept) {
    const auto asked_at = memory.moment();
    memory.forget("ann");  // the password was changed while the back-end was asked about the old one
    memory.remember({.id = 7, .name = "ann"}, "old", asked_at, 5000);
    EXPECT_FALSE(knows("ann", "old", 5000));
}

TEST_F(LoginMemoryTest, ANameInDoubtIsNotRememberedForAWhile) {
    remember("ann", "old", 5000);
    memory.distrust("ann", 5000);
    EXPECT_FALSE(knows("ann", "old", 5001));
    EXPECT_FALSE(knows("ann", "", 5001));
    remember("ann", "old", 5001);
    EXPECT_FALSE(knows("ann", "old", 5001));
    memory.forget("ann");  // a second change went well; the first may still come
    remember("ann", "new", 5002);
    EXPECT_FALSE(knows("ann", "new", 5002));
    remember("bob", "secret", 5002);
    EXPECT_TRUE(knows("bob", "secret", 5002));
    remember("ann", "new", 5000 + LoginMemory::doubt_ms);
    EXPECT_TRUE(knows("ann", "new", 5000 + LoginMemory::doubt_ms));
}

TEST_F(LoginMemoryTest, TheOldestGoesFirst) {
    for (const auto* name : {"a", "b", "c", "a", "d"})
        remember(name, "secret", 5000);
    EXPECT_TRUE(knows("a", "secret", 5000));
    EXPECT_FALSE(knows("b", "secret", 5000));
    EXPECT_TRUE(knows("c", "secret", 5000));
    EXPECT_TRUE(knows("d", "secret", 5000));
}

TEST_F(LoginMemoryTest, WithoutALifeNothingIsKept) {
    LoginMemory none(0, random);
    none.remember({.id = 7, .name = "ann"}, "secret", none.moment(), 5000);
    EXPECT_FALSE(none.find("ann", "secret", 5000));
}

}  // namespace
}  // namespace homespun::sync::auth
