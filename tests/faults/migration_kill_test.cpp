// A start that migrates a store of format 1 is killed at every step of every shard: the next one completes
// it.
#include <gtest/gtest.h>

#include <filesystem>

#include "faults/kept_records.hpp"
#include "sync/store/sqlite/format_1_fixture.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"

namespace homespun::tests {
namespace {

namespace fs = std::filesystem;
namespace sqlite = sync::store::sqlite;

constexpr std::size_t shards = 3;
constexpr std::int64_t never = 999'999'999'999;
/// The least number of moments there must be: a copy made, named, a migration done, committed.
constexpr int moments = 4 * static_cast<int>(shards);

/// One user a shard.
std::vector<std::uint64_t> users() {
    std::vector<std::uint64_t> found(shards);
    for (std::uint64_t user = 200; user > 0; --user)
        found[sqlite::shard_number(user, shards)] = user;
    return found;
}

std::string shard(const std::string& data, std::size_t number) {
    return sqlite::shard_path(data + "/store", number);
}

void make_old_store(const std::string& data) {
    fs::create_directory(data + "/store");
    for (std::size_t number = 0; number < shards; ++number) {
        const auto path = shard(data, number);
        sqlite::make_format_1_shard(path, {"a store of old", static_cast<std::int64_t>(number), shards});
        sqlite::fill_format_1_shard(path, static_cast<std::int64_t>(users()[number]), never);
    }
}

std::int64_t number_in(const std::string& path, const char* sql) {
    auto database = sqlite::Database::open(path, {.read_only = true});
    if (!database) return -1;
    auto row = database->use(sql);
    return row.step() ? row.integer(0) : -1;
}

/// What is there after a start that was left alone; the problems it has.
std::string look_at(const std::string& data) {
    std::string problems;
    for (std::size_t number = 0; number < shards; ++number) {
        const auto path = shard(data, number);
        const auto copy = path + ".format-1";
        if (number_in(path, "PRAGMA user_version") != sqlite::shard_format)
            problems += path + " was not migrated\n";
        if (!fs::exists(copy)) {
            problems += copy + " is missing\n";
            continue;
        }
        if (number_in(copy, "PRAGMA user_version") != 1 || number_in(copy, "SELECT count(*) FROM bso") != 3)
            problems += copy + " is no copy\n";
        if (fs::exists(copy + ".partial")) problems += copy + ".partial remains\n";
    }
    return problems;
}

/// The records as of a store that was migrated undisturbed.
std::string records_of_old() {
    const sys::ScratchFolder data;
    make_old_store(data.path());
    UpkeepServer server(data.path());
    EXPECT_TRUE(server.ready()) << server.output();
    return KeptRecords(server, data.path()).all(users());
}

/// False when the death did not strike.
bool expect_completed_after(const std::vector<std::string>& death, const std::string& records) {
    const sys::ScratchFolder data;
    make_old_store(data.path());
    {
        UpkeepServer first(data.path(), death);
        if (first.ready()) return false;
        EXPECT_EQ(first.ended(std::chrono::seconds(5)), -SIGKILL) << first.output();
    }
    UpkeepServer second(data.path());
    EXPECT_TRUE(second.ready()) << death.back() << "\n" << second.output();
    if (!second.ready()) return true;
    EXPECT_EQ(KeptRecords(second, data.path()).all(users()), records) << death.back();
    EXPECT_EQ(look_at(data.path()), "") << death.back();
    const auto checked = run_homespun({"check", "--data", data.path()});
    EXPECT_EQ(checked.status, 0) << death.back() << "\n" << checked.output;
    return true;
}

TEST(MigrationKillTest, TheNextStartCompletesIt) {
    const auto records = records_of_old();
    ASSERT_NE(records.find("one"), std::string::npos) << records;
    int pass = 1;
    while (expect_completed_after(death_at("migration", pass), records) && !HasFailure())
        ++pass;
    EXPECT_GT(pass, moments);
}

TEST(MigrationKillTest, HalfACopyIsMadeAgain) {
    const auto records = records_of_old();
    for (const auto* file : {"shard-0.db.format-1.partial", "shard-2.db.format-1.partial"}) {
        for (const int write : {1, 5})
            EXPECT_TRUE(expect_completed_after(death_in_write(file, write), records)) << file << write;
    }
}

/// The control: a start that migrates without a copy.
TEST(MigrationKillTest, AMissingCopyIsNoticed) {
    const sys::ScratchFolder data;
    make_old_store(data.path());
    const UpkeepServer server(data.path(), {"HOMESPUN_PLANTED_FAULT=migrate_without_copy"});
    ASSERT_TRUE(server.ready()) << server.output();
    EXPECT_NE(look_at(data.path()).find("shard-2.db.format-1 is missing"), std::string::npos);
}

}  // namespace
}  // namespace homespun::tests
