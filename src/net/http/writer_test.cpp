#include "net/http/writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "net/http/parser.hpp"

namespace homespun::net::http {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

TEST(FormatDateTest, WritesTheFixedForm) {
    EXPECT_EQ(format_date(784111777), date);  // RFC 9110, 5.6.7
    EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(format_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(format_date(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

TEST(CachedDateTest, FollowsTheSecond) {
    CachedDate cached;
    EXPECT_EQ(cached.at(784111777), date);
    EXPECT_EQ(cached.at(784111777), date);
    EXPECT_EQ(cached.at(784111778), format_date(784111778));
    EXPECT_EQ(cached.at(784111777), date) << "clocks go back, too";
}

TEST(WriteHeadTest, WritesEveryByte) {
    Response response(200, "application/json", "[]");
    response.headers.add("X-Weave-Timestamp", "1.00");
    HeadFacts facts;
    facts.date = date;
    facts.content_length = 2;
    std::string out = "before";
    write_head(out, response, facts);
    EXPECT_EQ(
        out,
        "beforeHTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nX-Weave-Timestamp: 1.00\r\n\r\n");
}

TEST(WriteHeadTest, TellsHowTheConnectionGoesOn) {
    const auto head = [](const HeadFacts& facts) {
        std::string out;
        write_head(out, Response(204), facts);
        return out;
    };
    EXPECT_EQ(head({.date = date, .content_length = {}}).find("Connection"), std::string::npos);
    EXPECT_NE(head({.date = date, .keep_alive = false, .content_length = {}}).find("Connection: close\r\n"),
              std::string::npos);
    EXPECT_NE(
        head({.date = date, .version_minor = 0, .content_length = {}}).find("Connection: keep-alive\r\n"),
        std::string::npos);
    EXPECT_NE(head({.date = date, .version_minor = 0, .keep_alive = false, .content_length = {}})
                  .find("Connection: close\r\n"),
              std::string::npos);
    const auto chunked = head({.date = date, .chunked = true, .content_length = {}});
    EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(chunked.find("Content-Length"), std::string::npos);
    EXPECT_EQ(head({.date = date, .content_length = {}}).find("Content-Type"), std::string::npos)
        << "no type, no field";
}

TEST(WriteHeadTest, LeavesOutWhatWouldSplitIt) {
    for (const auto bad : {"x\r\nSet-Cookie: a=b"sv, "x\ny"sv, "x\ry"sv, "x\0y"sv}) {
        Response response(302, std::string(bad), "");
        response.headers.add("Location", bad);
        response.headers.add(bad, "value");
        response.headers.add("X-Good", "1");
        std::string out;
        write_head(out, response, {.date = date, .content_length = {}});
        EXPECT_EQ(out, "HTTP/1.1 302 Found\r\nDate: " + std::string(date) + "\r\nX-Good: 1\r\n\r\n");
    }
}

TEST(WriteHeadTest, KnowsWhoHasNoBody) {
    for (const int status : {100, 101, 199, 204, 304})
        EXPECT_TRUE(is_bodiless(status)) << status;
    for (const int status : {200, 201, 205, 301, 400, 500})
        EXPECT_FALSE(is_bodiless(status)) << status;
}

TEST(WriteHeadTest, IsReadBackByTheParser) {
    EXPECT_TRUE(rc::check([] {
        const auto word = [] {
            return *rc::gen::container<std::string>(rc::gen::inRange<char>('!', '\x7f'));
        };
        const auto body = *rc::gen::arbitrary<std::string>();
        Response response(*rc::gen::element(200, 201, 400, 412, 503), "text/plain", body);
        for (int i = *rc::gen::inRange(0, 10); i > 0; --i)
            response.headers.add("X-" + std::to_string(i), word());
        std::string out;
        write_head(out, response, {.date = date, .content_length = body.size()});
        out += body;
        ClientResponse read;
        ResponseParser parser(read, false, 1 << 20);
        const auto used = parser.feed(out);
        RC_ASSERT(used.has_value() && *used == out.size() && parser.done() && parser.keep_alive());
        RC_ASSERT(read.status == response.status && read.body == body);
        for (std::size_t i = 0; i < response.headers.size(); ++i)
            RC_ASSERT(read.headers.find(response.headers[i].name) == response.headers[i].value);
    }));
}

}  // namespace
}  // namespace homespun::net::http
