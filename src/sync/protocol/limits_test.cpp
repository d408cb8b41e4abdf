#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/protocol/bso.hpp"

namespace homespun::sync::protocol {
namespace {

using testing::HasSubstr;

TEST(LimitTableTest, ACollectionMayHaveItsOwn) {
    LimitTable table;
    ASSERT_TRUE(table.add("newtab-images:max_post_bytes=20971520:max_request_bytes=26214400"));
    EXPECT_EQ(table.of("newtab-images").max_post_bytes, 20'971'520u);
    EXPECT_EQ(table.of("newtab-images").max_post_records, 100u);
    EXPECT_EQ(table.of("bookmarks").max_post_bytes, 2'621'440u);
    EXPECT_EQ(table.largest_request(), 26'214'400u);
    EXPECT_TRUE(table.check());
}

TEST(LimitTableTest, MistakesAreTold) {
    LimitTable table;
    const auto why = [&](std::string_view text) {
        const auto added = table.add(text);
        return added ? std::string() : added.error().message;
    };
    EXPECT_THAT(why(""), HasSubstr("missing"));
    EXPECT_THAT(why("no/name:max_post_bytes=5"), HasSubstr("no name"));
    EXPECT_THAT(why("a:max_post_records=5"), HasSubstr("no limit"));
    EXPECT_THAT(why("a:max_post_bytes"), HasSubstr("number"));
    EXPECT_THAT(why("a:max_post_bytes=-5"), HasSubstr("number"));
    EXPECT_EQ(why("a:max_post_bytes=2000:max_record_payload_bytes=2000"), "");
    EXPECT_THAT(why("a:max_post_bytes=5"), HasSubstr("twice"));
}

TEST(LimitTableTest, LimitsMustFitEachOther) {
    const auto why = [](Limits limits) {
        const auto good = LimitTable{.general = limits}.check();
        return good ? std::string() : good.error().message;
    };
    EXPECT_EQ(why({}), "");
    EXPECT_THAT(why({.max_post_records = 0}), HasSubstr("limits.max_post_records (0) lets nobody"));
    EXPECT_THAT(why({.max_record_payload_bytes = 3'000'000}), HasSubstr("could not be posted"));
    EXPECT_THAT(why({.max_request_bytes = 2'621'440 + 4095}), HasSubstr("4096 more"));
    EXPECT_EQ(why({.max_request_bytes = 2'621'440 + 4096}), "");
    EXPECT_THAT(why({.max_total_records = 99}), HasSubstr("whole batch"));
    EXPECT_THAT(why({.max_request_bytes = std::uint64_t{1} << 40}), HasSubstr("at most"));
    LimitTable table;
    ASSERT_TRUE(table.add("big:max_record_payload_bytes=5000000"));
    EXPECT_THAT(table.check().error().message,
                HasSubstr("limits.collections: \"big\": max_record_payload_bytes (5000000) is above "
                          "max_post_bytes (2621440)"));
}

}  // namespace
}  // namespace homespun::sync::protocol
