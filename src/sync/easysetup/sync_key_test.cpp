#include "sync/easysetup/sync_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace homespun::sync::easysetup {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SyncKeyTest, IsTakenAsPeopleWriteIt) {
    for (const auto* written : {"q7ynpwq7vsc9m34hankbyi3s3i", "Q-7YNPW-Q7VSC-9M34H-ANKBY-I3S3I\n",
                                " q 7ynpw q7vsc 9m34h ankby i3s3i\r\n"}) {
        const auto key = parse_sync_key(written);
        ASSERT_TRUE(key) << key.error().message;
        EXPECT_EQ(*key, "q7ynpwq7vsc9m34hankbyi3s3i");
    }
}

TEST(SyncKeyTest, WhatIsNoneIsRefusedWithoutRepeatingIt) {
    for (const auto& [written, why] : {std::pair("", "has 0 characters"),
                                       {"q7ynpwq7vsc9m34hankbyi3s3", "has 25 characters"},
                                       {"q7ynpwq7vsc9m34hankbyi3s3ii", "has 27 characters"},
                                       {"q7ynpwq7vsc9m34hankbyi3s3l", "character 26"},
                                       {"1", "character 1 "},
                                       {"q-\xc3\xa4", "character 2 "}}) {
        const auto key = parse_sync_key(written);
        ASSERT_FALSE(key) << written;
        EXPECT_THAT(key.error().message, HasSubstr(why));
        EXPECT_THAT(key.error().message, Not(HasSubstr("q7yn")));
    }
}

}  // namespace
}  // namespace homespun::sync::easysetup
