#include "sync/easysetup/address_filter.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::easysetup {
namespace {

using Kind = AddressFilter::Verdict::Kind;
constexpr std::int64_t start = 1'795'225'889'000;

struct AddressFilterTest : testing::Test {
    FilterRules rules;
    std::int64_t now = start;

    AddressFilter filter(const std::vector<std::string>& whitelist = {}) const {
        return AddressFilter(rules, net::TrustedProxies::parse(whitelist).value());
    }
    /// How many of so many calls were answered.
    int answered(AddressFilter& its, std::string_view address, int calls) const {
        int count = 0;
        for (int i = 0; i < calls; ++i)
            count += its.call(address, now).kind == Kind::pass ? 1 : 0;
        return count;
    }
};

TEST(RecentAddressesTest, ForgetsWhoWasNotSeenForLongest) {
    RecentAddresses recent(2, 1000);
    EXPECT_EQ(recent.count("a", 0), 1);
    EXPECT_EQ(recent.count("b", 0), 1);
    EXPECT_EQ(recent.count("a", 0), 2);
    EXPECT_EQ(recent.count("c", 0), 1) << "takes b's place";
    EXPECT_EQ(recent.count("a", 0), 3);
    EXPECT_EQ(recent.count("b", 0), 1);
    EXPECT_EQ(recent.size(), 2U);
}

TEST(RecentAddressesTest, ForgetsWhoWasIdle) {
    RecentAddresses recent(2, 1000);
    recent.count("a", 0);
    EXPECT_EQ(recent.count("a", 999), 2);
    EXPECT_EQ(recent.count("a", 1998), 3) << "idle, not old";
    EXPECT_EQ(recent.count("a", 2998), 1);
    recent.forget("a");
    EXPECT_EQ(recent.count("a", 2998), 1);
}

TEST_F(AddressFilterTest, ValuesOfProduction) {
    auto its = filter();
    EXPECT_EQ(answered(its, "192.0.2.1", 4000), 3500);
    EXPECT_EQ(answered(its, "192.0.2.2", 1), 1) << "others are not concerned";
    now += 599'999;
    EXPECT_EQ(answered(its, "192.0.2.1", 1), 0);
    now += 1;
    EXPECT_EQ(answered(its, "192.0.2.1", 4000), 3500) << "after ten minutes it begins anew";
}

TEST_F(AddressFilterTest, WhoIsBounded) {
    EXPECT_EQ(filter().bounded_key("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(filter().bounded_key("2001:db8::1"), filter().bounded_key("2001:db8::2")) << "one network";
    EXPECT_NE(filter().bounded_key("2001:db8::1"), filter().bounded_key("2001:db8:0:1::1"));
    EXPECT_EQ(filter({"192.0.2.0/24"}).bounded_key("192.0.2.1"), "");
    for (const auto mode : {FilterRules::Mode::observe, FilterRules::Mode::off}) {
        rules.mode = mode;
        EXPECT_EQ(filter().bounded_key("192.0.2.1"), "");
    }
}

TEST_F(AddressFilterTest, OnlyTheCallThatIsOneTooManyTells) {
    rules.threshold = 3;
    auto its = filter();
    EXPECT_FALSE(its.call("192.0.2.1", now).listed_now);
    EXPECT_FALSE(its.call("192.0.2.1", now).listed_now);
    const auto third = its.call("192.0.2.1", now);
    EXPECT_TRUE(third.listed_now);
    EXPECT_EQ(third.kind, Kind::pass);
    EXPECT_FALSE(its.call("192.0.2.1", now).listed_now);
}

TEST_F(AddressFilterTest, BadRequests) {
    auto its = filter();
    for (int i = 1; i < 100; ++i)
        EXPECT_FALSE(its.bad_request("192.0.2.1", now)) << i;
    EXPECT_TRUE(its.bad_request("192.0.2.1", now));
    EXPECT_FALSE(its.bad_request("192.0.2.1", now)) << "told once";
    EXPECT_EQ(answered(its, "192.0.2.1", 1), 0);
    const auto listed = its.listed(now);
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].address, "192.0.2.1");
    EXPECT_EQ(listed[0].why, AddressFilter::Why::bad_requests);
    EXPECT_EQ(listed[0].until_ms, start + 3'600'000);
    now += 3'600'000;
    EXPECT_EQ(answered(its, "192.0.2.1", 1), 1);
    EXPECT_TRUE(its.listed(now).empty());
}

TEST_F(AddressFilterTest, QueuesAreBounded) {
    rules.queue_size = 2;
    rules.threshold = 3;
    auto its = filter();
    for (int round = 0; round < 10; ++round) {
        for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
            EXPECT_EQ(answered(its, address, 1), 1) << "three in turn push each other out of two places";
    }
}

TEST_F(AddressFilterTest, WhitelistedAreNotCounted) {
    rules.threshold = 1;
    rules.br_threshold = 1;
    auto its = filter({"192.168.0.0/16", "10.0.0.0/8", "unix"});
    for (const auto* address : {"192.168.7.7", "10.1.2.3", "::ffff:10.1.2.3", "unix"}) {
        EXPECT_EQ(answered(its, address, 5), 5) << address;
        EXPECT_FALSE(its.bad_request(address, now));
    }
    EXPECT_EQ(answered(its, "192.169.0.1", 5), 1);
    EXPECT_TRUE(its.listed(now).size() == 1);
}

TEST_F(AddressFilterTest, WhoHasNoAddressIsRefused) {
    auto its = filter();
    EXPECT_EQ(its.call("", now).kind, Kind::no_address);
    EXPECT_EQ(its.call("unix", now).kind, Kind::no_address);
    EXPECT_FALSE(its.bad_request("unix", now));
}

TEST_F(AddressFilterTest, ObservingRefusesNobody) {
    rules.mode = FilterRules::Mode::observe;
    rules.threshold = 3;
    auto its = filter();
    int told = 0;
    for (int i = 0; i < 10; ++i) {
        const auto verdict = its.call("192.0.2.1", now);
        EXPECT_EQ(verdict.kind, Kind::pass);
        told += verdict.listed_now ? 1 : 0;
    }
    EXPECT_EQ(told, 1);
    EXPECT_EQ(its.listed(now).size(), 1U);
    EXPECT_EQ(its.call("", now).kind, Kind::pass);
}

TEST_F(AddressFilterTest, OffCountsNothing) {
    rules.mode = FilterRules::Mode::off;
    rules.threshold = 1;
    rules.br_threshold = 1;
    auto its = filter();
    EXPECT_EQ(answered(its, "192.0.2.1", 5), 5);
    EXPECT_FALSE(its.bad_request("192.0.2.1", now));
    EXPECT_TRUE(its.listed(now).empty());
}

TEST_F(AddressFilterTest, ClearedBeginAnew) {
    rules.threshold = 2;
    auto its = filter();
    EXPECT_EQ(answered(its, "192.0.2.1", 5), 2);
    EXPECT_EQ(answered(its, "2001:db8::1", 5), 2);
    EXPECT_EQ(answered(its, "2001:db8::2", 1), 0) << "of the same network";
    EXPECT_FALSE(its.clear("192.0.2.9", now));
    EXPECT_TRUE(its.clear("192.0.2.1", now));
    EXPECT_EQ(answered(its, "192.0.2.1", 5), 2);
    EXPECT_TRUE(its.clear("2001:db8::/64", now)) << "as the list shows it";
    EXPECT_EQ(answered(its, "2001:db8::1", 1), 1);
    EXPECT_EQ(its.clear_all(now), 1U);
    EXPECT_EQ(answered(its, "2001:db8::2", 5), 2) << "what was counted is forgotten too";
}

TEST_F(AddressFilterTest, CountsWhoCameOntoTheList) {
    auto page = std::make_unique<base::metrics::Page>();
    base::metrics::Registry registry(*page);
    rules.threshold = 2;
    rules.br_threshold = 1;
    AddressFilter its(
        rules, {},
        {registry.gauge("listed", "-"), registry.counter("calls", "-"), registry.counter("bad", "-")});
    const auto shows = [&](const char* line) {
        return registry.render().contains(std::string("\n") + line + "\n");
    };
    answered(its, "192.0.2.1", 5);
    its.bad_request("192.0.2.2", now);
    its.bad_request("192.0.2.3", now);
    EXPECT_TRUE(shows("listed 3") && shows("calls 1") && shows("bad 2")) << registry.render();
    its.sweep(now + rules.blacklist_ttl_ms);
    EXPECT_TRUE(shows("listed 2")) << registry.render();
    its.clear("192.0.2.2", now);
    EXPECT_TRUE(shows("listed 1")) << registry.render();
}

TEST_F(AddressFilterTest, TheListIsBounded) {
    rules.threshold = 1;
    rules.most_blacklisted = 3;
    auto its = filter();
    for (int i = 1; i <= 4; ++i) {
        answered(its, "192.0.2." + std::to_string(i), 1);
        ++now;
    }
    const auto listed = its.listed(now);
    ASSERT_EQ(listed.size(), 3U);
    EXPECT_EQ(listed[0].address, "192.0.2.2") << "who would have been let go first was let go";
}

}  // namespace
}  // namespace homespun::sync::easysetup
