#include "net/io/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace homespun::net {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string client(const std::vector<std::string>& trusted, const std::string& peer, const Fields& fields) {
    http::Headers headers;
    for (const auto& [name, value] : fields)
        headers.add(name, value);
    return TrustedProxies::parse(trusted).value().client_of(peer, headers);
}

TEST(TrustedProxies, StrangersCannotSayWhoTheyAre) {
    const Fields spoof = {{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1"}};
    EXPECT_EQ(client({}, "203.0.113.9", spoof), "203.0.113.9");
    EXPECT_EQ(client({}, "127.0.0.1", spoof), "127.0.0.1") << "nobody is trusted unless named";
    EXPECT_EQ(client({"10.0.0.0/8"}, "11.0.0.1", spoof), "11.0.0.1");
    EXPECT_EQ(client({"127.0.0.1"}, "unix", spoof), "unix");
    EXPECT_EQ(client({"unix"}, "unix", spoof), "192.0.2.1");
}

TEST(TrustedProxies, TheRightmostStrangerCounts) {
    const std::vector<std::string> trusted = {"127.0.0.1", "10.0.0.0/8", "fd00::/8"};
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9"}}), "203.0.113.9");
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.1.2.3, fd00::7"}}),
              "203.0.113.9");
    EXPECT_EQ(
        client(trusted, "127.0.0.1", {{"X-Forwarded-For", "6.6.6.6"}, {"x-forwarded-for", "203.0.113.9"}}),
        "203.0.113.9");
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"X-Forwarded-For", "10.0.0.5"}}), "10.0.0.5")
        << "a client of our own net";
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"X-Forwarded-For", "6.6.6.6, unknown, 10.0.0.5"}}), "10.0.0.5");
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"X-Forwarded-For", "6.6.6.6, "}}), "127.0.0.1");
    EXPECT_EQ(client(trusted, "127.0.0.1", {}), "127.0.0.1");
    EXPECT_EQ(client(trusted, "::ffff:127.0.0.1", {{"X-Forwarded-For", "::ffff:203.0.113.9"}}),
              "203.0.113.9");
}

TEST(TrustedProxies, TheStandardsHeaderWhenTheUsualOneIsNotThere) {
    const std::vector<std::string> trusted = {"127.0.0.1"};
    EXPECT_EQ(
        client(trusted, "127.0.0.1", {{"Forwarded", R"(for=6.6.6.6, for="[2001:db8::1]:4711";proto=https)"}}),
        "2001:db8::1");
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"Forwarded", "proto=https; For=203.0.113.9:80 ;by=10.0.0.1"}}),
              "203.0.113.9");
    EXPECT_EQ(client(trusted, "127.0.0.1", {{"Forwarded", "for=_hidden"}}), "127.0.0.1");
    EXPECT_EQ(
        client(trusted, "127.0.0.1", {{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "203.0.113.9"}}),
        "203.0.113.9");
}

TEST(TrustedProxies, NetworksEndWhereTheySay) {
    const auto proxies = TrustedProxies::parse({"192.0.2.128/25", "2001:db8::/33", "0.0.0.0/32"}).value();
    EXPECT_TRUE(proxies.trusts("192.0.2.128"));
    EXPECT_TRUE(proxies.trusts("192.0.2.255"));
    EXPECT_FALSE(proxies.trusts("192.0.2.127"));
    EXPECT_TRUE(proxies.trusts("2001:db8:7fff::1"));
    EXPECT_FALSE(proxies.trusts("2001:db8:8000::1"));
    EXPECT_TRUE(TrustedProxies::parse({"0.0.0.0/0"}).value().trusts("6.6.6.6"));
    EXPECT_FALSE(TrustedProxies::parse({"0.0.0.0/0"}).value().trusts("::1"))
        << "that is IPv4's whole, not IPv6's";
}

TEST(TrustedProxies, NonsenseIsRefused) {
    for (const std::string entry :
         {"", "example.org", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "/8", "10.0.0"})
        EXPECT_FALSE(TrustedProxies::parse({entry})) << entry;
}

}  // namespace
}  // namespace homespun::net
