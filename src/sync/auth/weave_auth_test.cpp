#include "sync/auth/weave_auth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "barrel/server/server_fixture.hpp"
#include "base/cef_fixture.hpp"
#include "base/encoding.hpp"
#include "sync/accounts/test_loop.hpp"
#include "sync/auth/weave_fixture.hpp"

namespace homespun::sync::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t remember_ms = 1000;
constexpr const char* contract = R"(
root /w;
on check use native:weave_problem;
on error use native:weave_problem;
path hello ( method GET, url /{user}, auth basic with native:weave_user, use native:hello );
)";

class WeaveAuthTest : public testing::Test {
  protected:
    WeaveAuthTest() {
        backend.users["ann"] = {{.id = 5, .name = "ann"}, "p:\u00e4ss"};
        world.natives.authenticator("weave_user",
                                    [this](barrel::Context& context) { return auth.authenticate(context); });
        world.natives.handler("hello", [](barrel::Context& context) -> base::Task<net::http::Response> {
            const auto* user = context.identity<BackendUser>();
            co_return net::http::Response(200, "text/plain", std::to_string(user->id));
        });
        world.natives.hook("weave_problem", [this](barrel::Context& context, const barrel::Problem& problem) {
            return answers.problem(context, problem);
        });
    }

    barrel::test::Answer get(const std::string& target, std::string_view authorization) {
        auto& request = world.request("GET", target);
        request.executor = &loop;
        request.remote = remote;
        request.headers.add("Host", "sync.example");
        request.headers.add("User-Agent", "Firefox|4");
        if (!authorization.empty()) request.headers.add("Authorization", authorization);
        return world.send(request);
    }
    barrel::test::Answer login(const std::string& name, const std::string& password) {
        return get("/w/ann", "Basic " + base::base64_encode(name + ":" + password, base::Base64::standard));
    }

    int wrong_logins(int count) {
        int refused = 0;
        for (int i = 0; i < count; ++i)
            refused += login("ann", "guess" + std::to_string(i)).status == 503 ? 1 : 0;
        return refused;
    }

    std::string remote = "192.0.2.7";
    accounts::TestLoop loop;
    base::ManualClock clock{1'000'000};
    base::SystemRandom random;
    KeepingSink security;
    PlainBackend backend;
    WeaveAnswers answers{random, 30};
    WeaveAuth auth{{backend, security, clock, random, answers}, remember_ms};
    barrel::test::World world{contract};
};

TEST_F(WeaveAuthTest, TheHandlerGetsTheUser) {
    const auto answer = login("ann", "p:\u00e4ss");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "5");
    EXPECT_TRUE(security.events.empty());
}

TEST_F(WeaveAuthTest, WithoutAHeaderItSaysHow) {
    const auto answer = get("/w/ann", "");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, "401 Unauthorized");
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Basic realm=\"Sync\"");
}

TEST_F(WeaveAuthTest, OtherwiseItDoesNot) {
    EXPECT_EQ(login("ann", "wrong").status, 401);
    EXPECT_EQ(login("ann", "wrong").header("WWW-Authenticate"), "(none)");
    EXPECT_EQ(get("/w/ann", "Bearer x").status, 401);
    EXPECT_EQ(get("/w/ann", "Bearer x").header("WWW-Authenticate"), "(none)");
    EXPECT_EQ(login("ann", "").status, 401);
}

TEST_F(WeaveAuthTest, TheNameMustBeTheUrls) {
    backend.users["Ann"] = {{.id = 6, .name = "Ann"}, "secret"};
    EXPECT_EQ(login("Ann", "secret").status, 401);
    EXPECT_EQ(backend.asked, 0);
}

