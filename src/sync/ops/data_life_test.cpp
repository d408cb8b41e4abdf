// Backup, restore, check and import on a data directory at rest, in one process.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/io/loop.hpp"
#include "sync/ops/backup.hpp"
#include "sync/ops/data_check.hpp"
#include "sync/ops/data_stats.hpp"
#include "sync/ops/export_format.hpp"
#include "sync/ops/import_stream.hpp"
#include "sync/ops/restore.hpp"
#include "sync/ops/user_import.hpp"
#include "sync/store/sqlite/accounts_sqlite.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sync/store/sqlite/token_sqlite.hpp"
#include "sync/store/sqlite/user_reader.hpp"
#include "sys/files.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::ops {
namespace {

namespace fs = std::filesystem;
namespace sqlite = store::sqlite;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DataLife : public testing::Test {
  protected:
    static constexpr std::int64_t now_ms = 1'700'000'000'000;
    static constexpr store::UserId user = 1;

    void SetUp() override {
        fs::create_directory(data());
        ASSERT_TRUE(sqlite::open_accounts(data() + "/accounts.db", {}));
        auto tokens = sqlite::TokenSqlite::open(data() + "/token.db");
        ASSERT_TRUE(tokens);
        ASSERT_TRUE((*tokens)->set_own_node("http://here"));
        ASSERT_TRUE((*tokens)->assign("a@b", {{}, {}, "00ff"}, now_ms, {}));
        ASSERT_TRUE(sys::write_file_atomically(data() + "/secrets.json", "{}", 0600));
        with_store([this](store::Store& store) {
            put(store, user, "bookmarks", {"a", "one", 3, {}});
            put(store, user, "bookmarks", {"b", "two", {}, 100});
            put(store, user, "history", {"h", "three", {}, {}});
        });
    }

    std::string data() const { return folder_ / "data"; }
    std::string file(const std::string& name) const { return data() + "/" + name; }
    void with_store(const std::function<void(store::Store&)>& work, store::QuotaLimits quota = {}) {
        auto store = sqlite::SqliteStore::open({.directory = data() + "/store",
                                                .shards = 2,
                                                .clock = clock_,
                                                .logger = logger_,
                                                .quota = quota});
        ASSERT_TRUE(store) << store.error().message;
        work(**store);
        (*store)->close();
    }
    void put(store::Store& store, store::UserId who, std::string collection, store::RecordUpdate update) {
        clock_.advance_ms(10);
        ASSERT_TRUE(
            net::run_here(loop_, store.put(loop_, who, std::move(collection), std::move(update), {})));
    }
    base::Result<Manifest> backup(const std::string& name) {
        return make_backup({data(), folder_ / name, "0.1.0", clock_.now_ms()});
    }
    base::Result<Restored> restore(const std::string& name, const std::string& to, bool replace = false) {
        fs::create_directory(folder_ / to);
        return restore_backup({folder_ / name, folder_ / to, replace, clock_.now_ms()});
    }
    DataCheck check(const std::string& directory, bool immutable = false) {
        return check_data(directory, immutable, store::Timestamp::from_ms(clock_.now_ms()));
    }
    /// Changes a database behind everybody's back.
    void tamper(const std::string& path, const std::string& sql) {
        auto database = sqlite::Database::open(path, {});
        ASSERT_TRUE(database);
        const auto done = database->execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::string users_shard() const {
        return file(fmt::format("store/shard-{}.db", sqlite::shard_number(user, 2)));
    }
    std::vector<std::string> records(const std::string& directory, store::UserId who = user) {
        std::vector<std::string> found;
        const auto read = sqlite::read_user(
            {directory}, who, store::Timestamp::from_ms(clock_.now_ms()),
            {[](std::string_view, store::Timestamp) { return base::Result<void>(); },
             [&](std::string_view collection, const sqlite::StoredRecord& record) {
                 found.push_back(fmt::format("{}/{}={}", collection, record.id, record.payload));
                 return base::Result<void>();
             }});
        EXPECT_TRUE(read) << read.error().message;
        return found;
    }

    sys::ScratchFolder folder_;
    base::ManualClock clock_{now_ms};
    base::NullLogger logger_;
    net::Loop loop_;
};

TEST_F(DataLife, ABackupComesBackWhole) {
    const auto made = backup("b");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_THAT(check(folder_ / "b", true).problems, IsEmpty());
    EXPECT_EQ(fs::status(folder_ / "b").permissions(), fs::perms(0700));
    EXPECT_FALSE(fs::exists(folder_ / "b.partial"));
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "b")) {
        if (!entry.is_directory()) {
            EXPECT_EQ(entry.status().permissions(), fs::perms(0600)) << entry.path();
        }
    }
    const auto restored = restore("b", "new");
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->moved_to, "");
    EXPECT_THAT(records(folder_ / "new"),
                ElementsAre("bookmarks/a=one", "bookmarks/b=two", "history/h=three"));
    EXPECT_THAT(check(folder_ / "new").problems, IsEmpty());
    EXPECT_TRUE(refuse_unfinished_restore(folder_ / "new"));
}

