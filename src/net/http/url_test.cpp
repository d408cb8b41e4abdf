#include "net/http/url.hpp"

#include <gtest/gtest.h>

namespace homespun::net::http {
namespace {

TEST(BracketsTest, OnlyIpv6LiteralsHaveThem) {
    for (const auto& [bare, in_a_url] : {std::pair("::1", "[::1]"),
                                         {"2001:db8::1", "[2001:db8::1]"},
                                         {"127.0.0.1", "127.0.0.1"},
                                         {"sync.example", "sync.example"},
                                         {"", ""}}) {
        EXPECT_EQ(bracketed(bare), in_a_url);
        EXPECT_EQ(bracketed(in_a_url), in_a_url) << "once is enough";
        EXPECT_EQ(without_brackets(in_a_url), bare);
        EXPECT_EQ(without_brackets(bare), bare);
    }
    EXPECT_EQ(authority("::1", 443, true), "[::1]");
    EXPECT_EQ(authority("::1", 5000, true), "[::1]:5000");
    EXPECT_EQ(without_brackets("["), "[");
}

TEST(UrlTest, KnowsItsParts) {
    const auto url = Url::parse("https://OAuth.Accounts.firefox.com/v1/jwks?a=%20b");
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "oauth.accounts.firefox.com");
    EXPECT_EQ(url->port, 443);
    EXPECT_EQ(url->target, "/v1/jwks?a=%20b");
}

TEST(UrlTest, FillsInPortAndPath) {
    EXPECT_EQ(Url::parse("http://a")->port, 80);
    EXPECT_EQ(Url::parse("http://a")->target, "/");
    EXPECT_EQ(Url::parse("HTTP://a?q")->target, "/?q");
    EXPECT_EQ(Url::parse("https://a:8443/x")->port, 8443);
    const auto six = Url::parse("https://[::1]:444/");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->host, "::1");
    EXPECT_EQ(six->port, 444);
}

TEST(UrlTest, RefusesWhatItCannotCall) {
    for (const auto* text :
         {"", "a", "ftp://a", "https://", "https:///x", "https://a:0", "https://a:", "https://a:65536",
          "https://user@a/", "https://a/#b", "https://a b/", "https://a/\r\nX: y", "https://[::1",
          "https://a]", "https://[a]", "https://a:80:80", "https://a\\b", "https://\xc3\xa4"}) {
        EXPECT_FALSE(Url::parse(text)) << text;
    }
}

TEST(UrlTest, ReadsAuthorities) {
    EXPECT_EQ(parse_authority("A.example", true), (Authority{"a.example", 443}));
    EXPECT_EQ(parse_authority("a:81", true), (Authority{"a", 81}));
    EXPECT_EQ(parse_authority("[::1]", false), (Authority{"::1", 80}));
    for (const auto* text : {"", ":80", "a:", "a:0", "a/", "a@b", "[::1", "[::1]x", "::1", "a:1:2"})
        EXPECT_EQ(parse_authority(text, false), std::nullopt) << text;
}

TEST(UrlTest, TellsLoopback) {
    for (const auto* text :
         {"http://127.0.0.1:9/", "http://localhost/", "http://[::1]/", "http://127.1.2.3/"})
        EXPECT_TRUE(is_loopback(Url::parse(text)->host)) << text;
    for (const auto* text : {"http://127.0.0.1.example/", "http://example/", "http://[::2]/"})
        EXPECT_FALSE(is_loopback(Url::parse(text)->host)) << text;
}

TEST(UrlTest, WritesAuthorities) {
    EXPECT_EQ(authority("a", 443, true), "a");
    EXPECT_EQ(authority("a", 80, true), "a:80");
    EXPECT_EQ(authority("a", 80, false), "a");
    EXPECT_EQ(authority("::1", 8080, false), "[::1]:8080");
}

}  // namespace
}  // namespace homespun::net::http
