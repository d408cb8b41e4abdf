#include "sync/ops/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace homespun::sync::ops {
namespace {

using testing::HasSubstr;

Manifest whole() {
    const std::string sum(64, 'a');
    return {"0.1.0",
            1'700'000'000'000,
            "name",
            2,
            {{"store/shard-0.db", 2, 10, sum, {{"bso", 3}, {"collection", 1}}},
             {"store/shard-1.db", 2, 10, sum, {}},
             {"token.db", 1, 10, sum, {}},
             {"accounts.db", 1, 10, sum, {}},
             {"secrets.json", 0, 10, sum, {}}},
            {"token.db: user 7 is on node 3, which is missing"}};
}

TEST(ManifestTest, IsReadBackAsItWasWritten) {
    const auto read = Manifest::parse(whole().to_json());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, whole());
    EXPECT_EQ(utc_text(1'700'000'000'000), "2023-11-14T22:13:20Z");
}

TEST(ManifestTest, EveryTruncationIsRefused) {
    const auto text = whole().to_json();
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(Manifest::parse(text.substr(0, size))) << size;
}

TEST(ManifestTest, NamesThatLeaveTheBackupAreRefused) {
    for (const char* name :
         {"../accounts.db", "/etc/passwd", "store/shard-2.db", "store/shard-00.db", "lease"}) {
        auto manifest = whole();
        manifest.files[1].name = name;
        EXPECT_FALSE(Manifest::parse(manifest.to_json())) << name;
        manifest = whole();
        manifest.files.push_back(manifest.files[1]);
        manifest.files.back().name = name;
        EXPECT_FALSE(Manifest::parse(manifest.to_json())) << name;
    }
}

TEST(ManifestTest, AMissingFileIsNamed) {
    auto manifest = whole();
    manifest.files.erase(manifest.files.begin() + 2);
    EXPECT_THAT(Manifest::parse(manifest.to_json()).error().message, HasSubstr("token.db"));
    manifest = whole();
    manifest.shards = 3;
    EXPECT_THAT(Manifest::parse(manifest.to_json()).error().message, HasSubstr("shard-2.db"));
}

TEST(ManifestTest, ANewerFormatIsRefusedWithAdvice) {
    auto text = whole().to_json();
    text.replace(text.find("\"homespun_backup\":1"), 19, "\"homespun_backup\":2");
    EXPECT_THAT(Manifest::parse(text).error().message, HasSubstr("newer version"));
}

}  // namespace
}  // namespace homespun::sync::ops
