#include "sync/easysetup/service.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "barrel/rbr/parser.hpp"
#include "barrel/server/application.hpp"
#include "base/cef_fixture.hpp"
#include "sync/accounts/test_loop.hpp"
#include "sync/easysetup/channels_fixture.hpp"
#include "sync/store/sqlite/channels_sqlite.hpp"
#include "sys/cef_log.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using base::cef::ReadLine;

const std::pair<std::string, std::string> phone{"X-KeyExchange-Id", device_id('a')};
const std::pair<std::string, std::string> desk{"X-KeyExchange-Id", device_id('b')};
const std::pair<std::string, std::string> thief{"X-KeyExchange-Id", device_id('c')};

/// The contract with its natives, a file of channels and a security log, without sockets. What is seen on the
/// wire is in tests/api/easysetup.
struct KeyExchangeServiceTest : testing::Test {
    void SetUp() override {
        keeper.emplace(exchange, *file, pool, clock, logger);
        ASSERT_TRUE(keeper->load());
        service.emplace(KeyExchangeService::Parts{exchange, filter, &*keeper, *security_log, clock,
                                                  "https://sync.example/"});
        const std::string path = HOMESPUN_SOURCE_DIR "/services/key-exchange.rbr";
        std::ifstream contract(path);
        auto parsed = barrel::rbr::parse(std::string(std::istreambuf_iterator<char>(contract), {}), path);
        ASSERT_TRUE(parsed) << parsed.error().render();
        barrel::Natives natives;
        service->register_natives(natives);
        auto bound = barrel::Service::bind(std::move(*parsed), natives);
        ASSERT_TRUE(bound) << barrel::rbr::render(bound.error());
        std::vector<barrel::Application::Mounted> mounted;
        mounted.push_back({"key-exchange", std::move(*bound), {}});
        app = std::move(*barrel::Application::build(std::move(mounted), logger));
    }

    net::http::Response send(std::string method, const std::string& target, const Headers& headers = {},
                             std::string body = {}) {
        net::http::Request request;
        request.method = std::move(method);
        request.target = "/keyexchange" + target;
        request.body = std::move(body);
        request.remote = remote;
        request.executor = &loop;
        request.headers.add("Host", "sync.example");
        request.headers.add("User-Agent", "Firefox/4");
        for (const auto& [name, value] : headers)
            request.headers.add(name, value);
        app->plan(request);
        auto response = loop.run(app->handle(request));
        app->finish(request, response, {});
        return response;
    }
    std::string opened() {
        return std::string(
            send("GET", "/new_channel", {phone}).headers.find("X-KeyExchange-Channel").value());
    }
    /// The lines since the last call.
    std::vector<ReadLine> told() {
        std::vector<ReadLine> lines;
        std::ifstream log(folder / "cef.log");
        std::string line;
        for (std::size_t i = 0; std::getline(log, line); ++i) {
            if (i >= read) lines.push_back(base::cef::read_line(line));
        }
        read += lines.size();
        return lines;
    }

    static FilterRules small_rules() {
        FilterRules rules;
        rules.threshold = 20;
        rules.br_threshold = 3;
        return rules;
    }

    sys::ScratchFolder folder;
    accounts::TestLoop loop;
    base::ManualClock clock{1'795'225'889'000};
    base::NullLogger logger;
    base::SystemRandom random;
    std::string remote = "192.0.2.1";
    std::size_t read = 0;
    Channels exchange{{}, random};
    AddressFilter filter{small_rules(), net::TrustedProxies::parse({"10.0.0.0/8"}).value()};
    std::unique_ptr<sys::CefFile> security_log =
        sys::CefFile::open(folder / "cef.log", {}, clock, logger).value();
    std::unique_ptr<store::sqlite::ChannelsSqlite> file =
        store::sqlite::ChannelsSqlite::open(folder / "key-exchange.db").value();
    sys::BlockingPool pool{1, 16};
    std::optional<ChannelKeeper> keeper;
    std::optional<KeyExchangeService> service;
    std::unique_ptr<barrel::Application> app;
};

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
