#include "stampede/models/access_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <vector>

#include "base/log.hpp"
#include "stampede/models/request_group.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;

TEST(AccessLogTest, ReadsTheCombinedFormat) {
    const auto line = parse_access_line(
        R"(192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /a%20b?q=1 HTTP/1.1" 200 2326 )"
        R"("http://ref/\"x\"" "Agent (\"quoted\") 1.0")"
        "\r\n");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->time_ms, 971'211'336'000);
    EXPECT_EQ(line->method, "GET");
    EXPECT_EQ(line->target, "/a%20b?q=1");
    EXPECT_EQ(line->status, 200);
    EXPECT_EQ(line->answer_bytes, 2326u);
    EXPECT_EQ(line->body_bytes, std::nullopt);
    EXPECT_EQ(line->user, "frank");
}

TEST(AccessLogTest, ReadsTheCommonFormatAndItsOddities) {
    const auto line = [](std::string_view request, std::string_view rest = "404 -") {
        return parse_access_line("::1 - - [01/Jan/1970:00:00:01 +0000] \"" + std::string(request) + "\" " +
                                 std::string(rest));
    };
    const auto plain = line("POST /x HTTP/1.0");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->time_ms, 1000);
    EXPECT_EQ(plain->user, "::1");
    EXPECT_EQ(plain->answer_bytes, std::nullopt);
    EXPECT_EQ(line("GET http://h:1/p?q HTTP/1.1")->target, "/p?q");
    EXPECT_EQ(line("GET http://h HTTP/1.1")->target, "/");
    EXPECT_EQ(line("GET /\\xc3\\xa4#x HTTP/1.1")->target, "/%C3%A4");
    EXPECT_EQ(line("GET /a\\\"b")->target, "/a\"b");
    EXPECT_EQ(parse_access_line(R"(h - a b [01/Jan/1970:00:00:01 +0000] "GET / HTTP/1.1" 200 1)")->user,
              "a%20b");
    for (const auto* request : {"", "-", "GET", "get / HTTP/1.1", "GET /a b HTTP/1.1", "CONNECT h:1 HTTP/1.1",
                                "\\x16\\x03\\x01", "GET /\\x00 HTTP/1.1", "GET * HTTP/1.1"}) {
        EXPECT_FALSE(line(request)) << request;
    }
    for (const auto* rest : {"", "200", "99 1", "600 1", "200 x", "2000 1", "- 1"})
        EXPECT_FALSE(line("GET / HTTP/1.1", rest)) << rest;
}

TEST(AccessLogTest, RefusesTimesThatAreNone) {
    for (const auto* time :
         {"31/Feb/2000:00:00:00 +0000", "00/Jan/2000:00:00:00 +0000", "01/Foo/2000:00:00:00 +0000",
          "01/Jan/2000:24:00:00 +0000", "01/Jan/2000:00:60:00 +0000", "01/Jan/2000:00:00:00",
          "01/Jan/2000:00:00:00 0000", "01/Jan/1970:00:00:00 +0100", "01/Jan/2000:00:00:00 +00000", ""}) {
        EXPECT_FALSE(parse_access_line("h - - [" + std::string(time) + R"(] "GET / HTTP/1.1" 200 1)"))
            << time;
    }
}

/// A line as the logger writes it.
std::string own_line(base::LogFormat format, std::string_view event,
                     std::initializer_list<base::LogField> fields) {
    const auto rest = base::format_event(format, event, fields);
    return format == base::LogFormat::json
               ? R"({"time":"2026-11-21T15:07:29.341Z","level":"info",)" + rest + "}"
               : "2026-11-21T15:07:29.341Z info " + rest;
}

TEST(AccessLogTest, ReadsOurOwnLines) {
    for (const auto format : {base::LogFormat::key_value, base::LogFormat::json}) {
        const auto line = parse_access_line(own_line(format, "request",
                                                     {{"id", std::int64_t{7}},
                                                      {"remote", std::string_view("127.0.0.1")},
                                                      {"method", std::string_view("POST")},
                                                      {"path", std::string_view("/1.5/9/storage/a=\"b\\")},
                                                      {"status", std::int64_t{200}},
                                                      {"us", std::int64_t{576}},
                                                      {"reason", std::string_view("")}}));
        ASSERT_TRUE(line);
        EXPECT_EQ(line->time_ms, 1'795'273'649'341);
        EXPECT_EQ(line->method, "POST");
        EXPECT_EQ(line->target, "/1.5/9/storage/a=\"b\\");
        EXPECT_EQ(line->status, 200);
        EXPECT_EQ(line->body_bytes, std::nullopt);
        EXPECT_EQ(line->user, "127.0.0.1");
        const auto sized = parse_access_line(own_line(format, "refused",
                                                      {{"method", std::string_view("PUT")},
                                                       {"path", std::string_view("/\xff/x")},
                                                       {"status", std::int64_t{404}},
                                                       {"bytes", std::int64_t{33}}}));
        ASSERT_TRUE(sized);
        EXPECT_EQ(sized->body_bytes, 33u);
        EXPECT_EQ(sized->target, "/%FF/x");
        EXPECT_FALSE(
            parse_access_line(own_line(format, "store_opened", {{"directory", std::string_view("/x")}})));
        EXPECT_FALSE(parse_access_line(own_line(format, "request", {{"status", std::int64_t{200}}})));
    }
}