TEST_F(DataLife, ABackupIsNeverWrittenOverAnything) {
    fs::create_directory(folder_ / "b");
    EXPECT_THAT(backup("b").error().message, HasSubstr("exists already"));
    fs::remove(folder_ / "b");
    // What an interrupted one left goes; one that is under way does not.
    fs::create_directories(folder_ / "b.partial/store");
    {
        const auto other = sys::DirectoryLock::take(folder_ / "b.partial");
        EXPECT_THAT(backup("b").error().message, HasSubstr("another backup is being written"));
        EXPECT_TRUE(fs::exists(folder_ / "b.partial/store"));
    }
    EXPECT_TRUE(backup("b"));
}

TEST_F(DataLife, ADamagedFileIsNotBackedUp) {
    auto bytes = *sys::read_file(users_shard());
    bytes.replace(8192 * 3, 8192, std::string(8192, '\x5a'));
    std::ofstream(users_shard(), std::ios::binary) << bytes;
    const auto refused = backup("b");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("No backup was made"));
    EXPECT_FALSE(fs::exists(folder_ / "b"));
    EXPECT_FALSE(fs::exists(folder_ / "b.partial"));
}

TEST_F(DataLife, AWrongSumIsToldAndKeepsNobodyFromABackup) {
    tamper(users_shard(), "UPDATE collection SET count = count + 1 WHERE name = 'history'");
    const auto made = backup("b");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_THAT(made->problems, ElementsAre(HasSubstr("collection history of user 1 says 2 records")));
}

TEST_F(DataLife, ARestoreNamesTheFileThatIsDamaged) {
    ASSERT_TRUE(backup("b"));
    for (const std::string name : {"store/shard-1.db", "token.db", "accounts.db", "secrets.json"}) {
        const auto path = folder_ / ("b/" + name);
        const auto whole = *sys::read_file(path);
        auto damaged = whole;
        damaged[damaged.size() / 2] ^= 1;
        std::ofstream(path, std::ios::binary) << damaged;
        auto refused = restore("b", "new");
        ASSERT_FALSE(refused) << name;
        EXPECT_THAT(refused.error().message, HasSubstr("/b/" + name + " is damaged"));
        std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() - 1);
        EXPECT_THAT(restore("b", "new").error().message, HasSubstr("bytes, the manifest says"));
        std::ofstream(path, std::ios::binary) << whole;
        EXPECT_TRUE(fs::is_empty(folder_ / "new")) << "nothing is left behind";
    }
    EXPECT_TRUE(restore("b", "new"));
}

TEST_F(DataLife, ARestoreRefusesNewerFormats) {
    auto made = backup("b");
    ASSERT_TRUE(made);
    made->files[0].format = sqlite::known_format(sqlite::FileKind::shard) + 1;
    ASSERT_TRUE(sys::write_file_atomically(folder_ / "b/manifest.json", made->to_json(), 0600));
    EXPECT_THAT(restore("b", "new").error().message, HasSubstr("newer version"));
    ASSERT_TRUE(
        sys::write_file_atomically(folder_ / "b/manifest.json", made->to_json().substr(0, 100), 0600));
    EXPECT_THAT(restore("b", "new").error().message, HasSubstr("manifest.json cannot be used"));
    fs::remove(folder_ / "b/manifest.json");
    EXPECT_THAT(restore("b", "new").error().message, HasSubstr("is no finished backup"));
}

TEST_F(DataLife, DataInTheWayAreMovedAsideNotDeleted) {
    ASSERT_TRUE(backup("b"));
    with_store([this](store::Store& store) { put(store, user, "later", {"x", "y", {}, {}}); });
    EXPECT_THAT(restore("b", "data").error().message, HasSubstr("--replace"));
    EXPECT_EQ(records(data()).size(), 4u);
    const auto restored = restore("b", "data", true);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(records(data()).size(), 3u);
    EXPECT_EQ(records(restored->moved_to).size(), 4u);
    EXPECT_NE(restore("b", "data", true)->moved_to, restored->moved_to);
}

TEST_F(DataLife, AnInterruptedRestoreIsSeenAndMended) {
    ASSERT_TRUE(backup("b"));
    fs::create_directory(folder_ / "data/restore.partial");
    fs::rename(file("token.db"), file("restore.partial/token.db"));
    EXPECT_FALSE(refuse_unfinished_restore(data()));
    EXPECT_THAT(check(data()).problems, testing::Contains(HasSubstr("was interrupted")));
    ASSERT_TRUE(restore("b", "data", true));
    EXPECT_TRUE(refuse_unfinished_restore(data()));
    EXPECT_THAT(check(data()).problems, IsEmpty());
}

