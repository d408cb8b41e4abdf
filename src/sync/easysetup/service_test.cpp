#include "sync/easysetup/service_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

const std::pair<std::string, std::string> phone{"X-KeyExchange-Id", device_id('a')};
const std::pair<std::string, std::string> desk{"X-KeyExchange-Id", device_id('b')};
const std::pair<std::string, std::string> thief{"X-KeyExchange-Id", device_id('c')};

TEST_F(KeyExchangeServiceTest, ASecurityLogOfMalformedIds) {
    EXPECT_EQ(send("GET", "/new_channel").status, 400);
    EXPECT_EQ(send("GET", "/zzzz", {{"X-KeyExchange-Id", "a=b|c\\d"}}).status, 400);
    const auto lines = told();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].head[5], "Invalid X-KeyExchange-Id");
    EXPECT_EQ(lines[0].head[6], "5");
    EXPECT_EQ(lines[0].values.at("msg"), "EMPTY");
    EXPECT_EQ(lines[0].values.at("src"), "192.0.2.1");
    EXPECT_EQ(lines[0].values.at("request"), "/keyexchange/new_channel");
    EXPECT_EQ(lines[0].values.at("dhost"), "sync.example");
    EXPECT_EQ(lines[0].values.at("cs1"), "Firefox/4");
    EXPECT_EQ(lines[1].values.at("msg"), "a=b|c\\d");
}

TEST_F(KeyExchangeServiceTest, ASecurityLogOfStrangers) {
    const auto channel = opened();
    send("GET", "/" + channel, {desk});
    EXPECT_TRUE(told().empty()) << "devices are no news";
    EXPECT_EQ(send("GET", "/" + channel, {thief}).status, 400);
    EXPECT_EQ(send("GET", "/" + channel, {desk}).status, 404);
    EXPECT_EQ(send("DELETE", "/" + opened(), {thief}).status, 400);
    const auto lines = told();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].head[5], "Unknown X-KeyExchange-Id");
    EXPECT_EQ(lines[0].values.at("msg"), device_id('c'));
    EXPECT_EQ(lines[1].head[5], "Invalid X-KeyExchange-Channel");
    EXPECT_EQ(lines[1].values.at("suser"), channel);
    EXPECT_EQ(lines[2].head[5], "Unknown X-KeyExchange-Id");
}

TEST_F(KeyExchangeServiceTest, Reports) {
    const auto channel = opened();
    EXPECT_EQ(send("POST", "/report").status, 200);
    EXPECT_TRUE(told().empty()) << "nothing to say";
    send("POST", "/report", {{"X-KeyExchange-Log", "jpake.error.internal"}}, "  one\ntwo  ");
    send("POST", "/report", {}, std::string(3000, 'x') + "y");
    send("POST", "/report", {thief, {"X-KeyExchange-Cid", channel}});
    auto lines = told();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].head[5], "Report");
    EXPECT_EQ(lines[0].values.at("msg"), "jpake.error.internal\none\ntwo") << "one line, whatever it says";
    EXPECT_EQ(lines[1].values.at("msg"), std::string(600, 'x')) << "what fits into a line";
    EXPECT_EQ(lines[2].head[5], "Could not delete the channel");
    EXPECT_EQ(lines[2].values.at("msg"), channel);
    EXPECT_EQ(exchange.size(), 1U);
    send("POST", "/report", {phone, {"X-KeyExchange-Cid", channel}});
    EXPECT_TRUE(told().empty());
    EXPECT_EQ(exchange.size(), 0U);
}

TEST_F(KeyExchangeServiceTest, TheBlacklistIsToldOnce) {
    for (int i = 0; i < 6; ++i)
        send("GET", "/new_channel");
    const auto lines = told();
    ASSERT_EQ(lines.size(), 4U) << "three bad requests, one blacklisting, nothing of those refused";
    EXPECT_EQ(lines[3].head[5], "BlackListed IP");
    EXPECT_EQ(lines[3].values.at("msg"), "192.0.2.1");
    EXPECT_EQ(send("GET", "", {}).status, 403);
    remote = "10.1.2.3";
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(send("GET", "/new_channel").status, 400) << "whitelisted";
}

TEST_F(KeyExchangeServiceTest, WhoHasNoAddressIsRefused) {
    remote = "unix";
    EXPECT_EQ(send("GET", "/new_channel", {phone}).status, 403);
    EXPECT_EQ(exchange.size(), 0U);
}

TEST_F(KeyExchangeServiceTest, WhatIsAnsweredIsInTheFile) {
    const auto channel = opened();
    EXPECT_EQ(file->load().value().size(), 1U);
    send("PUT", "/" + channel, {phone}, "one");
    EXPECT_EQ(file->load().value().at(0).channel->content, "one");
    send("GET", "/" + channel, {desk});
    EXPECT_EQ(file->load().value().at(0).channel->gets, 1);
    send("DELETE", "/" + channel, {desk});
    EXPECT_TRUE(file->load().value().empty());
}

TEST_F(KeyExchangeServiceTest, HealthIsThatOfTheFileToo) {
    EXPECT_EQ(send("GET", "").status, 301);
    auto other = store::sqlite::Database::open(folder / "key-exchange.db", {}).value();
    ASSERT_TRUE(other.execute("ALTER TABLE channel RENAME TO hidden"));
    EXPECT_EQ(send("GET", "").status, 503);
    EXPECT_EQ(send("GET", "/new_channel", {phone}).status, 200) << "nobody is refused for it";
    ASSERT_TRUE(other.execute("ALTER TABLE hidden RENAME TO channel"));
    clock.advance_ms(1000);
    EXPECT_EQ(send("GET", "").status, 301);
    EXPECT_EQ(file->load().value().size(), 1U);
}

}  // namespace
}  // namespace homespun::sync::easysetup