TEST(AccessLogTest, NothingComesOfTornLines) {
    const std::string lines[] = {
        own_line(base::LogFormat::key_value, "request",
                 {{"method", std::string_view("GET")}, {"status", std::int64_t{200}}, {"path", "/a b"}}),
        own_line(base::LogFormat::json, "request",
                 {{"method", std::string_view("GET")}, {"path", "/"}, {"status", std::int64_t{200}}}),
        R"(h - - [01/Jan/1970:00:00:01 +0000] "GET /a HTTP/1.1" 200 12)",
    };
    for (const auto& line : lines) {
        for (std::size_t size = 0; size < line.size(); ++size) {
            const auto torn = parse_access_line(line.substr(0, size));
            EXPECT_TRUE(!torn || torn->status == 200) << size;
        }
    }
    EXPECT_FALSE(parse_access_line(std::string(longest_access_line + 1, 'x')));
    EXPECT_FALSE(parse_access_line(std::string(1000, '{')));
    EXPECT_FALSE(parse_access_line("2026-11-21T15:07:29.341Z info request a=\""));
    EXPECT_FALSE(parse_access_line("2026-11-21T15:07:29.341Z info request"));
    EXPECT_FALSE(parse_access_line("2026-11-21T15:07:29.341Z"));
}

TEST(AccessLogTest, ReadsFilesAndCountsWhatIsNoRequest) {
    const auto path = testing::TempDir() + "/access_log_test.log";
    const std::string good = R"(h - - [01/Jan/1970:00:00:01 +0000] "GET /a HTTP/1.1" 200 12)";
    std::ofstream(path, std::ios::binary) << good << "\n\n"
                                          << std::string(3 * longest_access_line, 'x') << "\r\n"
                                          << std::string("a\0b", 3) << "\n"
                                          << good << "\r\n"
                                          << good;
    std::vector<std::string> targets;
    const auto lines = read_access_log(path, [&](const AccessLine& line) { targets.push_back(line.target); });
    ASSERT_TRUE(lines);
    EXPECT_EQ(lines->requests, 3u);
    EXPECT_EQ(lines->others, 2u);
    EXPECT_EQ(targets, (std::vector<std::string>(3, "/a")));
    std::remove(path.c_str());
    EXPECT_THAT(read_access_log(path, [](const AccessLine&) {}).error().message, HasSubstr(path));
    EXPECT_FALSE(read_access_log(testing::TempDir(), [](const AccessLine&) {}));
}

TEST(RequestGroupTest, NamesSyncRequestsAsTheModelsDo) {
    const auto group = [](std::string_view method, std::string_view rest) {
        return request_group(method, "/storage/1.5/123" + std::string(rest));
    };
    EXPECT_EQ(group("GET", "/info/collections"), "GET info/collections");
    EXPECT_EQ(group("GET", "/storage/meta/global"), "GET meta/global");
    EXPECT_EQ(group("PUT", "/storage/crypto/keys"), "PUT crypto/keys");
    EXPECT_EQ(group("POST", "/storage/tabs?batch=true"), "POST tabs");
    EXPECT_EQ(group("GET", "/storage/forms/abc"), "GET forms/{n}");
    EXPECT_EQ(group("DELETE", "/storage/forms"), "DELETE collection");
    EXPECT_EQ(group("DELETE", "/storage"), "DELETE storage");
    EXPECT_EQ(group("DELETE", ""), "DELETE storage");
    EXPECT_EQ(request_group("GET", "/1.1/some1name/storage/history?newer=1"), "GET history");
    const auto path = parse_sync_path("/sync/1.1/name/storage/tabs/?full=1");
    ASSERT_TRUE(path);
    EXPECT_EQ(path->user, "name");
    EXPECT_EQ(path->what, "storage/tabs");
    EXPECT_EQ(path->query, "full=1");
    for (const auto* other : {"/", "/token/1.0/sync/1.5", "/1.5/", "/1.5//info/x", "/1.5/x/y", "/1.5/name"})
        EXPECT_FALSE(parse_sync_path(other)) << other;
}

TEST(RequestGroupTest, CollapsesNumbersAndIds) {
    const auto group = [](std::string_view target) { return request_group("GET", target); };
    EXPECT_EQ(group("/"), "GET /");
    EXPECT_EQ(group("/u/5/x?y=1"), "GET /u/{n}/x");
    EXPECT_EQ(group("/v1/account"), "GET /v1/account");
    EXPECT_EQ(group("/photo123.jpg"), "GET /photo{n}.jpg");
    EXPECT_EQ(group("/a/550e8400-e29b-41d4-a716-446655440000/"), "GET /a/{n}/");
    EXPECT_EQ(group("/a/AbCdEfGhIjKlMnOpQrSt1"), "GET /a/{n}");
    EXPECT_EQ(group("/administration-of-things"), "GET /administration-of-things");
    EXPECT_LT(group("/" + std::string(5000, 'a')).size(), 200u);
}

}  // namespace
}  // namespace homespun::stampede
