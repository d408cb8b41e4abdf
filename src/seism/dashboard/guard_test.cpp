#include "seism/dashboard/guard.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace homespun::seism {
namespace {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
constexpr std::string_view token = "0123456789abcdef";

net::http::Request request(std::string_view method, std::string_view target, Fields fields) {
    net::http::Request made;
    made.method = method;
    made.target = target;
    for (const auto& [name, value] : fields)
        made.headers.add(name, value);
    return made;
}

std::string get(Fields fields, std::string_view target = "/api/proxies") {
    const auto away = turn_away(request("GET", target, fields), token);
    return away ? away->text : "";
}

std::string post(Fields fields) {
    const auto away = turn_away(request("POST", "/api/proxies", fields), token);
    return away ? away->text : "";
}

TEST(DashboardGuard, KnowsTheNamesOfThisMachine) {
    for (const auto* host : {"127.0.0.1:8475", "localhost:8475", "LOCALHOST:8475", "[::1]:8475", "127.0.0.1",
                             "localhost:9000", "127.9.8.7:1"})
        EXPECT_EQ(get({{"Host", host}}), "") << host;
}

TEST(DashboardGuard, RefusesEveryOtherHost) {
    for (const auto* host : {"", "evil.example:8475", "127.0.0.1.evil.example:8475", "localhost.evil.example",
                             "192.168.1.7:8475", "[::2]:8475", "127.0.0.1:8475:1", "evil.example@127.0.0.1",
                             "127.0.0.1:0", "0.0.0.0:8475"})
        EXPECT_NE(get({{"Host", host}}), "") << host;
    EXPECT_NE(get({}), "");
    EXPECT_NE(get({{"Host", "localhost:1"}, {"Host", "evil.example"}}), "");
}

TEST(DashboardGuard, RefusesOtherOriginsAndSites) {
    const auto with = [](std::string_view name, std::string_view value) {
        return get({{"Host", "127.0.0.1:8475"}, {name, value}});
    };
    EXPECT_EQ(with("Origin", "http://127.0.0.1:8475"), "");
    for (const auto* origin :
         {"null", "", "http://evil.example", "http://127.0.0.1:8000", "http://localhost:8475",
          "https://127.0.0.1:8475", "http://127.0.0.1:8475.evil.example", "127.0.0.1:8475"})
        EXPECT_NE(with("Origin", origin), "") << origin;
    EXPECT_EQ(with("Sec-Fetch-Site", "same-origin"), "");
    EXPECT_EQ(with("Sec-Fetch-Site", "none"), "");
    EXPECT_NE(with("Sec-Fetch-Site", "same-site"), "");
    EXPECT_NE(with("Sec-Fetch-Site", "cross-site"), "");
    EXPECT_NE(
        get({{"Host", "localhost:1"}, {"Origin", "http://localhost:1"}, {"Origin", "http://evil.example"}}),
        "");
}

TEST(DashboardGuard, LetsLinksLeadToThePageAlone) {
    const Fields link = {
        {"Host", "127.0.0.1:8475"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}};
    EXPECT_EQ(get(link, "/"), "");
    EXPECT_NE(get(link, "/api/proxies"), "");
    EXPECT_NE(post(link), "");
}

TEST(DashboardGuard, WantsOriginAndTokenOfActions) {
    const std::pair<std::string_view, std::string_view> host = {"Host", "localhost:8475"};
    const std::pair<std::string_view, std::string_view> origin = {"Origin", "http://localhost:8475"};
    EXPECT_EQ(post({host, origin, {"X-Seism-Token", token}}), "");
    EXPECT_NE(post({host, origin}), "");
    EXPECT_NE(post({host, origin, {"X-Seism-Token", ""}}), "");
    EXPECT_NE(post({host, origin, {"X-Seism-Token", "0123456789abcdee"}}), "");
    EXPECT_NE(post({host, {"X-Seism-Token", token}}), "");
    EXPECT_NE(post({host, {"Origin", "http://127.0.0.1:8475"}, {"X-Seism-Token", token}}), "");
    for (const auto* method : {"PUT", "PATCH", "DELETE", "OPTIONS", "post"})
        EXPECT_TRUE(turn_away(request(method, "/", {host, origin}), token)) << method;
}

}  // namespace
}  // namespace homespun::seism
