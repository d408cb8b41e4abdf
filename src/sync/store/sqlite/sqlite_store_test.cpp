#include "sync/store/sqlite/sqlite_store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/fault_vfs_test.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sync/store/store_contract_test.hpp"
#include "sync/store/store_contract_weave_test.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store {

namespace fs = std::filesystem;

class SqliteMaker final : public StoreMaker {
  public:
    explicit SqliteMaker(std::size_t remembered) : remembered_(remembered) {}
    std::unique_ptr<Store> open(const base::Clock& clock, base::Logger& logger,
                                const BatchLimits& limits) override {
        sqlite::Options options{
            .directory = directory_.path(), .shards = 2, .clock = clock, .logger = logger};
        options.limits = limits;
        options.remembered_entries = remembered_;
        options.idle_after = std::chrono::milliseconds(20);
        options.purge_every = std::chrono::milliseconds(20);
        auto store = sqlite::SqliteStore::open(options);
        if (!store) {
            ADD_FAILURE() << store.error().message;
            return nullptr;
        }
        return std::move(*store);
    }

  private:
    std::size_t remembered_;
    sys::ScratchFolder directory_;
};

INSTANTIATE_TEST_SUITE_P(sqlite, WeaveContract,
                         testing::Values([] { return std::make_unique<SqliteMaker>(65'536); }));
INSTANTIATE_TEST_SUITE_P(sqlite, StoreContract,
                         testing::Values([] { return std::make_unique<SqliteMaker>(65'536); }));
/// The table in memory holds one user at most: nearly everything is answered from the files.
INSTANTIATE_TEST_SUITE_P(sqlite_forgetful, StoreContract,
                         testing::Values([] { return std::make_unique<SqliteMaker>(1); }));

namespace sqlite {
namespace {

using testing::HasSubstr;

class SqliteStoreTest : public testing::Test {
  protected:
    base::Result<std::unique_ptr<SqliteStore>> open(std::size_t shards = 2, const char* vfs = nullptr) {
        Options options{
            .directory = directory_.path() + "/store", .shards = shards, .clock = clock_, .logger = logger_};
        options.idle_after = std::chrono::milliseconds(10);
        options.purge_every = std::chrono::milliseconds(10);
        options.vfs = vfs;
        pages_.push_back(std::make_unique<base::metrics::Page>());
        registry_ = std::make_unique<base::metrics::Registry>(*pages_.back());
        options.metrics = registry_.get();
        return SqliteStore::open(options);
    }
    /// Of the first shard of the store that was opened last.
    std::int64_t number(const std::string& name) const {
        const auto text = registry_->render();
        const auto line = "\n" + name + "{shard=\"0\"} ";
        const auto found = text.find(line);
        if (found == std::string::npos) {
            ADD_FAILURE() << name << " is not there";
            return -1;
        }
        return std::stoll(text.substr(found + line.size()));
    }
    std::string file(std::size_t shard) const { return shard_path(directory_.path() + "/store", shard); }
    Outcome<Timestamp> post(Store& store, UserId user, std::vector<RecordUpdate> updates) {
        clock_.advance_ms(10);
        return run_on(loop_,
                      [&] { return modified_of(store.post(loop_, user, "col", std::move(updates), {})); });
    }
    std::int64_t count_rows(std::size_t shard, const std::string& table) {
        auto database = Database::open(file(shard), {.read_only = true});
        EXPECT_TRUE(database) << database.error().message;
        const std::string sql = "SELECT count(*) FROM " + table;
        auto row = database->use(sql.c_str());
        EXPECT_TRUE(row.step().value());
        return row.integer(0);
    }
    bool eventually(const std::function<bool()>& holds,
                    std::chrono::milliseconds limit = std::chrono::seconds(5)) {
        for (int i = 0; i < limit.count() / 10; ++i) {
            if (holds()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }

    sys::ScratchFolder directory_;
    base::ManualClock clock_{1'700'000'000'000};
    base::NullLogger logger_;
    std::vector<std::unique_ptr<base::metrics::Page>> pages_;  ///< of all stores that were opened
    std::unique_ptr<base::metrics::Registry> registry_;
    ThreadExecutor loop_;
};

TEST_F(SqliteStoreTest, TheNumberOfShardsIsFixedAtCreation) {
    EXPECT_EQ((*open(3))->shards(), 3u);
    EXPECT_EQ((*open(5))->shards(), 3u);
    EXPECT_EQ((*open(0))->shards(), 3u);
    EXPECT_FALSE(fs::exists(file(3)));
}

TEST_F(SqliteStoreTest, TheShardOfAUserIsPartOfTheFormat) {
    EXPECT_EQ(shard_number(1, 2), 1u);
    EXPECT_EQ(shard_number(42, 7), 5u);
    EXPECT_EQ(shard_number(1'000'000, 16), 7u);
}

TEST_F(SqliteStoreTest, ANewerFormatIsRefusedWithAdvice) {
    ASSERT_TRUE(open());
    ASSERT_TRUE(Database::open(file(1), {})->set_user_version(shard_format + 1));
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message,
                HasSubstr(fmt::format("shard-1.db has storage format {}", shard_format + 1)));
    EXPECT_THAT(refused.error().message, HasSubstr("newer version"));
    EXPECT_THAT(refused.error().message, HasSubstr("backup"));
}

TEST_F(SqliteStoreTest, AnOlderFormatIsMigratedAfterACopy) {
    ASSERT_TRUE(open());
    auto database = Database::open(file(0), {});
    const Migration migration{shard_format,
                              [](Database& old) { return old.execute("CREATE TABLE added(x)"); }};
    ASSERT_TRUE(adopt_shard(*database, file(0), {&migration, 1}, shard_format + 1));
    EXPECT_EQ(database->user_version().value(), shard_format + 1);
    EXPECT_TRUE(database->execute("SELECT x FROM added"));
    EXPECT_EQ(Database::open(file(0) + fmt::format(".format-{}", shard_format), {})->user_version().value(),
              shard_format);
}

TEST_F(SqliteStoreTest, AFailedMigrationChangesNothing) {
    ASSERT_TRUE(open());
    auto database = Database::open(file(0), {});
    const Migration migration{shard_format, [](Database& old) {
                                  (void)old.execute("CREATE TABLE half(x)");
                                  return old.execute("nonsense");
                              }};
    const auto refused = adopt_shard(*database, file(0), {&migration, 1}, shard_format + 1);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("undone"));
    EXPECT_EQ(database->user_version().value(), shard_format);
    EXPECT_FALSE(database->execute("SELECT x FROM half"));
}

TEST_F(SqliteStoreTest, AMissingShardIsRefused) {
    ASSERT_TRUE(post(**open(), 1, {{"a", "x", {}, {}}}));
    fs::rename(file(1), file(1) + ".away");
    EXPECT_THAT(open().error().message, HasSubstr("shard-1.db is missing"));
    fs::rename(file(1) + ".away", file(1));
    fs::rename(file(0), file(0) + ".away");
    EXPECT_THAT(open().error().message, HasSubstr("shard-0.db is missing"));
}

TEST_F(SqliteStoreTest, AnInterruptedMakingIsDoneAgain) {
    ASSERT_TRUE(open());
    fs::remove(file(0));
    const auto again = open();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(post(**again, 1, {{"a", "x", {}, {}}}));
}

TEST_F(SqliteStoreTest, NoShardIsRemadeWhenOneWasInUseAndTheFirstIsLost) {
    ASSERT_TRUE(open(4));
    auto used = Database::open(file(3), {});
    ASSERT_TRUE(used->execute("INSERT INTO collection(user, name, modified) VALUES (1, 'col', 1)"));
    ASSERT_TRUE(used->execute("DELETE FROM collection"));  // its user has gone again
    *used = Database();
    fs::remove(file(0));
    const auto store_name = [&](std::size_t number) {
        auto database = Database::open(file(number), {});
        return read_identity(*database)->store;
    };
    const auto before = store_name(1);
    const auto refused = open(4);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("shard-0.db is missing"));
    EXPECT_THAT(refused.error().message, HasSubstr("shard-3.db has been in use"));
    EXPECT_EQ(store_name(1), before);
    EXPECT_FALSE(fs::exists(file(0)));
}

TEST_F(SqliteStoreTest, AForeignDatabaseInAShardsPlaceIsLeftAlone) {
    ASSERT_TRUE(open());
    fs::remove(file(0));
    fs::remove(file(1));
    ASSERT_TRUE(Database::open(file(1), {})->execute("CREATE TABLE theirs(x)"));
    EXPECT_FALSE(open());
    EXPECT_TRUE(Database::open(file(1), {})->execute("SELECT x FROM theirs"));
}

TEST_F(SqliteStoreTest, ShardsOfTwoStoresDoNotMix) {
    ASSERT_TRUE(open());
    fs::rename(file(1), directory_.path() + "/foreign");
    fs::remove_all(directory_.path() + "/store");
    ASSERT_TRUE(open());
    fs::rename(directory_.path() + "/foreign", file(1));
    EXPECT_THAT(open().error().message, HasSubstr("another store"));
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefused) {
    ASSERT_TRUE(open());
    std::ofstream(file(0)) << std::string(20'000, 'x');
    EXPECT_THAT(open().error().message, HasSubstr("shard-0.db"));
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
    ASSERT_TRUE(open());
    ASSERT_TRUE(Database::open(file(0), {})->execute("PRAGMA application_id=1"));
    EXPECT_THAT(open().error().message, HasSubstr("no part of a record store"));
}

TEST_F(SqliteStoreTest, ADirectoryThatCannotBeUsedIsNamed) {
    std::ofstream(directory_.path() + "/store") << "a file stands in the way";
    EXPECT_THAT(open().error().message, HasSubstr(directory_.path() + "/store"));
    fs::remove(directory_.path() + "/store");
    if (::geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
    fs::create_directory(directory_.path() + "/store");
    fs::permissions(directory_.path() + "/store", fs::perms::none);
    EXPECT_THAT(open().error().message, HasSubstr(directory_.path() + "/store"));
    fs::permissions(directory_.path() + "/store", fs::perms::owner_all);
}

TEST_F(SqliteStoreTest, DroppedRowsArePurgedWhenIdle) {
    auto store = open(1);
    std::vector<RecordUpdate> updates;
    for (int i = 0; i < 2000; ++i)
        updates.push_back({std::to_string(i), "x", {}, {}});
    ASSERT_TRUE(post(**store, 1, updates));
    ASSERT_TRUE(post(**store, 2, {{"keep", "x", {}, {}}}));
    clock_.advance_ms(10);
    ASSERT_TRUE(run_on(loop_, [&] { return (*store)->remove_collection(loop_, 1, "col", {}); }));
    EXPECT_TRUE(eventually([&] { return count_rows(0, "bso") == 1 && count_rows(0, "dropped") == 0; }));
    EXPECT_TRUE(eventually([&] { return number("homespun_shard_purged_rows_total") == 2000; }));
    EXPECT_EQ(number("homespun_shard_group_requests_sum"), 3);
}

TEST_F(SqliteStoreTest, ExpiredRowsAndBatchesArePurgedUnseen) {
    auto store = open(1);
    std::vector<RecordUpdate> updates;
    for (int i = 0; i < 600; ++i)
        updates.push_back({std::to_string(i), "xyz", {}, 5});
    updates.push_back({"keep", "xyz", {}, {}});
    const auto written = post(**store, 1, updates);
    clock_.advance_ms(10);
    ASSERT_TRUE(run_on(loop_, [&] { return (*store)->open_batch(loop_, 1, "col", updates, {}); }));
    clock_.advance_ms(7'200'000);
    EXPECT_TRUE(eventually([&] {
        return count_rows(0, "bso") == 1 && count_rows(0, "batch") == 0 && count_rows(0, "batch_record") == 0;
    }));
    const auto info = run_on(loop_, [&] { return (*store)->info(loop_, 1, {}); });
    EXPECT_EQ(info->storage, *written);
    const auto usage = run_on(loop_, [&] { return (*store)->usage(loop_, 1, {}); });
    EXPECT_EQ(usage->collections.front().second, 3u);
}

TEST_F(SqliteStoreTest, ExpiredRowsArePurgedUnderUnbrokenLoad) {
    Options options{
        .directory = directory_.path() + "/store", .shards = 1, .clock = clock_, .logger = logger_};
    options.idle_after = std::chrono::hours(1);  // never idle
    options.purge_every = std::chrono::milliseconds(1);
    auto store = SqliteStore::open(options);
    std::vector<RecordUpdate> updates;
    for (int i = 0; i < 5000; ++i)
        updates.push_back(
            {std::to_string(i), "xyz", {}, i % 2 == 0 ? std::optional<std::int64_t>(5) : std::nullopt});
    ASSERT_TRUE(post(**store, 1, updates));
    ASSERT_TRUE(post(**store, 2, updates));
    clock_.advance_ms(6000);
    UserId user = 100;
    EXPECT_TRUE(eventually([&] {
        for (int i = 0; i < 20; ++i)
            EXPECT_TRUE(post(**store, ++user, {{"w", "x", {}, {}}}));
        return count_rows(0, "bso WHERE expiry IS NOT NULL") == 0;
    }));
    EXPECT_EQ(run_on(loop_, [&] { return (*store)->counts(loop_, 2, {}); })->collections.front().second,
              2500u);
}

// Sheet sync-legacy, 4.1: the timestamp of a collection of Sync 1.1 is the latest of its records, expired
// ones too.
TEST_F(SqliteStoreTest, ThePurgeMovesNoTimestampOfACollectionOfSync11) {
    constexpr UserId weaver = (UserId{1} << 40) + 1;
    auto store = open(1);
    const auto write = [&](const std::string& id, std::optional<std::int64_t> ttl, Precondition when) {
        clock_.advance_ms(10);
        return run_on(loop_, [&] {
            return (*store)->weave_write(loop_, weaver, "col", {{.id = id, .payload = "x", .ttl = ttl}},
                                         WeaveWrite::single, when);
        });
    };
    const auto stamps = [&] {
        return run_on(loop_, [&] { return (*store)->weave_stamps(loop_, weaver); }).value();
    };
    const auto first = write("keep", {}, {});
    const auto last = write("brief", 5, {});
    ASSERT_TRUE(first && last);
    const std::vector<std::pair<std::string, Timestamp>> expected{{"col", *last}};
    for (const int rows : {1, 0}) {
        SCOPED_TRACE(rows);
        clock_.advance_ms(60'000);
        EXPECT_TRUE(eventually([&] { return count_rows(0, "bso WHERE expiry IS NOT NULL") == 0; }));
        EXPECT_EQ(count_rows(0, "bso"), rows);
        EXPECT_EQ(stamps(), expected);
        const auto refused = write("late", {}, {.if_unmodified_since = *first});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, Failure::Kind::precondition_failed);
        EXPECT_EQ(refused.error().last_modified, *last);
        store->reset();
        store = open(1);
        EXPECT_EQ(stamps(), expected);
        // A ttl alone moves nothing, and now the other one expires, too: no record is left.
        if (rows == 0) break;
        clock_.advance_ms(10);
        ASSERT_TRUE(run_on(loop_, [&] {
            return (*store)->weave_write(loop_, weaver, "col", {{.id = "keep", .ttl = 1}}, WeaveWrite::single,
                                         {});
        }));
    }
    const auto next = write("keep", {}, {.if_unmodified_since = *last});
    ASSERT_TRUE(next);
    EXPECT_EQ(stamps().front().second, *next);
}

TEST_F(SqliteStoreTest, FreePagesGoBackToTheSystemWhenIdle) {
    auto store = open(1);
    ASSERT_TRUE(store);
    for (int round = 0; round < 10; ++round) {
        std::vector<RecordUpdate> updates;
        for (int i = 0; i < 200; ++i)
            updates.push_back({std::to_string(round * 1000 + i), std::string(4000, 'x'), {}, {}});
        ASSERT_TRUE(post(**store, round < 8 ? 1 : 2, updates));
    }
    ASSERT_TRUE(eventually([&] { return fs::file_size(file(0)) > 6'000'000; }));
    clock_.advance_ms(10);
    ASSERT_TRUE(run_on(loop_, [&] { return (*store)->remove_user(loop_, 1, {}); }));
    EXPECT_TRUE(eventually([&] { return fs::file_size(file(0)) < 3'000'000; })) << fs::file_size(file(0));
    EXPECT_GT(number("homespun_shard_freed_pages_total"), 300);
    EXPECT_GT(number("homespun_shard_checkpoint_seconds_count"), 0);
    const auto left = run_on(loop_, [&] { return (*store)->counts(loop_, 2, {}); });
    EXPECT_EQ(left->collections.front().second, 400u);
    store->reset();
    auto database = Database::open(file(0), {.read_only = true});
    auto row = database->use("PRAGMA integrity_check");
    ASSERT_TRUE(row.step().value());
    EXPECT_EQ(row.text(0), "ok");
}

TEST_F(SqliteStoreTest, AnotherProgramsLockIsAnErrorNotAHang) {
    auto store = open(1);
    ASSERT_TRUE(post(**store, 1, {{"a", "x", {}, {}}}));
    auto other = Database::open(file(0), {});
    ASSERT_TRUE(other->execute("BEGIN IMMEDIATE"));
    const auto refused = post(**store, 1, {{"a", "y", {}, {}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::Kind::unavailable);
    EXPECT_GT(refused.error().retry_after_s, 0);
    EXPECT_TRUE((*store)->healthy());
    ASSERT_TRUE(other->execute("ROLLBACK"));
    EXPECT_TRUE(post(**store, 1, {{"a", "y", {}, {}}}));
}

std::optional<std::string> payload_of(Store& store, ThreadExecutor& loop, UserId user,
                                      const std::string& id) {
    std::string payload;
    const auto found = run_on(loop, [&] {
        return store.get(loop, user, "col", id, {}, [&](const RecordView& view) { payload = view.payload; });
    });
    if (!found) return std::nullopt;
    return payload;
}

TEST_F(SqliteStoreTest, AFullDiskRefusesWithoutHarmAndPassesByItself) {
    FaultVfs vfs;
    auto store = open(1, FaultVfs::name);
    ASSERT_TRUE(store) << store.error().message;
    const auto first = post(**store, 1, {{"a", "before", {}, {}}});
    vfs.wal_limit = 0;
    const auto refused = post(**store, 1, {{"a", "refused", {}, {}}, {"b", "refused", {}, {}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::Kind::unavailable);
    EXPECT_GT(refused.error().retry_after_s, 0);
    EXPECT_FALSE((*store)->healthy());
    EXPECT_EQ(number("homespun_shard_refusing"), 1);
    EXPECT_EQ(number("homespun_shard_refused_writes_total"), 1);
    EXPECT_EQ(payload_of(**store, loop_, 1, "a"), "before");
    EXPECT_EQ(payload_of(**store, loop_, 1, "b"), std::nullopt);
    EXPECT_EQ(run_on(loop_, [&] { return (*store)->info(loop_, 1, {}); })->storage, *first);
    vfs.wal_limit = INT64_MAX;
    EXPECT_TRUE(post(**store, 1, {{"a", "after", {}, {}}}));
    EXPECT_TRUE((*store)->healthy());
    EXPECT_EQ(number("homespun_shard_refusing"), 0);
    EXPECT_EQ(number("homespun_shard_broken"), 0);
    EXPECT_EQ(payload_of(**store, loop_, 1, "a"), "after");
}

TEST_F(SqliteStoreTest, AfterAFullDiskItIsWellAgainThoughNobodyWrites) {
    FaultVfs vfs;
    auto store = open(1, FaultVfs::name);
    ASSERT_TRUE(post(**store, 1, {{"a", "before", {}, {}}}));
    vfs.wal_limit = 0;
    ASSERT_FALSE(post(**store, 1, {{"a", "refused", {}, {}}}));
    EXPECT_FALSE(eventually([&] { return (*store)->healthy(); }, std::chrono::milliseconds(2500)));
    vfs.wal_limit = INT64_MAX;
    EXPECT_TRUE(eventually([&] { return (*store)->healthy(); }));
}

TEST_F(SqliteStoreTest, TimestampsOfARemovedUserDoNotComeBack) {
    auto store = open(1);
    ASSERT_TRUE(post(**store, 1, {{"a", "x", {}, {}}}));
    clock_.advance_ms(10);
    const auto removed = run_on(loop_, [&] { return (*store)->remove_user(loop_, 1, {}); });
    ASSERT_TRUE(removed);
    EXPECT_EQ(run_on(loop_, [&] { return (*store)->info(loop_, 1, {}); })->storage, Timestamp{});
    store->reset();
    store = open(1);
    clock_.advance_ms(-3'600'000);
    const auto anew = post(**store, 1, {{"a", "y", {}, {}}});
    ASSERT_TRUE(anew);
    EXPECT_GT(*anew, *removed);
}

TEST_F(SqliteStoreTest, WhatTakesAUsersPlaceIsNewerThanAllBefore) {
    auto store = open(1);
    const auto last = post(**store, 1, {{"before", "x", {}, {}}});
    clock_.advance_ms(-5000);
    const auto place = (*store)->staging_place(1);
    ASSERT_TRUE(post(**store, place, {{"restored", "x", {}, {}}}));
    ASSERT_TRUE(run_on(loop_, [&] { return (*store)->replace_user(loop_, 1, place, {}); }));
    std::vector<std::string> found;
    ListQuery query;
    query.newer = *last;
    const auto listed = run_on(loop_, [&] {
        return (*store)->list(loop_, 1, "col", query, {},
                              [&](const RecordView& view) { found.emplace_back(view.id); });
    });
    ASSERT_TRUE(listed);
    EXPECT_EQ(found, std::vector<std::string>{"restored"});
}

TEST_F(SqliteStoreTest, WhatTakesAUsersPlaceIsNewerForSync11Too) {
    constexpr UserId weaver = (UserId{1} << 40) + 1;
    auto store = open(1);
    const auto place = (*store)->staging_place(weaver);
    ASSERT_TRUE(post(**store, place, {}));
    clock_.advance_ms(10);
    const auto replaced = run_on(loop_, [&] { return (*store)->replace_user(loop_, weaver, place, {}); });
    ASSERT_TRUE(replaced);
    EXPECT_EQ(run_on(loop_, [&] { return (*store)->weave_stamps(loop_, weaver); }).value(),
              (std::vector<std::pair<std::string, Timestamp>>{{"col", *replaced}}))
        << "a collection whose records have all expired";
}

TEST_F(SqliteStoreTest, OnANearlyFullDiskWhatFitsIsWritten) {
    FaultVfs vfs;
    auto store = open(1, FaultVfs::name);
    ASSERT_TRUE(post(**store, 1, {{"a", "x", {}, {}}}));
    // Small writes pass, the large one does not.
    vfs.wal_limit = 1'000'000;
    clock_.advance_ms(10);
    std::vector<std::future<Outcome<Timestamp>>> writes;
    for (UserId user = 10; user < 20; ++user) {
        const std::string payload(user == 15 ? 2'000'000 : 10, 'x');
        writes.push_back(start_on(loop_, [this, &store, user, payload] {
            return modified_of((*store)->put(loop_, user, "col", {"a", payload, {}, {}}, {}));
        }));
    }
    for (UserId user = 10; user < 20; ++user) {
        EXPECT_EQ(writes[user - 10].get().has_value(), user != 15) << user;
        EXPECT_EQ(payload_of(**store, loop_, user, "a").has_value(), user != 15) << user;
    }
    vfs.wal_limit = INT64_MAX;
}

TEST_F(SqliteStoreTest, AFailedFsyncIsFinalForWritesUntilReopened) {
    FaultVfs vfs;
    auto store = open(1, FaultVfs::name);
    const auto first = post(**store, 1, {{"a", "before", {}, {}}});
    vfs.sync_fails = true;
    const auto refused = post(**store, 1, {{"a", "lost", {}, {}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::Kind::unavailable);
    EXPECT_FALSE((*store)->healthy());
    vfs.sync_fails = false;
    EXPECT_FALSE(post(**store, 1, {{"a", "still refused", {}, {}}}));
    EXPECT_EQ(number("homespun_shard_broken"), 1);
    EXPECT_EQ(number("homespun_shard_refused_writes_total"), 2);
    // Reads go on, and see what was acknowledged.
    EXPECT_EQ(payload_of(**store, loop_, 1, "a"), "before");
    EXPECT_EQ(run_on(loop_, [&] { return (*store)->info(loop_, 1, {}); })->storage, *first);
    store->reset();
    store = open(1, FaultVfs::name);
    // The refused write was whole in the WAL, though nobody could know: it is done or not.
    EXPECT_THAT(payload_of(**store, loop_, 1, "a"), testing::AnyOf("before", "lost"));
    EXPECT_TRUE(post(**store, 1, {{"a", "again", {}, {}}}));
    EXPECT_TRUE((*store)->healthy());
}

}  // namespace
}  // namespace sqlite
}  // namespace homespun::sync::store
