#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "barrel/rbr/parser.hpp"
#include "barrel/server/application.hpp"
#include "base/cef_fixture.hpp"
#include "base/random.hpp"
#include "sync/accounts/test_loop.hpp"
#include "sync/easysetup/channels_fixture.hpp"
#include "sync/easysetup/service.hpp"
#include "sync/store/sqlite/channels_sqlite.hpp"
#include "sys/cef_log.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::easysetup {

/// The contract with its natives, a file of channels and a security log, without sockets. What is seen on the
/// wire is in tests/api/easysetup.
struct KeyExchangeServiceTest : testing::Test {
    using Headers = std::vector<std::pair<std::string, std::string>>;
    using ReadLine = base::cef::ReadLine;

    explicit KeyExchangeServiceTest(ChannelRules rules = {}) : exchange(rules, random) {}

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
        const auto answer = send("GET", "/new_channel", {{"X-KeyExchange-Id", device_id('a')}});
        return std::string(answer.headers.find("X-KeyExchange-Channel").value());
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
    Channels exchange;
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

}  // namespace homespun::sync::easysetup
