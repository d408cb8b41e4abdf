#include "sync/auth/access_token.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::auth {
namespace {

TEST(AccessTokenTest, HasTheScopesThatAreNamedWhole) {
    EXPECT_TRUE(has_scope("a b", "a"));
    EXPECT_TRUE(has_scope("a b", "b"));
    EXPECT_FALSE(has_scope("ab", "b"));
    EXPECT_FALSE(has_scope("a b", "a b"));
    EXPECT_FALSE(has_scope("", "a"));
    EXPECT_FALSE(has_scope("a  b", ""));
}

}  // namespace
}  // namespace homespun::sync::auth
