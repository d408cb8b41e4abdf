#include "seism/dashboard/results.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace homespun::seism {
namespace {

class ResultsTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "seism-results-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, std::string_view text, std::ios::openmode mode = std::ios::trunc) {
        std::ofstream(folder_ + "/" + name, std::ios::binary | mode) << text;
    }
    [[nodiscard]] Results results() const { return *Results::open(folder_); }

    std::string folder_;
};

TEST_F(ResultsTest, FollowsAFileThatGrowsByWholeLines) {
    EXPECT_FALSE(results().lines("requests.jsonl", "", 0));
    write("requests.jsonl", "one\ntwo\nhal");
    const auto first = results().lines("requests.jsonl", "", 0);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->bytes, "one\ntwo\n");
    EXPECT_EQ(results().lines("requests.jsonl", first->file, first->next)->bytes, "");
    write("requests.jsonl", "f\nfour\n", std::ios::app);
    const auto second = results().lines("requests.jsonl", first->file, first->next);
    EXPECT_EQ(second->bytes, "half\nfour\n");
    EXPECT_EQ(second->file, first->file);
}

TEST_F(ResultsTest, BeginsAnewWithAnotherFileOfThatName) {
    write("requests.jsonl", "one\ntwo\n");
    const auto first = results().lines("requests.jsonl", "", 0);
    write("new", "three\nfour\nfive\n");
    std::filesystem::rename(folder_ + "/new", folder_ + "/requests.jsonl");
    const auto second = results().lines("requests.jsonl", first->file, first->next);
    EXPECT_EQ(second->bytes, "three\nfour\nfive\n");
    EXPECT_NE(second->file, first->file);
    write("requests.jsonl", "x\n");  // shorter than what was read
    EXPECT_EQ(results().lines("requests.jsonl", second->file, second->next)->bytes, "x\n");
}

TEST_F(ResultsTest, PassesOverALineWithoutAnEnd) {
    write("requests.jsonl", std::string(3U << 20, 'x') + "\nlast\n");
    Results::Piece piece;
    std::string all;
    for (int turn = 0; turn < 5; ++turn) {
        piece = *results().lines("requests.jsonl", piece.file, piece.next);
        all += piece.bytes;
    }
    EXPECT_TRUE(all.ends_with("\nlast\n")) << all.size();
}

TEST_F(ResultsTest, GivesAWholeFileOnce) {
    write("verdict.json", "{}");
    const auto first = results().whole("verdict.json", "");
    EXPECT_EQ(first->bytes, "{}");
    EXPECT_EQ(results().whole("verdict.json", first->file)->bytes, "");
    write("verdict.json", R"({"schema":1})");
    EXPECT_EQ(results().whole("verdict.json", first->file)->bytes, R"({"schema":1})");
}

TEST_F(ResultsTest, ReadsNoLinksPipesOrDirectories) {
    write("secret", "no\n");
    std::filesystem::create_symlink(folder_ + "/secret", folder_ + "/events.jsonl");
    ASSERT_EQ(::mkfifo((folder_ + "/requests.jsonl").c_str(), 0600), 0);
    std::filesystem::create_directory(folder_ + "/verdict.json");
    EXPECT_FALSE(results().lines("events.jsonl", "", 0));
    EXPECT_FALSE(results().lines("requests.jsonl", "", 0));
    EXPECT_FALSE(results().whole("verdict.json", ""));
    EXPECT_FALSE(Results::open(folder_ + "/secret"));
    EXPECT_FALSE(Results::open(folder_ + "/missing"));
}

}  // namespace
}  // namespace homespun::seism
