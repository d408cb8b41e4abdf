// What the writer does between groups, on a disk whose fsync fails: the shard takes no more writes then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <thread>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/fault_vfs_test.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sync/store/store_contract_test.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class ShardUpkeepTest : public testing::Test {
  protected:
    void open(milliseconds idle_after) {
        store_.reset();
        Options options{.directory = folder_ / "store", .shards = 1, .clock = clock_, .logger = logger_};
        options.idle_after = idle_after;
        options.purge_every = milliseconds(10);
        options.vfs = FaultVfs::name;
        auto opened = SqliteStore::open(options);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    Outcome<Timestamp> post(std::vector<RecordUpdate> updates) {
        clock_.advance_ms(10);
        return run_on(loop_,
                      [&] { return modified_of(store_->post(loop_, 1, "col", std::move(updates), {})); });
    }
    [[nodiscard]] bool takes_no_more_writes(milliseconds limit = std::chrono::seconds(5)) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (store_->healthy() && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(milliseconds(5));
        vfs_.sync_fails = vfs_.database_sync_fails = false;
        return !store_->healthy() && !post({{"later", "x", {}, {}}});
    }
    [[nodiscard]] std::string wal() const { return shard_path(folder_ / "store", 0) + "-wal"; }

    sys::ScratchFolder folder_;
    FaultVfs vfs_;
    base::ManualClock clock_{1'700'000'000'000};
    base::NullLogger logger_;
    ThreadExecutor loop_;
    std::unique_ptr<SqliteStore> store_;
};

TEST_F(ShardUpkeepTest, AFailedFsyncOfACheckpointIsFinal) {
    open(milliseconds(10));
    vfs_.database_sync_fails = true;  // which no commit syncs
    ASSERT_TRUE(post({{"a", "x", {}, {}}}));
    EXPECT_TRUE(takes_no_more_writes());
}

TEST_F(ShardUpkeepTest, AFailedFsyncOfAPurgeIsFinal) {
    open(milliseconds(0));
    ASSERT_TRUE(post({{"a", "x", {}, 10}}));
    // At rest, with nothing left to checkpoint: of all that is to come only the purge syncs the WAL.
    std::this_thread::sleep_for(milliseconds(300));
    vfs_.sync_fails = true;
    clock_.advance_ms(20'000);
    EXPECT_TRUE(takes_no_more_writes());
}

TEST_F(ShardUpkeepTest, AFailedFsyncOfAVacuumIsFinal) {
    open(milliseconds(500));
    std::vector<RecordUpdate> records;
    for (int i = 0; i < 30; ++i)
        records.push_back({std::to_string(i), std::string(100'000, 'x'), {}, {}});
    ASSERT_TRUE(post(std::move(records)));
    clock_.advance_ms(10);
    ASSERT_TRUE(run_on(loop_, [&] { return store_->remove_collection(loop_, 1, "col", {}); }));
    // The purge follows at once and does not sync; the vacuum comes when half a second has been quiet, and
    // the checkpoint after that.
    vfs_.sync_fails = true;
    EXPECT_TRUE(takes_no_more_writes());
}

TEST_F(ShardUpkeepTest, AShardThatTakesNoWritesRests) {
    open(milliseconds(10));
    vfs_.sync_fails = true;
    ASSERT_FALSE(post({{"a", "x", {}, {}}}));
    std::this_thread::sleep_for(milliseconds(50));  // by then the next purge would be due
    const auto before = std::clock();
    std::this_thread::sleep_for(milliseconds(400));
    EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 10);
}

// The WAL is read anew, with its checksums, before anything of it goes into the database.
TEST_F(ShardUpkeepTest, WhatWasNotSyncedIsNotCheckpointedAtTheEndEither) {
    open(std::chrono::seconds(60));
    ASSERT_TRUE(post({{"a", "kept", {}, {}}}));
    vfs_.sync_fails = true;
    ASSERT_FALSE(post({{"b", "refused", {}, {}}}));
    vfs_.sync_fails = false;
    store_.reset();
    ASSERT_TRUE(fs::exists(wal()));
    EXPECT_GT(fs::file_size(wal()), 0u);
    open(milliseconds(10));
    EXPECT_TRUE(post({{"c", "again", {}, {}}}));
    std::vector<std::string> found;
    const auto listed = run_on(loop_, [&] {
        return store_->list(loop_, 1, "col", {}, {},
                            [&](const RecordView& record) { found.emplace_back(record.id); });
    });
    ASSERT_TRUE(listed);
    EXPECT_THAT(found, testing::IsSupersetOf({"a", "c"}));  // what was refused is done or not
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
