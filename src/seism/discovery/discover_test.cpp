#include "seism/discovery/discover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace homespun::seism {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DiscoverTest, OneBackForEachPlace) {
    const auto found = discover_backs({{"DATABASE_URL", "postgres://u:p@db/x"},
                                       {"DATABASE_DSN", "postgres://other/x"},
                                       {"MAIN_CACHE_URL", "redis://cache/1"},
                                       {"PGHOST", "db"},
                                       {"PGPORT", "5432"},
                                       {"REDIS_HOST", "cache"},
                                       {"EMPTY_URL", ""},
                                       {"QUEUE_URL", "amqp://queue"},
                                       {"HOME", "/home"}});
    ASSERT_EQ(found.backs.size(), 3U);
    EXPECT_EQ(found.backs[0].name, "database");
    EXPECT_THAT(found.backs[0].variables, ElementsAre("DATABASE_DSN"));
    EXPECT_EQ(found.backs[1].name, "database-2");
    EXPECT_THAT(found.backs[1].variables, ElementsAre("DATABASE_URL", "PGHOST"));
    EXPECT_EQ(found.backs[2].name, "main-cache");
    EXPECT_THAT(found.backs[2].variables, ElementsAre("MAIN_CACHE_URL", "REDIS_HOST"));
    EXPECT_THAT(found.left_alone, ElementsAre("QUEUE_URL: Seism does not know amqp"));
}

TEST(DiscoverTest, TheExperimentIsRightAndHoldsNoSecret) {
    const Variables environment{{"A_URL", "postgres://u:secret@a/x"},
                                {"B_URL", "mysql://u:secret@b/x"},
                                {"C_URL", "redis://:secret@c"},
                                {"D_URL", "memcached://d"},
                                {"E_URL", "ldap://e"},
                                {"F_URL", "http://u:secret@f/x"},
                                {"G_URL", "postgres://g/?sslmode=require"}};
    const auto text = standard_experiment(discover_backs(environment),
                                          {.command = {"/opt/sh\"op", "-v"}, .front = 80, .paths = {"/a"}});
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    auto parsed = parse_experiment(text);
    ASSERT_TRUE(parsed) << parsed.error().front();
    EXPECT_THAT(complete_backs(*parsed, environment), ElementsAre());
    EXPECT_EQ(parsed->title, "sh\"op and what it calls");
    EXPECT_EQ(parsed->front.upstream.text(), "127.0.0.1:80");
    EXPECT_EQ(parsed->traffic.requests.front().target, "/a");
    // Five for each back; what speaks TLS cannot be met in its own protocol.
    EXPECT_EQ(parsed->perturbations.size(), 7U * 5 - 1);
    EXPECT_TRUE(parsed->backs[0].strip_tls);
    EXPECT_FALSE(parsed->backs[6].strip_tls);
}

TEST(DiscoverTest, ManyBacksHaveTimeEnough) {
    Variables environment;
    for (int i = 0; i < 100; ++i)
        environment["A" + std::to_string(i) + "_URL"] = "http://host" + std::to_string(i);
    const auto parsed =
        parse_experiment(standard_experiment(discover_backs(environment), {.command = {"x"}}));
    ASSERT_TRUE(parsed) << parsed.error().front();
    EXPECT_EQ(parsed->backs.size(), 100U);
    EXPECT_EQ(parsed->front.upstream.port, 0);
}

}  // namespace
}  // namespace homespun::seism