TEST_F(WeaveAuthTest, EveryRefusalIsASecurityEvent) {
    get("/w/ann?key=secret", "");
    get("/w/ann", "Digest x");
    get("/w/ann", "Basic !");
    login("a b", "x");
    login("ann", "\xff");
    login("test@example.com", "x");
    login("ann", "wrong\nline");
    EXPECT_THAT(
        security.names(),
        ElementsAre("No Authorization header was provided", "Authorization header contains unknown protocol",
                    "Authorization header is badly encoded", "Username contains invalid characters",
                    "Password is not utf-8 encoded", "Username Does Not Match URL",
                    "User Authentication Failed"));
    for (const auto& line : security.lines) {
        const auto read = base::cef::read_line(line);
        ASSERT_EQ(read.head.size(), 7U);
        EXPECT_EQ(read.head[4], "AuthFail");
        EXPECT_EQ(read.head[6], read.head[5] == "User Authentication Failed" ? "5" : "7");
        EXPECT_EQ(read.values.at("cs1"), "Firefox|4");
        EXPECT_EQ(read.values.at("request"), "/w/ann") << "the query may hold secrets";
        EXPECT_EQ(read.values.at("src"), "192.0.2.7");
        EXPECT_EQ(read.values.at("dhost"), "sync.example");
        EXPECT_THAT(line, testing::Not(HasSubstr("wrong")));
    }
    EXPECT_EQ(base::cef::read_line(security.lines[5]).values.at("suser"),
              "kzyvtvrc765vbmi3b36ta67dlbreujxo (test@example.com)");
}

// Section 11, defect 6: the reference answered 500.
TEST_F(WeaveAuthTest, AFailingBackendIs503) {
    backend.failure = {BackendFailure::Kind::down, "sql: the file is gone", 0};
    const auto answer = login("ann", "p:\u00e4ss");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.type, "application/json");
    EXPECT_EQ(answer.header("Retry-After"), "30");
    EXPECT_THAT(answer.body, testing::MatchesRegex("\"application error: crash id [0-9a-f]{32}\""));
    backend.failure = {BackendFailure::Kind::slow, "ldap", 7};
    EXPECT_EQ(login("ann", "p:\u00e4ss").header("Retry-After"), "7");
    EXPECT_TRUE(security.events.empty()) << "an outage is no wrong password";
    backend.failure.reset();
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200);
}

TEST_F(WeaveAuthTest, RemembersALoginForAWhile) {
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200);
    EXPECT_EQ(backend.asked, 1);
    clock.advance_ms(remember_ms);
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200);
    EXPECT_EQ(backend.asked, 2);
    backend.users["ann"].second = "changed";
    auth.forget("ann");
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 401);
    EXPECT_EQ(login("ann", "changed").status, 200);
}

TEST_F(WeaveAuthTest, GuessesAreBounded) {
    const int refused = wrong_logins(100);
    EXPECT_EQ(backend.asked + refused, 100);
    EXPECT_LT(backend.asked, 30);
    EXPECT_EQ(security.events.back().signature, "AccountLockout");
    EXPECT_EQ(security.events.back().severity, 1);
    const auto answer = login("ann", "p:\u00e4ss");
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.header("Retry-After"), "(none)");
    clock.advance_ms(3600'000);
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200);
}

// Behind a reverse proxy that trusted_proxies does not name everybody has its address.
TEST_F(WeaveAuthTest, StrangersBehindTheSameProxyKeepNobodyOut) {
    for (const auto* proxy : {"127.0.0.1", "::1", "unix"}) {
        remote = proxy;
        EXPECT_EQ(wrong_logins(300), 0) << proxy;
        EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200) << proxy;
        clock.advance_ms(3600'000);
    }
}

TEST_F(WeaveAuthTest, GuessesThroughAProxyAreBoundedToo) {
    remote = "127.0.0.1";
    const int refused = wrong_logins(3000);
    EXPECT_EQ(backend.asked + refused, 3000);
    EXPECT_LT(backend.asked, 1100);
    EXPECT_EQ(security.events.back().signature, "AccountLockout");
    clock.advance_ms(2'000);
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200);
}

// Else who is remembered could be guessed without an end.
TEST_F(WeaveAuthTest, GuessesOfARememberedLoginAreBounded) {
    ASSERT_EQ(login("ann", "p:\u00e4ss").status, 200);
    EXPECT_GT(wrong_logins(100), 70);
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 200) << "it is remembered";
    wrong_logins(2000);
    EXPECT_EQ(login("ann", "p:\u00e4ss").status, 503);
}

}  // namespace
}  // namespace homespun::sync::auth