TEST_F(DataLife, CheckFindsWhatIsPlanted) {
    EXPECT_THAT(check(data()).problems, IsEmpty());
    const auto finds = [&](const std::string& path, const std::string& sql, const std::string& words) {
        const auto before = *sys::read_file(path);
        tamper(path, sql);
        EXPECT_THAT(check(data()).problems, testing::Contains(HasSubstr(words))) << sql;
        std::ofstream(path, std::ios::binary) << before;
    };
    finds(users_shard(), "UPDATE collection SET bytes = 1 WHERE name = 'bookmarks'",
          "and 1 bytes, but there are 2 and 6");
    finds(users_shard(), "INSERT INTO bso(cid, id, modified, payload) VALUES (999, 'x', 1, 'y')",
          "1 records of 1 collections belong to no collection");
    finds(users_shard(), "UPDATE collection SET user = 2 WHERE name = 'history'", "user 2 lives in shard");
    finds(users_shard(), "UPDATE shard SET value = 'other' WHERE key = 'store'", "belongs to another store");
    finds(users_shard(), "PRAGMA user_version=9", "has format 9");
    finds(file("token.db"), "DELETE FROM nodes", "user 1 is on node 1, which is missing");
    finds(file("accounts.db"), "INSERT INTO session VALUES ('h', x'00', 'nobody', '', 1, 1)",
          "refers to a row of account");
    ASSERT_EQ(::chmod(file("secrets.json").c_str(), 0644), 0);
    EXPECT_THAT(check(data()).problems, ElementsAre(HasSubstr("can be read by others")));
    fs::remove(file("secrets.json"));
    EXPECT_THAT(check(data()).problems, ElementsAre(HasSubstr("secrets.json is missing")));
}

TEST_F(DataLife, CheckFindsDamagedPages) {
    auto bytes = *sys::read_file(users_shard());
    bytes.replace(8192 * 3, 8192, std::string(8192, '\x5a'));
    std::ofstream(users_shard(), std::ios::binary) << bytes;
    EXPECT_THAT(check(data()).problems, testing::Contains(HasSubstr(users_shard())));
}

TEST_F(DataLife, WhoHasRecordsButNoTokenIsCountedOnly) {
    with_store([this](store::Store& store) { put(store, 77, "bookmarks", {"a", "one", {}, {}}); });
    const auto found = check(data());
    EXPECT_THAT(found.problems, IsEmpty());
    EXPECT_EQ(found.users_without_token, 1);
}

