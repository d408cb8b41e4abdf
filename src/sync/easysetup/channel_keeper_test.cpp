#include "sync/easysetup/channel_keeper.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sync/accounts/test_loop.hpp"
#include "sync/easysetup/channels_fixture.hpp"
#include "sync/store/sqlite/channels_sqlite.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

using store::sqlite::ChannelsSqlite;

const std::string phone = device_id('a'), desk = device_id('b');

/// One life of the program.
struct Life {
    explicit Life(const std::string& path, const base::Clock& clock, ChannelRules rules = {})
        : file(ChannelsSqlite::open(path).value()),
          exchange(rules, random),
          keeper(exchange, *file, pool, clock, logger) {
        EXPECT_TRUE(keeper.load());
    }
    bool keep() { return loop.run(keeper.keep(loop)); }

    accounts::TestLoop loop;
    base::NullLogger logger;
    ScriptedRandom random;
    std::unique_ptr<ChannelsSqlite> file;
    Channels exchange;
    sys::BlockingPool pool{1, 16};
    ChannelKeeper keeper;
};

struct ChannelKeeperTest : testing::Test {
    sys::ScratchFolder folder;
    base::ManualClock clock{1'795'225'889'000};
    std::string path = folder / "key-exchange.db";
    std::int64_t now() const { return clock.now_ms(); }
};

TEST_F(ChannelKeeperTest, APairingGoesOnAfterARestart) {
    std::string channel, tag;
    Channel kept;
    {
        Life first(path, clock);
        channel = first.exchange.open(phone, now()).value();
        tag = first.exchange.put(channel, phone, {}, std::string("one\0two", 7), now()).tag;
        ASSERT_TRUE(first.exchange.get(channel, desk, {}, now()));
        ASSERT_TRUE(first.keep());
        kept = first.exchange.find(channel).value();
    }
    Life second(path, clock);
    EXPECT_EQ(second.exchange.find(channel), kept);
    EXPECT_TRUE(second.exchange.get(channel, phone, TagList::parse(tag), now())->not_modified);
}

TEST_F(ChannelKeeperTest, WhatHasEndedDoesNotComeBack) {
    std::string removed, expired;
    {
        Life first(path, clock);
        removed = first.exchange.open(phone, now()).value();
        expired = first.exchange.open(phone, now() - 500'000).value();
        ASSERT_TRUE(first.keep());
        ASSERT_TRUE(first.exchange.remove(removed, phone, now()));
        ASSERT_TRUE(first.keep());
    }
    clock.advance_ms(100'000);
    Life second(path, clock);
    EXPECT_EQ(second.exchange.size(), 0U);
    EXPECT_TRUE(second.file->load().value().empty()) << "nor does it stay in the file";
}

TEST_F(ChannelKeeperTest, NothingIsWrittenWithoutAChange) {
    Life life(path, clock);
    EXPECT_TRUE(life.keep());
    const auto before = std::filesystem::file_size(path + "-wal");
    ASSERT_FALSE(life.exchange.get("zzzz", phone, {}, now()));
    EXPECT_TRUE(life.keep());
    EXPECT_EQ(std::filesystem::file_size(path + "-wal"), before);
}

TEST_F(ChannelKeeperTest, AFileThatFailsRefusesNobody) {
    Life life(path, clock);
    const auto channel = life.exchange.open(phone, now()).value();
    auto other = store::sqlite::Database::open(path, {}).value();
    ASSERT_TRUE(other.execute("ALTER TABLE channel RENAME TO hidden"));
    EXPECT_FALSE(life.keep());
    EXPECT_TRUE(life.exchange.find(channel));
    EXPECT_TRUE(life.exchange.has_changed()) << "written as soon as it can be";
    ASSERT_TRUE(other.execute("ALTER TABLE hidden RENAME TO channel"));
    EXPECT_FALSE(life.keep()) << "not tried for every request";
    clock.advance_ms(1000);
    EXPECT_TRUE(life.keep());
    EXPECT_EQ(life.file->load().value().size(), 1U);
}

TEST_F(ChannelKeeperTest, AFileThatIsNoneIsSaid) {
    std::ofstream(path) << std::string(5000, 'x');
    const auto opened = ChannelsSqlite::open(path);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find(path), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find("remove it"), std::string::npos) << opened.error().message;
}

}  // namespace
}  // namespace homespun::sync::easysetup
