#include "sync/store/sqlite/database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

class StoreDatabaseTest : public testing::Test {
  protected:
    [[nodiscard]] std::string path() const { return folder_ / "a.db"; }

    const sys::ScratchFolder folder_;
};

TEST_F(StoreDatabaseTest, WantOfSpaceOrQuotaMayPassAFailedFsyncDoesNot) {
    EXPECT_TRUE((SqlError{SQLITE_FULL, ""}.may_pass()));
    EXPECT_TRUE((SqlError{SQLITE_IOERR_SHMSIZE, ""}.may_pass()));
    for (const int reason : {ENOSPC, EDQUOT, EROFS}) {
        EXPECT_TRUE((SqlError{SQLITE_IOERR_WRITE, "", reason}.may_pass()));
        EXPECT_TRUE((SqlError{SQLITE_IOERR_SHMMAP, "", reason}.may_pass()));
        EXPECT_FALSE((SqlError{SQLITE_IOERR_FSYNC, "", reason}.may_pass()));
        EXPECT_FALSE((SqlError{SQLITE_CORRUPT, "", reason}.may_pass()));
    }
    EXPECT_FALSE((SqlError{SQLITE_IOERR_WRITE, "", EIO}.may_pass()));
}

TEST_F(StoreDatabaseTest, ProgramsThatOpenANewFileTogetherAllSucceed) {
    constexpr int programs = 4;
    for (int round = 0; round < 25; ++round) {
        const auto file = folder_ / (std::to_string(round) + ".db");
        std::barrier together(programs);
        std::atomic<int> opened = 0;
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < programs; ++i) {
                threads.emplace_back([&] {
                    together.arrive_and_wait();
                    if (Database::open(file, {})) ++opened;
                });
            }
        }
        ASSERT_EQ(opened, programs);
    }
}

TEST_F(StoreDatabaseTest, AFailureToOpenNamesTheSystemsReason) {
    const auto refused = Database::open(folder_ / "missing/a.db", {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().system_errno, ENOENT);
    EXPECT_FALSE(refused.error().may_pass());
}

TEST_F(StoreDatabaseTest, AWalThatGrewIsCutBack) {
    auto database = Database::open(path(), {.autocheckpoint_pages = 0, .journal_size_limit = 100'000});
    ASSERT_TRUE(database) << database.error().message;
    ASSERT_TRUE(database->execute("CREATE TABLE t(x); INSERT INTO t VALUES (zeroblob(2000000))"));
    ASSERT_GT(std::filesystem::file_size(path() + "-wal"), 2'000'000u);
    // The first commit after a whole checkpoint begins the log anew, and cuts it.
    ASSERT_TRUE(database->execute("PRAGMA wal_checkpoint(PASSIVE)"));
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1)"));
    EXPECT_LE(std::filesystem::file_size(path() + "-wal"), 100'000u);
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
