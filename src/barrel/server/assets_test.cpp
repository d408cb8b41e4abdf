#include "barrel/server/assets.hpp"
#include "sys/scratch_folder_fixture.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace homespun::barrel {
namespace {

constexpr std::array<EmbeddedAssets::Entry, 2> entries = {{{"a/b.html", "<p>"}, {"c", ""}}};

TEST(EmbeddedAssets, FindsByName) {
    const EmbeddedAssets assets(entries);
    EXPECT_EQ(assets.find("a/b.html")->bytes, "<p>");
    EXPECT_FALSE(assets.find("a"));
    EXPECT_FALSE(assets.find("/a/b.html"));
}

TEST(Assets, TagsFollowTheBytes) {
    EXPECT_EQ(etag_of("a"), etag_of("a"));
    EXPECT_NE(etag_of("a"), etag_of("b"));
    EXPECT_TRUE(etag_of("a").starts_with('"') && etag_of("a").ends_with('"'));
}

TEST(Assets, TypesFollowTheExtension) {
    EXPECT_EQ(content_type_of("a/b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(content_type_of("a.min.js"), "text/javascript; charset=utf-8");
    EXPECT_EQ(content_type_of("a.b/c"), "application/octet-stream");
    EXPECT_EQ(content_type_of("x.unknown"), "application/octet-stream");
}

TEST(Assets, UnsafeNames) {
    for (const char* name : {"", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "a\\b", "."})
        EXPECT_FALSE(is_safe_asset_name(name)) << name;
    EXPECT_FALSE(is_safe_asset_name(std::string_view("a\0b", 3)));
    EXPECT_TRUE(is_safe_asset_name("a/b..c/d.e"));
}

class DirectoryAssetsTest : public testing::Test {
  protected:
    DirectoryAssetsTest() {
        std::filesystem::create_directories(root_ / "site/sub");
        write("site/a.txt", "hello");
        write("site/sub/b.txt", "deep");
        write("site/.secret", "no");
        write("outside.txt", "no");
    }
    void write(const std::string& name, std::string_view text) const { std::ofstream(root_ / name) << text; }
    [[nodiscard]] DirectoryAssets open() const {
        return std::move(*DirectoryAssets::open((root_ / "site").string()));
    }

    sys::ScratchFolder folder_;
    const std::filesystem::path root_ = folder_.path();
};

TEST_F(DirectoryAssetsTest, ReadsFiles) {
    const DirectoryAssets assets = open();
    EXPECT_EQ(assets.find("a.txt")->bytes, "hello");
    EXPECT_EQ(assets.find("sub/b.txt")->bytes, "deep");
}
TEST_F(DirectoryAssetsTest, SeesChanges) {
    const DirectoryAssets assets = open();
    const std::string before = assets.find("a.txt")->etag;
    write("site/a.txt", "other");
    EXPECT_NE(assets.find("a.txt")->etag, before);
}
TEST_F(DirectoryAssetsTest, NeverLeavesItsDirectory) {
    EXPECT_FALSE(open().find("../outside.txt"));
}
TEST_F(DirectoryAssetsTest, ServesNoDotFiles) {
    EXPECT_FALSE(open().find(".secret"));
}
TEST_F(DirectoryAssetsTest, ServesNoDirectories) {
    EXPECT_FALSE(open().find("sub"));
}
TEST_F(DirectoryAssetsTest, FollowsNoLinkToAFile) {
    std::filesystem::create_symlink(root_ / "outside.txt", root_ / "site/link.txt");
    EXPECT_FALSE(open().find("link.txt"));
}
TEST_F(DirectoryAssetsTest, FollowsNoLinkToADirectory) {
    std::filesystem::create_directory_symlink(root_, root_ / "site/up");
    EXPECT_FALSE(open().find("up/outside.txt"));
}
TEST_F(DirectoryAssetsTest, DoesNotWaitForAFifo) {
    ASSERT_EQ(::mkfifo((root_ / "site/fifo").c_str(), 0600), 0);
    EXPECT_FALSE(open().find("fifo"));
}
TEST_F(DirectoryAssetsTest, MissingDirectoriesAreTold) {
    EXPECT_FALSE(DirectoryAssets::open((root_ / "nowhere").string()));
}

}  // namespace
}  // namespace homespun::barrel
