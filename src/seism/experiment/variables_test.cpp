#include "seism/experiment/variables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace homespun::seism {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using wire::Protocol;

const HostPort proxy{.host = "127.0.0.1", .port = 4000};

std::string redirected(const std::string& name, std::string value) {
    Variables environment{{name, std::move(value)}};
    redirect_variable(name, proxy, environment);
    return environment[name];
}

TEST(VariablesTest, NamesTellTheForm) {
    for (const auto* name : {"DATABASE_URL", "A_URI", "CACHE_DSN"})
        EXPECT_EQ(kind_of_variable(name), VariableKind::url) << name;
    for (const auto* name : {"PGHOST", "REDIS_HOST", "MYSQL_HOST"})
        EXPECT_EQ(kind_of_variable(name), VariableKind::host) << name;
    for (const auto* name : {"_URL", "URL", "PATH", "PGPORT", "HOST", "database_url", "TOXIPROXY_URL"})
        EXPECT_EQ(kind_of_variable(name), VariableKind::none) << name;
}

struct Url {
    const char *text, *place;
    Protocol protocol;
    const char* redirected;
};
class UrlTest : public ::testing::TestWithParam<Url> {};

TEST_P(UrlTest, IsReadAndRedirected) {
    const auto place = read_variable("DATABASE_URL", {{"DATABASE_URL", GetParam().text}});
    ASSERT_TRUE(place) << place.error().message;
    EXPECT_EQ(place->at.text(), GetParam().place);
    EXPECT_EQ(place->protocol, GetParam().protocol);
    EXPECT_EQ(redirected("DATABASE_URL", GetParam().text), GetParam().redirected);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, UrlTest,
    ::testing::Values(
        Url{"postgres://u:p@db/shop?sslmode=disable", "db:5432", Protocol::postgres,
            "postgres://u:p@127.0.0.1:4000/shop?sslmode=disable"},
        Url{"postgresql+psycopg2://u:p%40x@db:6000/shop", "db:6000", Protocol::postgres,
            "postgresql+psycopg2://u:p%40x@127.0.0.1:4000/shop"},
        Url{"mysql://u:a@b@db:3307", "db:3307", Protocol::mysql, "mysql://u:a@b@127.0.0.1:4000"},
        Url{"MariaDB://db", "db:3306", Protocol::mysql, "MariaDB://127.0.0.1:4000"},
        Url{"redis://:secret@[::1]/2", "[::1]:6379", Protocol::redis, "redis://:secret@127.0.0.1:4000/2"},
        Url{"memcached://[::1]:11", "[::1]:11", Protocol::memcached, "memcached://127.0.0.1:4000"},
        Url{"ldap://dir/dc=example,dc=org", "dir:389", Protocol::ldap,
            "ldap://127.0.0.1:4000/dc=example,dc=org"},
        Url{"http://api:8000?x=/", "api:8000", Protocol::http, "http://127.0.0.1:4000?x=/"},
        Url{"http://api", "api:80", Protocol::http, "http://127.0.0.1:4000"}));

TEST(VariablesTest, WrongUrlsAreToldWithoutTheirText) {
    for (const auto* text :
         {"", "secret", "secret:1", "secret@db", "://secret@db", "amqp://secret@db", "https://secret@db",
          "postgres://secret@", "postgres:///secret", "postgres://u:secret", "postgres://a:1,secret:2/x",
          "mysql://secret@db:0", "mysql://secret@db:65536", "mysql://u:1/secret@db", "mysql://u:1?secret@db",
          "s3cret+x://db", "mysql://secret@db:1x"}) {
        const auto place = read_variable("A_URL", {{"A_URL", text}});
        ASSERT_FALSE(place) << text;
        EXPECT_THAT(place.error().message, Not(HasSubstr("cret"))) << text;
    }
}

TEST(VariablesTest, TlsThatIsInsistedOn) {
    for (const auto* mode : {"require", "verify-full"}) {
        const auto url = std::string("postgres://db/x?sslmode=") + mode;
        EXPECT_TRUE(read_variable("A_URL", {{"A_URL", url}})->needs_tls);
    }
    EXPECT_FALSE(read_variable("A_URL", {{"A_URL", "postgres://db/x?sslmode=prefer"}})->needs_tls);
}

TEST(VariablesTest, HostAndPort) {
    EXPECT_EQ(read_variable("PGHOST", {{"PGHOST", "db"}})->at.text(), "db:5432");
    EXPECT_EQ(read_variable("PGHOST", {{"PGHOST", "db"}, {"PGPORT", "6"}})->at.text(), "db:6");
    EXPECT_EQ(read_variable("REDIS_HOST", {{"REDIS_HOST", "c:7"}})->at.text(), "c:7");
    for (const auto* port : {"0", "x", "65536", ""})
        EXPECT_FALSE(read_variable("PGHOST", {{"PGHOST", "db"}, {"PGPORT", port}})) << port;
    EXPECT_FALSE(read_variable("PGHOST", {{"PGHOST", "/run/postgresql"}}));
    EXPECT_FALSE(read_variable("PGHOST", {{"PGPORT", "6"}}));

    Variables environment{{"PGHOST", "db"}, {"REDIS_HOST", "c:7"}};
    redirect_variable("PGHOST", proxy, environment);
    redirect_variable("REDIS_HOST", proxy, environment);
    EXPECT_THAT(environment,
                UnorderedElementsAre(Pair("PGHOST", "127.0.0.1"), Pair("PGPORT", "4000"),
                                     Pair("REDIS_HOST", "127.0.0.1:4000"), Pair("REDIS_PORT", "4000")));
}

TEST(VariablesTest, CompleteTheBacksOfAnExperiment) {
    Experiment experiment;
    experiment.app.environment = {{"CACHE_URL", "redis://cache"}, {"MODE", "test"}};
    experiment.backs = {{.name = "db", .variables = {"DATABASE_URL", "PGHOST"}},
                        {.name = "cache", .variables = {"CACHE_URL"}}};
    const Variables ours{{"DATABASE_URL", "postgres://u:p@db/x"}, {"PGHOST", "db"}, {"CACHE_URL", "x"}};
    EXPECT_THAT(complete_backs(experiment, ours), ElementsAre());
    EXPECT_EQ(experiment.backs[0].upstream.text(), "db:5432");
    EXPECT_EQ(experiment.backs[0].protocol, Protocol::postgres);
    EXPECT_EQ(experiment.backs[1].upstream.text(), "cache:6379");
    experiment.backs[0].listen = proxy;
    experiment.backs[1].listen = {.host = "127.0.0.1", .port = 5000};
    EXPECT_THAT(redirected_environment(experiment),
                UnorderedElementsAre(Pair("DATABASE_URL", "postgres://u:p@127.0.0.1:4000/x"),
                                     Pair("PGHOST", "127.0.0.1"), Pair("PGPORT", "4000"),
                                     Pair("CACHE_URL", "redis://127.0.0.1:5000"), Pair("MODE", "test")));

    experiment.backs[0].upstream = {};
    EXPECT_THAT(complete_backs(experiment, {{"DATABASE_URL", "postgres://db/x"}, {"PGHOST", "other"}}),
                ElementsAre("backs[0].variables: PGHOST tells of other:5432, the back is db:5432"));
}

}  // namespace
}  // namespace homespun::seism
