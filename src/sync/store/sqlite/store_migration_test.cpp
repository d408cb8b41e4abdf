// A store of an older format: what stands beside it afterwards, and what an end in between leaves.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/store/sqlite/format_1_fixture.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sync/store/store_contract_test.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StoreMigration : public testing::Test {
  protected:
    static constexpr std::int64_t now_hundredths = 170'000'000'000;

    void SetUp() override {
        for (std::int64_t number = 0; number < 2; ++number)
            make_format_1_shard(file(number), {"a store of old", number, 2});
        fill_format_1_shard(file(shard_number(user_, 2)), static_cast<std::int64_t>(user_),
                            now_hundredths - 1);
    }
    base::Result<std::unique_ptr<SqliteStore>> open() {
        Options options{.directory = folder_.path(), .clock = clock_, .logger = logger_};
        return SqliteStore::open(options);
    }
    std::string file(std::size_t number) const { return shard_path(folder_.path(), number); }
    static std::int64_t format_of(const std::string& path) {
        auto database = Database::open(path, {.read_only = true});
        return database ? database->user_version().value_or(-1) : -1;
    }
    std::vector<std::pair<std::string, std::uint64_t>> counts(SqliteStore& store) {
        return run_on(loop_, [&] { return store.counts(loop_, user_, {}); })->collections;
    }

    const UserId user_ = 42;
    sys::ScratchFolder folder_;
    base::ManualClock clock_{now_hundredths * 10};
    base::NullLogger logger_;
    ThreadExecutor loop_;
};

TEST_F(StoreMigration, BringsEveryShardUpToDateAndKeepsCopies) {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(counts(**store), (std::vector<std::pair<std::string, std::uint64_t>>{{"col", 2}}));
    std::string payload;
    EXPECT_TRUE(run_on(loop_, [&] {
        return (*store)->get(loop_, user_, "col", "a", {},
                             [&](const RecordView& row) { payload = row.payload; });
    }));
    EXPECT_EQ(payload, "one");
    ASSERT_TRUE(run_on(loop_, [&] {
        return (*store)->weave()->weave_write(loop_, user_, "col", {{.id = "a", .parentid = "up"}},
                                              WeaveWrite::single, {});
    }));
    EXPECT_EQ(run_on(loop_,
                     [&] {
                         return (*store)->weave()->weave_find(loop_, user_, "col", {.parentid = "up"},
                                                              [](const WeaveView&) {});
                     })
                  .value_or(0),
              1U)
        << "the new columns are there";
    EXPECT_EQ(run_on(loop_, [&] { return (*store)->weave_stamps(loop_, user_); }).value().size(), 1U);
    store->reset();
    for (std::size_t number = 0; number < 2; ++number) {
        EXPECT_EQ(format_of(file(number)), shard_format);
        EXPECT_EQ(format_of(file(number) + ".format-1"), 1);
        EXPECT_FALSE(fs::exists(file(number) + ".format-1.partial"));
        EXPECT_EQ(fs::status(file(number) + ".format-1").permissions(), fs::perms(0600));
    }
    EXPECT_TRUE(open());
}

TEST_F(StoreMigration, GoesOnWhereAnEndBetweenTwoShardsLeftIt) {
    {
        auto first = Database::open(file(0), {});
        ASSERT_TRUE(adopt_shard(*first, file(0), shard_migrations()));
    }
    ASSERT_EQ(format_of(file(0)), shard_format);
    ASSERT_EQ(format_of(file(1)), 1);
    std::ofstream(file(1) + ".format-1.partial") << "half a copy";
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(counts(**store).size(), 1u);
    EXPECT_EQ(format_of(file(1) + ".format-1"), 1);
}

TEST_F(StoreMigration, ACopyThatWasNotFinishedIsMadeAgain) {
    std::ofstream(file(0) + ".format-1") << "of an older attempt";
    ASSERT_TRUE(open());
    EXPECT_EQ(format_of(file(0) + ".format-1"), 1);
}

TEST_F(StoreMigration, MigratesNothingWhenOneShardIsTooNew) {
    ASSERT_TRUE(Database::open(file(1), {})->set_user_version(shard_format + 1));
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message,
                HasSubstr(fmt::format("shard-1.db has storage format {}", shard_format + 1)));
    EXPECT_THAT(refused.error().message, HasSubstr("newer version"));
    EXPECT_EQ(format_of(file(0)), 1);
    EXPECT_FALSE(fs::exists(file(0) + ".format-1"));
}

TEST_F(StoreMigration, WithoutACopyNothingIsChanged) {
    fs::create_directory(file(0) + ".format-1");
    std::ofstream(file(0) + ".format-1/in the way") << "x";
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("nothing was changed"));
    EXPECT_EQ(format_of(file(0)), 1);
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
