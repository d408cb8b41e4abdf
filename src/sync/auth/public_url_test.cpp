#include "sync/auth/public_url.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::auth {
namespace {

net::http::Request request_to(std::string_view host, std::string scheme = "http") {
    net::http::Request request;
    request.scheme = std::move(scheme);
    if (!host.empty()) request.headers.add("Host", host);
    return request;
}

TEST(PublicUrlTest, IsReadAndWritten) {
    for (const auto& [text, again] :
         {std::pair("https://Sync.Example", "https://sync.example"),
          std::pair("https://sync.example:443/", "https://sync.example"),
          std::pair("http://sync.example:443/a/b//", "http://sync.example:443/a/b"),
          std::pair("HTTP://[::1]:5000/", "http://[::1]:5000"),
          std::pair("http://[FE80::1]/x", "http://[fe80::1]/x")}) {
        const auto url = PublicUrl::parse(text);
        ASSERT_TRUE(url) << url.error().message;
        EXPECT_EQ(url->text(), again);
    }
    for (const auto* text : {"", "sync.example", "ftp://a", "https://", "https://a:0",
                             "https://a:", "https://a?b", "https://a/#b", "https://u@a", "https://a/\"b",
                             "https://a/<b>", "https://a b", "https://[a]", "https://[::1]x"}) {
        EXPECT_FALSE(PublicUrl::parse(text)) << text;
    }
    EXPECT_NE(PublicUrl::parse("a").error().message.find("like https://sync.example"), std::string::npos);
}

TEST(PublicUrlTest, KnowsThisMachine) {
    for (const auto* text : {"http://localhost:1", "http://127.3.2.1", "https://[::1]"})
        EXPECT_TRUE(PublicUrl::parse(text)->is_loopback()) << text;
    for (const auto* text : {"http://localhost.example", "http://127.example", "https://[::2]"})
        EXPECT_FALSE(PublicUrl::parse(text)->is_loopback()) << text;
}

TEST(PublicUrlsTest, TheOneOfTheHostCountsElseTheFirst) {
    const PublicUrls urls(
        {*PublicUrl::parse("https://one.example"), *PublicUrl::parse("http://[::1]:5000/two")});
    EXPECT_EQ(urls.of(request_to("ONE.example"))->text(), "https://one.example");
    EXPECT_EQ(urls.of(request_to("one.example:443"))->text(), "https://one.example");
    EXPECT_EQ(urls.of(request_to("[::1]:5000"))->text(), "http://[::1]:5000/two");
    EXPECT_EQ(urls.of(request_to("other.example"))->text(), "https://one.example");
    EXPECT_TRUE(urls.knows(request_to("one.example")));
    for (const auto* host : {"one.example:80", "[::1]", "other.example", "one.example:x", ""})
        EXPECT_FALSE(urls.knows(request_to(host))) << host;
}

TEST(PublicUrlsTest, WithoutAnyLoopbackNamesCount) {
    const PublicUrls none;
    EXPECT_EQ(none.of(request_to("localhost:5000"))->text(), "http://localhost:5000");
    EXPECT_EQ(none.of(request_to("[::1]", "https"))->text(), "https://[::1]");
    for (const auto* host : {"sync.example", "localhost:0", "a b", ""}) {
        EXPECT_FALSE(none.of(request_to(host))) << host;
        EXPECT_FALSE(none.knows(request_to(host))) << host;
    }
}

}  // namespace
}  // namespace homespun::sync::auth
