#include "stampede/engine/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "stampede/engine/null_server.hpp"
#include "stampede/engine/server_fixture.hpp"
#include "stampede/models/http_model.hpp"

namespace homespun::stampede {
namespace {

using std::chrono::milliseconds;
using Reply = TestServer::Reply;

HttpModel model_of(std::uint16_t port, HttpRequest request = {}, milliseconds rest = milliseconds(0)) {
    request.name = "it";
    const Target target{.host = "127.0.0.1", .port = port, .path = "", .secret = ""};
    return HttpModel("http", target, {std::move(request)}, rest);
}

std::unique_ptr<Engine> start(const Model& model, std::uint16_t port, EngineSettings settings = {}) {
    settings.host = "127.0.0.1";
    settings.port = port;
    auto engine = Engine::start(model, settings);
    EXPECT_TRUE(engine) << engine.error().message;
    return std::move(*engine);
}

/// What an engine counts over `time` at `load`, the answers to the last requests included.
Harvest play(Engine& engine, double load, milliseconds time) {
    engine.set_load(load);
    std::this_thread::sleep_for(time);
    engine.set_load(0);
    std::this_thread::sleep_for(milliseconds(150));
    return engine.collect();
}

std::uint64_t errors_of(const Harvest& harvest, ErrorClass error) {
    return harvest.counts.types[0].errors[static_cast<std::size_t>(error)];
}

/// The errors of one request to a server that replies so.
Harvest ask_once(Reply reply, HttpRequest request = {}, milliseconds timeout = milliseconds(10'000)) {
    TestServer server([&](const std::string&) { return reply; });
    const auto model = model_of(server.port(), std::move(request));
    auto engine =
        start(model, server.port(), {.host = {}, .arrivals = Arrivals::constant, .timeout = timeout});
    return play(*engine, 20, milliseconds(400));
}

TEST(EngineTest, AnOpenLoadComesAtItsRate) {
    TestServer server([](const std::string&) { return TestServer::ok(); });
    const auto model = model_of(server.port());
    auto engine = start(model, server.port(), {.host = {}, .arrivals = Arrivals::constant});
    const auto harvest = play(*engine, 200, milliseconds(2000));
    EXPECT_NEAR(static_cast<double>(harvest.counts.sessions_started), 400, 20);
    EXPECT_EQ(harvest.counts.all().good, harvest.counts.sessions_started);
    EXPECT_EQ(harvest.counts.all().failed(), 0u);
    EXPECT_EQ(server.lines().size(), harvest.counts.sessions_started);
    EXPECT_EQ(harvest.counts.all().response.count(), harvest.counts.all().good);
}

TEST(EngineTest, PoissonArrivalsVaryAsTheyShould) {
    TestServer server([](const std::string&) { return TestServer::ok(); });
    const auto model = model_of(server.port());
    auto engine = start(model, server.port());
    engine->set_load(400);
    double sum = 0, squares = 0;
    constexpr int stretches = 30;
    for (int i = 0; i < stretches; ++i) {
        std::this_thread::sleep_for(milliseconds(50));
        const auto started = static_cast<double>(engine->collect().counts.sessions_started);
        sum += started;
        squares += started * started;
    }
    const double mean = sum / stretches;
    const double variance = squares / stretches - mean * mean;
    EXPECT_NEAR(mean, 20, 4);
    EXPECT_GT(variance / mean, 0.3);  // 0 for equal distances, 1 for Poisson
}

TEST(EngineTest, AStallShowsInTheOpenModelAndHidesInTheClosedOne) {
    TestServer server([](const std::string&) { return TestServer::ok(); });
    const auto model = model_of(server.port());
    const auto p99_ms = [&](EngineSettings settings, double load) {
        auto engine = start(model, server.port(), settings);
        engine->set_load(load);
        std::this_thread::sleep_for(milliseconds(500));
        server.stall(milliseconds(1000));
        std::this_thread::sleep_for(milliseconds(3500));
        const auto all = engine->collect().counts.all();
        return static_cast<double>(*all.quantile(0.99)) / 1000;
    };
    const double open = p99_ms({.host = {}, .arrivals = Arrivals::constant}, 200);
    const double closed = p99_ms({.host = {}, .arrivals = Arrivals::closed, .users = 1}, 1);
    EXPECT_GT(open, 700);   // of 800 requests 200 were due while the server stood still
    EXPECT_LT(closed, 50);  // one slow answer among thousands
}

TEST(EngineTest, EveryFailureHasItsClass) {
    using enum ErrorClass;
    EXPECT_GT(errors_of(ask_once({"no HTTP at all\r\n\r\n"}), malformed), 0u);
    EXPECT_GT(errors_of(ask_once({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal", true}), reset), 0u);
    EXPECT_GT(errors_of(ask_once({"", true}), reset), 0u);
    EXPECT_GT(errors_of(ask_once({""}, {}, milliseconds(100)), timeout), 0u);
    EXPECT_GT(errors_of(ask_once({"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"}), client_error), 0u);
    EXPECT_GT(errors_of(ask_once({"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}), server_error), 0u);
    EXPECT_GT(errors_of(ask_once({"HTTP/1.1 507 No\r\nContent-Length: 0\r\n\r\n"}), full), 0u);
    EXPECT_GT(errors_of(ask_once({"HTTP/1.1 503 No\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"}), busy),
              0u);
    HttpRequest picky;
    picky.check = HttpRequest::BodyCheck::is;
    picky.check_text = "well";
    EXPECT_EQ(ask_once(TestServer::ok("well"), picky).counts.all().failed(), 0u);
    EXPECT_GT(errors_of(ask_once(TestServer::ok("ill"), picky), wrong_body), 0u);
    picky.expected = {201};
    EXPECT_GT(errors_of(ask_once(TestServer::ok("well"), picky), wrong_status), 0u);
}

TEST(EngineTest, NobodyThereIsRefused) {
    std::uint16_t port = 0;
    {
        const TestServer server([](const std::string&) { return TestServer::ok(); });
        port = server.port();
    }
    const auto model = model_of(port);
    auto engine = start(model, port, {.host = {}, .arrivals = Arrivals::constant});
    const auto harvest = play(*engine, 50, milliseconds(300));
    EXPECT_GT(errors_of(harvest, ErrorClass::refused), 5u);
    EXPECT_EQ(harvest.counts.all().good, 0u);
    ASSERT_FALSE(harvest.failures.empty());
    EXPECT_THAT(harvest.failures.front().what, testing::HasSubstr("refused"));
}

TEST(EngineTest, AnAnswerInSinglePiecesIsReadWhole) {
    auto reply = TestServer::ok("in pieces");
    reply.piece = 3;
    HttpRequest picky;
    picky.check = HttpRequest::BodyCheck::is;
    picky.check_text = "in pieces";
    const auto harvest = ask_once(reply, picky);
    EXPECT_GT(harvest.counts.all().good, 0u);
    EXPECT_EQ(harvest.counts.all().failed(), 0u);
}

TEST(EngineTest, ABodyThatEndsWithTheConnectionIsWell) {
    HttpRequest picky;
    picky.check = HttpRequest::BodyCheck::is;
    picky.check_text = "until the end";
    const auto harvest = ask_once({"HTTP/1.1 200 OK\r\n\r\nuntil the end", true}, picky);
    EXPECT_GT(harvest.counts.all().good, 0u);
    EXPECT_EQ(harvest.counts.all().failed(), 0u);
}

TEST(EngineTest, ConnectionsAreKeptUnlessToldOtherwise) {
    TestServer server([](const std::string&) { return TestServer::ok(); });
    const auto model = model_of(server.port());
    {
        auto engine = start(model, server.port(), {.host = {}, .arrivals = Arrivals::constant});
        EXPECT_LT(play(*engine, 100, milliseconds(500)).counts.connections_opened, 10u);
    }
    auto engine = start(model, server.port(),
                        {.host = {}, .arrivals = Arrivals::constant, .connections = Connections::request});
    const auto counts = play(*engine, 100, milliseconds(500)).counts;
    EXPECT_EQ(counts.connections_opened, counts.sessions_started);
    EXPECT_EQ(counts.all().failed(), 0u);
}

TEST(EngineTest, AConnectionTheServerClosedMeanwhileIsReplacedWithoutAnError) {
    int asked = 0;
    TestServer server([&](const std::string&) {
        auto reply = TestServer::ok();
        reply.close = ++asked % 3 == 0;  // and does not say so
        return reply;
    });
    const auto model = model_of(server.port());
    auto engine = start(model, server.port(), {.host = {}, .arrivals = Arrivals::constant});
    const auto counts = play(*engine, 50, milliseconds(1000)).counts;
    EXPECT_EQ(counts.all().failed(), 0u);
    EXPECT_NEAR(static_cast<double>(counts.connections_opened), 50.0 / 3, 4);
}

TEST(EngineTest, UsersRestBetweenSessionsAndKeepTheirConnections) {
    TestServer server([](const std::string&) { return TestServer::ok(); });
    HttpRequest named;
    named.target = "/{user}";
    const auto model = model_of(server.port(), named, milliseconds(100));
    auto engine =
        start(model, server.port(), {.host = {}, .threads = 2, .arrivals = Arrivals::closed, .users = 50});
    const auto begin = std::chrono::steady_clock::now();
    const auto counts = play(*engine, 50, milliseconds(1050)).counts;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(counts.connections_opened, 50u);
    // A session of each user for each tenth of a second, however long the machine made it.
    EXPECT_LE(static_cast<double>(counts.all().good), 50 * (took.count() * 10 + 1));
    EXPECT_GE(counts.all().good, 200u);
    auto lines = server.lines();
    std::ranges::sort(lines);
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    EXPECT_EQ(lines.size(), 50u);
}

TEST(EngineTest, TooFewConnectionsMakeRequestsWaitNotFail) {
    TestServer server([](const std::string&) { return TestServer::ok(); });
    const auto model = model_of(server.port());
    auto engine = start(model, server.port(), {.host = {}, .most_connections = 2});
    server.stall(milliseconds(200));
    const auto counts = play(*engine, 300, milliseconds(800)).counts;
    EXPECT_EQ(counts.all().failed(), 0u);
    EXPECT_LE(counts.connections_opened, 2u);
    EXPECT_GT(counts.all().response.max(), 150'000);
}

TEST(EngineTest, OneSeedMakesOneRun) {
    const auto order = [](std::uint64_t seed) {
        TestServer server([](const std::string&) { return TestServer::ok(); });
        HttpRequest named;
        named.target = "/{user}";
        const auto model = model_of(server.port(), named);
        auto engine = start(model, server.port(),
                            {.host = {}, .arrivals = Arrivals::constant, .users = 1000, .seed = seed});
        play(*engine, 100, milliseconds(500));
        auto lines = server.lines();
        lines.resize(std::min<std::size_t>(lines.size(), 40));
        return lines;
    };
    const auto once = order(7);
    EXPECT_EQ(once.size(), 40u);
    EXPECT_EQ(once, order(7));
    EXPECT_NE(once, order(8));
}

TEST(EngineTest, TheNullServerAnswersAtSpeed) {
    auto server = NullServer::start();
    ASSERT_TRUE(server);
    HttpRequest picky;
    picky.check = HttpRequest::BodyCheck::is;
    picky.check_text = "nobody";
    const auto model = model_of((*server)->port(), picky);
    auto engine = start(model, (*server)->port(), {.host = {}, .arrivals = Arrivals::closed, .users = 32});
    const auto counts = play(*engine, 32, milliseconds(500)).counts;
    EXPECT_EQ(counts.all().failed(), 0u);
    EXPECT_GT(counts.all().good, 500u);
}

}  // namespace
}  // namespace homespun::stampede
