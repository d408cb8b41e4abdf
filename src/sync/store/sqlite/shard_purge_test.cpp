#include "sync/store/sqlite/shard_purge.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "sync/store/sqlite/fault_vfs_test.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

constexpr Timestamp now{1'000};

class ShardPurgeTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = Database::open(folder_ / "shard-0.db", {.vfs = FaultVfs::name});
        ASSERT_TRUE(opened) << opened.error().message;
        database_ = std::move(*opened);
        ASSERT_TRUE(create_shard(database_, {"test", 0, 1}));
        purge_ = std::make_unique<ShardPurge>(database_);
    }
    void TearDown() override { database_ = Database(); }

    void run(const std::string& sql) {
        const auto done = database_.execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::int64_t count(const char* sql) {
        auto row = database_.use(sql);
        EXPECT_TRUE(row.step().value_or(false));
        return row.integer(0);
    }
    void add_rubbish(int rows) {
        run("INSERT INTO collection(cid, user, name, modified) VALUES (1, 1, 'col', 1)");
        run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
            std::to_string(rows) +
            ") INSERT INTO bso(cid, id, modified, expiry, payload) SELECT 1, 'id' || i, 1, 2, 'x' FROM n");
    }
    /// Batch `number` with so many staged rows; a dead one has expired, an orphan is not there any more.
    void add_batch(int number, int rows, const char* kind) {
        const std::string text = std::to_string(number);
        const std::string_view is = kind;
        if (is != "orphan") {
            run("INSERT INTO batch(batch, user, collection, expiry) VALUES (" + text + ", 1, 'col', " +
                (is == "dead" ? "1" : "5000") + ")");
        }
        run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
            std::to_string(rows) + ") INSERT INTO batch_record(batch, id, payload) SELECT " + text +
            ", 'id' || i, 'x' FROM n");
    }
    /// One portion at a time, to the end; how many instructions of SQLite's machine it took.
    std::int64_t sweep() {
        std::int64_t steps = 0;
        sqlite3_progress_handler(
            database_.handle(), 1,
            [](void* sum) {
                ++*static_cast<std::int64_t*>(sum);
                return 0;
            },
            &steps);
        for (int portions = 0; portions < 10'000; ++portions) {
            const auto more = purge_->slice(now, {});
            EXPECT_TRUE(more) << more.error().message;
            if (!more || !*more) break;
        }
        sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr);
        return steps;
    }

    sys::ScratchFolder folder_;
    FaultVfs vfs_;
    Database database_;
    std::unique_ptr<ShardPurge> purge_;
};

TEST_F(ShardPurgeTest, WhatIsRolledBackWasNotRemoved) {
    add_rubbish(40);
    vfs_.wal_limit = 0;
    EXPECT_FALSE(purge_->slice(now, {}));
    EXPECT_EQ(purge_->removed(), 0);
    vfs_.wal_limit = INT64_MAX;
    sweep();
    EXPECT_EQ(purge_->removed(), 40);
    EXPECT_EQ(count("SELECT count(*) FROM bso"), 0);
}

TEST_F(ShardPurgeTest, StagedRowsGoWithTheirBatchAndLiveOnesStay) {
    for (int number = 1; number <= 30; ++number)
        add_batch(number, number * 3, number % 3 == 0 ? "live" : number % 3 == 1 ? "dead" : "orphan");
    sweep();
    EXPECT_EQ(count("SELECT count(*) FROM batch"), 10);
    EXPECT_EQ(count("SELECT count(*) FROM batch_record WHERE batch % 3 <> 0"), 0);
    EXPECT_EQ(count("SELECT count(*) FROM batch_record"), 3 * 165);
    // And again, when one of them has been committed.
    run("DELETE FROM batch WHERE batch = 3");
    sweep();
    EXPECT_EQ(count("SELECT count(*) FROM batch_record WHERE batch = 3"), 0);
}

TEST_F(ShardPurgeTest, LiveBatchesAreLookedAtOnceInASweep) {
    add_batch(1000, 3000, "orphan");
    const auto alone = sweep();
    for (int number = 1; number <= 500; ++number)
        add_batch(number, 1, "live");
    add_batch(1001, 3000, "orphan");
    const auto among_others = sweep();
    EXPECT_LT(among_others, alone + alone / 2) << "alone: " << alone;
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
