#include "net/http/parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdio>

namespace homespun::net::http {
namespace {

using namespace std::string_literals;

/// What came of a stream of bytes.
struct Read {
    Request request;
    std::string body;
    std::size_t used = 0;
    bool head_done = false, done = false, keep_alive = false, expects_continue = false;
    std::optional<std::uint64_t> content_length;
    std::optional<Refusal> refusal;
};

/// Feeds `bytes` in pieces that end at `cuts` (and at the end), as a connection does: the rest is given
/// again.
Read read(std::string_view bytes, std::vector<std::size_t> cuts = {}, std::size_t head_limit = 4096,
          std::size_t body_limit = SIZE_MAX) {
    Read result;
    RequestParser parser(result.request, head_limit);
    parser.set_body_sink([&](std::string_view piece) {
        result.body += piece;
        return result.body.size() <= body_limit;
    });
    cuts.push_back(bytes.size());
    for (const auto cut : cuts) {
        while (result.used < cut && !parser.done()) {
            const auto used = parser.feed(bytes.substr(result.used, cut - result.used));
            if (!used) {
                result.refusal = used.error();
                return result;
            }
            result.used += *used;
            if (*used == 0) break;
        }
    }
    result.head_done = parser.head_done();
    result.done = parser.done();
    if (result.head_done) {
        result.keep_alive = parser.keep_alive();
        result.expects_continue = parser.expects_continue();
        result.content_length = parser.content_length();
    }
    return result;
}

std::string with_host(const std::string& start, const std::string& rest = "") {
    return start + "\r\nHost: h\r\n" + rest + "\r\n";
}

TEST(RequestParserTest, ReadsAHead) {
    const auto bytes = with_host("GET /a%2Fb?x=1 HTTP/1.1", "X-Two:  a b \t\r\nx-two:\r\n");
    const auto got = read(bytes);
    ASSERT_TRUE(got.done);
    EXPECT_EQ(got.used, bytes.size());
    EXPECT_EQ(got.request.method, "GET");
    EXPECT_EQ(got.request.target, "/a%2Fb?x=1");
    EXPECT_EQ(got.request.version_minor, 1);
    EXPECT_EQ(got.request.headers.find("x-two"), "a b");
    EXPECT_EQ(got.request.headers.count("X-Two"), 2U);
    EXPECT_TRUE(got.keep_alive);
    EXPECT_FALSE(got.content_length);
}

TEST(RequestParserTest, StopsBehindTheHead) {
    const auto head = with_host("POST / HTTP/1.1", "Content-Length: 3\r\n");
    Request request;
    RequestParser parser(request, 4096);
    EXPECT_EQ(parser.feed(head + "abc"), head.size());
    EXPECT_TRUE(parser.head_done());
    EXPECT_FALSE(parser.done());
    EXPECT_EQ(parser.content_length(), 3U);
}

TEST(RequestParserTest, StopsBehindTheMessage) {
    const auto first = with_host("POST /1 HTTP/1.1", "Content-Length: 3\r\n") + "abc";
    const auto got = read(first + with_host("GET /2 HTTP/1.1"));
    EXPECT_TRUE(got.done);
    EXPECT_EQ(got.used, first.size());
    EXPECT_EQ(got.body, "abc");
}

TEST(RequestParserTest, JoinsChunks) {
    const auto head = with_host("PUT / HTTP/1.1", "Transfer-Encoding: Chunked\r\n");
    const auto got = read(head + "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\nrest");
    ASSERT_TRUE(got.done);
    EXPECT_EQ(got.body, "abc0123456789");
    EXPECT_FALSE(got.content_length);
}

TEST(RequestParserTest, TakesALastChunkByteByByte) {
    const auto head = with_host("PUT / HTTP/1.1", "Transfer-Encoding: chunked\r\n");
    for (const auto body : {"0\r\n\r\n", "0\r\nX: y\r\n\r\n", "1\r\na\r\n0\r\n\r\n", "000;x=y\r\n\r\n"}) {
        const auto bytes = head + body;
        std::vector<std::size_t> cuts;
        for (auto cut = head.size(); cut <= bytes.size(); ++cut)
            cuts.push_back(cut);
        const auto got = read(bytes, cuts);
        EXPECT_FALSE(got.refusal) << body;
        EXPECT_TRUE(got.done) << body;
    }
}

TEST(RequestParserTest, KeepsTrailersOutOfTheHeaders) {
    const auto head = with_host("PUT / HTTP/1.1", "Transfer-Encoding: chunked\r\n");
    const auto got = read(head + "1\r\na\r\n0\r\nAuthorization: x\r\nX-Late: y\r\n\r\n");
    ASSERT_TRUE(got.done);
    EXPECT_EQ(got.request.headers.size(), 2U);
    EXPECT_FALSE(got.request.headers.has("Authorization"));
}

TEST(RequestParserTest, KnowsWhetherTheConnectionStays) {
    EXPECT_FALSE(read(with_host("GET / HTTP/1.1", "Connection: close\r\n")).keep_alive);
    EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keep_alive);
    const auto old = read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_TRUE(old.done);
    EXPECT_TRUE(old.keep_alive);
    EXPECT_EQ(old.request.version_minor, 0);
}

TEST(RequestParserTest, KnowsWhoWaitsForAContinue) {
    EXPECT_TRUE(read(with_host("PUT / HTTP/1.1", "Content-Length: 1\r\nExpect: 100-Continue\r\n") + "x")
                    .expects_continue);
    EXPECT_FALSE(read(with_host("PUT / HTTP/1.1", "Content-Length: 1\r\n") + "x").expects_continue);
}

TEST(RequestParserTest, TakesTargetsOfItsOwnOrigin) {
    EXPECT_EQ(read(with_host("GET http://h/x?y HTTP/1.1")).request.target, "/x?y");
    EXPECT_EQ(read(with_host("GET http://h HTTP/1.1")).request.target, "/");
    EXPECT_EQ(read(with_host("GET http://h?y HTTP/1.1")).request.target, "/?y");
    EXPECT_EQ(read(with_host("GET /x?u=http://other/y HTTP/1.1")).request.target, "/x?u=http://other/y");
    EXPECT_EQ(read(with_host("OPTIONS * HTTP/1.1")).request.target, "*");
    EXPECT_EQ(read(with_host("CONNECT h:443 HTTP/1.1")).refusal, Refusal::malformed);
    EXPECT_EQ(read(with_host("GET x HTTP/1.1")).refusal, Refusal::malformed);
}

TEST(RequestParserTest, RefusesWhatIsNoHttp) {
    const std::string bad[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        with_host("GET  / HTTP/1.1"),
        with_host("GET / HTTP/1.1 "),
        with_host("G@T / HTTP/1.1"),
        with_host("GET /a b HTTP/1.1"),
        with_host("GET /\x01 HTTP/1.1"),
        with_host("GET / HTTP/x.1"),
        with_host("GET / http/1.1"),
        with_host("GET / HTTP/1.1", "X : 1\r\n"),
        with_host("GET / HTTP/1.1", ": 1\r\n"),
        with_host("GET / HTTP/1.1", "X\r\n"),
        with_host("GET / HTTP/1.1", "X: a\0b\r\n"s),
        with_host("GET / HTTP/1.1", "X: a\rb\r\n"),
        "GET / HTTP/1.1\r\nX: 1\r\n\r\n",
        with_host("GET / HTTP/1.1", "Host: i\r\n"),
        with_host("GET / HTTP/1.0", "Host: i\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(64, '\0'),
    };
    for (const auto& bytes : bad) {
        EXPECT_EQ(read(bytes).refusal, Refusal::malformed) << testing::PrintToString(bytes);
    }
}

TEST(RequestParserTest, RefusesAmbiguousLengths) {
    const std::string bad[] = {
        with_host("POST / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n"),
        with_host("POST / HTTP/1.1", "Content-Length: 1, 2\r\n"),
        with_host("POST / HTTP/1.1", "Content-Length: -1\r\n"),
        with_host("POST / HTTP/1.1", "Content-Length: +1\r\n"),
        with_host("POST / HTTP/1.1", "Content-Length: 0x1\r\n"),
        with_host("POST / HTTP/1.1", "Content-Length: 99999999999999999999\r\n"),
        with_host("POST / HTTP/1.1", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        with_host("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
        with_host("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n"),
        with_host("POST / HTTP/1.1", "Transfer-Encoding: identity\r\n"),
        with_host("POST / HTTP/1.1", "Transfer-Encoding: xchunked\r\n"),
        with_host("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        with_host("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"),
    };
    for (const auto& head : bad) {
        EXPECT_EQ(read(head + "3\r\nabc\r\n0\r\n\r\n").refusal, Refusal::malformed) << head;
    }
}

TEST(RequestParserTest, RefusesBadChunks) {
    const auto head = with_host("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n");
    for (const auto body : {"x\r\n", "-1\r\n", "\r\n", " 1\r\na\r\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n",
                            "11111111111111111\r\nabc", "0x1\r\na\r\n0\r\n\r\n"}) {
        EXPECT_EQ(read(head + body).refusal, Refusal::malformed) << body;
    }
}

TEST(RequestParserTest, RefusesOtherVersions) {
    for (const auto version : {"0.9", "1.2", "2.0", "3.1"}) {
        EXPECT_EQ(read(with_host("GET / HTTP/"s + version)).refusal, Refusal::version) << version;
    }
}

TEST(RequestParserTest, LimitsTheHead) {
    const auto with_size = [](std::size_t size) {
        const auto empty = with_host("GET / HTTP/1.1", "X: \r\n").size();
        return with_host("GET / HTTP/1.1", "X: " + std::string(size - empty, 'x') + "\r\n");
    };
    EXPECT_TRUE(read(with_size(1000), {}, 1000).done);
    EXPECT_EQ(read(with_size(1001), {}, 1000).refusal, Refusal::head_too_large);
    EXPECT_EQ(read("GET /" + std::string(2000, 'x'), {}, 1000).refusal, Refusal::head_too_large);
    EXPECT_TRUE(read(with_size(1000) + std::string(500, 'x'), {}, 1000).done);
    EXPECT_TRUE(read(with_size(1000), {10, 500, 990}, 1000).done);
    EXPECT_EQ(read(with_size(1001), {10, 500, 990}, 1000).refusal, Refusal::head_too_large);
}

TEST(RequestParserTest, StopsWhereTheSinkHasEnough) {
    const auto announced = with_host("POST / HTTP/1.1", "Content-Length: 4\r\n") + "abcd";
    EXPECT_TRUE(read(announced, {}, 4096, 4).done);
    EXPECT_EQ(read(announced, {}, 4096, 3).refusal, Refusal::body_too_large);
    const auto chunked =
        with_host("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
    EXPECT_TRUE(read(chunked, {}, 4096, 4).done);
    EXPECT_EQ(read(chunked, {}, 4096, 3).refusal, Refusal::body_too_large);
}

TEST(RequestParserTest, WaitsForTheRest) {
    const auto whole = with_host("POST / HTTP/1.1", "Content-Length: 4\r\n") + "abcd";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto got = read(std::string_view(whole).substr(0, size));
        EXPECT_FALSE(got.refusal) << size;
        EXPECT_FALSE(got.done) << size;
    }
}

TEST(RequestParserTest, DoesNotCareHowTheBytesArrive) {
    EXPECT_TRUE(rc::check([] {
        auto bytes = with_host(
            "POST /" + *rc::gen::container<std::string>(rc::gen::inRange('a', 'z')) + " HTTP/1.1",
            *rc::gen::element("X: 1\r\n"s, "X:\r\nY: a b\r\n"s, ""s) + "Transfer-Encoding: chunked\r\n");
        std::string body;
        for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
            const auto size = *rc::gen::inRange<std::size_t>(1, 40);
            const std::string piece(size, static_cast<char>('a' + i));
            char length[8];
            std::snprintf(length, sizeof length, "%zx", size);
            bytes += length + "\r\n"s + piece + "\r\n";
            body += piece;
        }
        bytes += "0\r\n\r\n";
        const auto whole = bytes.size();
        bytes += "GET /next";
        auto cuts =
            *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, bytes.size()));
        std::ranges::sort(cuts);
        const auto got = read(bytes, cuts);
        RC_ASSERT(!got.refusal.has_value());
        RC_ASSERT(got.done && got.used == whole && got.body == body);
        RC_ASSERT(got.request.target == read(bytes).request.target);
        RC_ASSERT(got.request.headers.size() == read(bytes).request.headers.size());
    }));
}

/// Feeds all of `bytes`, one at a time when `slowly`.
std::optional<Refusal> feed(ResponseParser& parser, std::string_view bytes, bool slowly) {
    std::size_t begin = 0;
    for (std::size_t end = slowly ? 1 : bytes.size(); end <= bytes.size() && !parser.done(); ++end) {
        const auto used = parser.feed(bytes.substr(begin, end - begin));
        if (!used) return used.error();
        begin += *used;
    }
    return std::nullopt;
}

TEST(ResponseParserTest, ReadsBodiesOfEachForm) {
    const std::string head = "HTTP/1.1 200 OK\r\nX: 1\r\n";
    for (const auto& message :
         {head + "Content-Length: 3\r\n\r\nabc",
          head + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nLate: 1\r\n\r\n"}) {
        for (const bool slowly : {false, true}) {
            ClientResponse response;
            ResponseParser parser(response, false, 100);
            EXPECT_FALSE(feed(parser, message, slowly));
            EXPECT_TRUE(parser.done());
            EXPECT_TRUE(parser.keep_alive());
            EXPECT_TRUE(parser.finish());
            EXPECT_EQ(response.status, 200);
            EXPECT_EQ(response.headers.find("x"), "1");
            EXPECT_EQ(response.headers.size(), 2U);
            EXPECT_EQ(response.body, "abc");
        }
    }
}

TEST(ResponseParserTest, ReadsAnEmptyChunkedBodyByteByByte) {
    ClientResponse response;
    ResponseParser parser(response, false, 100);
    EXPECT_FALSE(feed(parser, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true));
    EXPECT_TRUE(parser.done());
    EXPECT_EQ(response.body, "");
}

TEST(ResponseParserTest, ReadsUntilTheEnd) {
    ClientResponse response;
    ResponseParser parser(response, false, 100);
    EXPECT_FALSE(feed(parser, "HTTP/1.0 200 OK\r\n\r\nabc", true));
    EXPECT_FALSE(parser.done());
    EXPECT_TRUE(parser.finish());
    EXPECT_EQ(response.body, "abc");
}

TEST(ResponseParserTest, TellsATornAnswer) {
    for (const auto torn : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
        ClientResponse response;
        ResponseParser parser(response, false, 100);
        EXPECT_FALSE(feed(parser, torn, false));
        EXPECT_FALSE(parser.done());
        EXPECT_FALSE(parser.finish()) << torn;
    }
}

TEST(ResponseParserTest, ExpectsNoBodyOfAHead) {
    ClientResponse response;
    ResponseParser parser(response, true, 100);
    EXPECT_FALSE(feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true));
    EXPECT_TRUE(parser.done());
    EXPECT_EQ(response.body, "");
}

TEST(ResponseParserTest, LimitsTheBody) {
    const std::string announced = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890";
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n";
    const std::string until_close = "HTTP/1.1 200 OK\r\n\r\n01234567890";
    for (const auto& message : {announced, chunked, until_close}) {
        ClientResponse response;
        ResponseParser parser(response, false, 10);
        EXPECT_EQ(feed(parser, message, true), Refusal::body_too_large) << message;
    }
}

TEST(ResponseParserTest, RefusesWhatIsNoAnswer) {
    for (const auto bad : {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "SSH-2.0-x\r\n\r\n"}) {
        ClientResponse response;
        ResponseParser parser(response, false, 10);
        EXPECT_TRUE(feed(parser, bad, false)) << bad;
    }
}

}  // namespace
}  // namespace homespun::net::http