TEST_F(DataLife, StatsCountWithoutReadingRecords) {
    clock_.advance_ms(200'000);  // "b" has expired
    const auto stats = read_data_stats(data(), store::Timestamp::from_ms(clock_.now_ms()));
    ASSERT_TRUE(stats) << stats.error().message;
    EXPECT_EQ(stats->records.users, 1);
    EXPECT_EQ(stats->records.collections, 2);
    EXPECT_EQ(stats->records.records, 3);
    EXPECT_EQ(stats->records.payload_bytes, 11);
    EXPECT_EQ(stats->records.expired, 1);
    EXPECT_EQ(stats->records.newest, store::Timestamp::from_ms(now_ms + 30));
    EXPECT_EQ(stats->token_users, 1);
    EXPECT_EQ(stats->files.size(), 4u);
    EXPECT_TRUE(stats->files[0].facts.shrinks);
}

TEST_F(DataLife, AVacuumedFileIsSmallerAndTheSame) {
    with_store([this](store::Store& store) {
        put(store, user, "large", {"x", std::string(2'000'000, 'x'), {}, {}});
        put(store, user, "large", {"x", "small", {}, {}});
    });
    const auto before = records(data());
    const auto won = sqlite::vacuum_file(users_shard(), true);
    ASSERT_TRUE(won) << won.error().message;
    EXPECT_GT(*won, 1'500'000);
    EXPECT_EQ(records(data()), before);
    EXPECT_THAT(check(data()).problems, IsEmpty());
    EXPECT_TRUE(sqlite::read_file_stats(users_shard())->shrinks);
    EXPECT_EQ(sqlite::read_file_stats(users_shard())->page_bytes, 8192);
}

/// An import into a store of this process, as the command line does it without a server.
class StoreTarget final : public ImportTarget {
  public:
    StoreTarget(net::Loop& loop, store::Store& store, store::UserId who) : loop_(loop), import_(store, who) {}
    base::Result<void> begin(bool replace) { return net::run_here(loop_, import_.begin(loop_, replace)); }
    base::Result<void> add(const std::string& collection, std::vector<store::RecordUpdate> records) override {
        ++portions;
        return net::run_here(loop_, import_.add(loop_, collection, std::move(records)));
    }
    base::Result<std::string> commit() override {
        const auto done = net::run_here(loop_, import_.commit(loop_));
        if (!done) return std::unexpected(done.error());
        return done->text();
    }
    void abandon() override {
        ++abandoned;
        EXPECT_TRUE(net::run_here(loop_, import_.abandon(loop_)));
    }
    int portions = 0, abandoned = 0;

  private:
    net::Loop& loop_;
    UserImport import_;
};

TEST_F(DataLife, AnImportIsAllOrNothing) {
    std::string text = header_line({}) + collection_line("big", {});
    for (int i = 0; i < 2500; ++i)
        text += record_line("big", {fmt::format("{:05}", i), "payload", {}, {}, {}});
    text += collection_line("empty", {});
    with_store([&](store::Store& store) {
        {
            StoreTarget target(loop_, store, user);
            EXPECT_THAT(target.begin(false).error().message, HasSubstr("--replace"));
            ASSERT_TRUE(target.begin(true));
            std::istringstream broken(text + "{}\n");
            const auto refused = import_lines(broken, "file", target);
            ASSERT_FALSE(refused);
            EXPECT_THAT(refused.error().message, HasSubstr("file: line 2504: "));
            EXPECT_EQ(target.abandoned, 1);
            EXPECT_EQ(target.portions, 3) << "it had begun";
        }
        EXPECT_EQ(records(data()).size(), 3u);
        StoreTarget target(loop_, store, user);
        ASSERT_TRUE(target.begin(true));
        std::istringstream whole(text + end_line(2, 2500));
        clock_.advance_ms(10);
        const auto done = import_lines(whole, "file", target);
        ASSERT_TRUE(done) << done.error().message;
        EXPECT_EQ(done->records, 2500u);
        const auto counts = net::run_here(loop_, store.info(loop_, user, {}));
        EXPECT_EQ(counts->collections.size(), 2u);
    });
    EXPECT_EQ(records(data()).size(), 2500u);
    EXPECT_THAT(check(data()).problems, IsEmpty());
}

TEST_F(DataLife, AnImportGivesWayToABrowserThatWrites) {
    with_store([&](store::Store& store) {
        StoreTarget target(loop_, store, user);
        ASSERT_TRUE(target.begin(true));
        put(store, user, "bookmarks", {"new", "by a browser", {}, {}});
        std::istringstream whole(header_line({}) + end_line(0, 0));
        const auto refused = import_lines(whole, "file", target);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("have written in the meantime"));
    });
    EXPECT_EQ(records(data()).size(), 4u);
}

TEST_F(DataLife, AnImportSaysThatTheQuotaIsTooSmall) {
    std::string text = header_line({}) + collection_line("big", {});
    for (int i = 0; i < 20; ++i)
        text += record_line("big", {fmt::format("{:02}", i), std::string(100, 'x'), {}, {}, {}});
    with_store(
        [&](store::Store& store) {
            StoreTarget target(loop_, store, user);
            ASSERT_TRUE(target.begin(true));
            std::istringstream whole(text + end_line(1, 20));
            const auto refused = import_lines(whole, "file", target);
            ASSERT_FALSE(refused);
            EXPECT_THAT(refused.error().message, HasSubstr("more than quota.user_mb or quota.total_mb"));
        },
        {.user_hard = 1000});
    EXPECT_EQ(records(data()).size(), 3u);
}

TEST_F(DataLife, AUserIsFoundByAddressOrNumber) {
    EXPECT_EQ(sqlite::find_user({data()}, std::string("a@b"))->uid, 1u);
    EXPECT_EQ(sqlite::find_user({data()}, store::UserId{1})->client_state, "00ff");
    EXPECT_EQ(sqlite::find_user({data()}, store::UserId{9})->email, "");
    EXPECT_THAT(sqlite::find_user({data()}, std::string("c@d")).error().message,
                HasSubstr("has no user c@d"));
    tamper(file("accounts.db"),
           "INSERT INTO account VALUES ('0123', 'C@d', 'c@d', 2, '', 1, 1, 1, x'', x'', x'', 1, 1, 1)");
    EXPECT_THAT(sqlite::find_user({data()}, std::string("C@D")).error().message, HasSubstr("never synced"));
    ASSERT_TRUE((*sqlite::TokenSqlite::open(file("token.db")))->assign("0123@x", {{}, {}, "aa"}, now_ms, {}));
    EXPECT_EQ(sqlite::find_user({data()}, std::string("C@D"))->uid, 2u);
}

}  // namespace
}  // namespace homespun::sync::ops
