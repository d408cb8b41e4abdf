#include "sync/protocol/accept.hpp"

#include <gtest/gtest.h>

using namespace homespun::sync::protocol;

namespace {

constexpr auto json = "application/json";

TEST(AcceptTest, TheMostSpecificEntryCounts) {
    EXPECT_EQ(accept_quality("*/*;q=0.1, application/*;q=0.5, application/json;q=0.9", json), 0.9);
    EXPECT_EQ(accept_quality("application/*;q=0.5, */*", json), 0.5);
    EXPECT_EQ(accept_quality("text/html, */*;q=0.2", json), 0.2);
    EXPECT_EQ(accept_quality("text/html", json), 0);
    EXPECT_EQ(accept_quality("APPLICATION/Json ; charset=x; Q=0.25", json), 0.25);
    EXPECT_EQ(accept_quality("application/json;q=much", json), 0);
    EXPECT_EQ(accept_quality("", json), 0);
    EXPECT_EQ(accept_quality(",,;q=1,", json), 0);
}

TEST(AcceptTest, OnlyTheTypesOwnNameNamesIt) {
    EXPECT_EQ(named_quality("*/*, application/*", json), std::nullopt);
    EXPECT_EQ(named_quality("*/*, application/json;q=0.5", json), 0.5);
}

}  // namespace
