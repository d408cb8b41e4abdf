#include "seism/run/driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "seism/proxy/engine_fixture.hpp"

namespace homespun::seism {
namespace {

using namespace std::chrono_literals;

void reset(Plug& plug) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(plug.descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    plug.close();
}

/// The first exchanges of a driver with a server that treats each connection so.
std::vector<Exchange> exchanges_with(std::function<void(Plug)> serve, std::size_t count = 1,
                                     TrafficPlan plan = {.rate = 100, .requests = {{}}}) {
    Backend server(std::move(serve));
    Record record;
    auto driver = *Driver::start({"127.0.0.1", server.port()}, plan, 1, record);
    driver->set_patience(300ms);
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (record.count_exchanges(0) < count && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(5ms);
    return record.exchanges(0, record.now());
}

std::string head_of(Plug& plug) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        const auto letter = plug.hear(1);
        if (letter.empty()) return {};
        head += letter;
    }
    return head;
}

/// Answers every request so.
std::function<void(Plug)> answering(std::string answer) {
    return [answer = std::move(answer)](Plug plug) {
        while (!head_of(plug).empty())
            plug.say(answer);
    };
}
/// Answers one request so and closes.
std::function<void(Plug)> saying(std::string answer) {
    return [answer = std::move(answer)](Plug plug) {
        head_of(plug);
        plug.say(answer);
    };
}

TEST(DriverTest, WholeAnswersAreTold) {
    const auto seen =
        exchanges_with(answering("HTTP/1.1 503 No\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nlater"), 3);
    ASSERT_GE(seen.size(), 3U);
    EXPECT_EQ(seen[0].outcome, Outcome::http_error);
    EXPECT_EQ(seen[0].status, 503);
    EXPECT_EQ(seen[0].retry_after, "3");
    EXPECT_FALSE(seen[0].reused);
    EXPECT_TRUE(seen[1].reused);
    EXPECT_EQ(seen[1].connection, seen[0].connection);
    EXPECT_EQ(seen[0].answer_digest, seen[1].answer_digest);
    EXPECT_GT(seen[0].first_byte, 0);
    EXPECT_EQ(exchanges_with(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))[0].outcome,
              Outcome::ok);
    EXPECT_EQ(exchanges_with(saying("HTTP/1.0 200 OK\r\n\r\nuntil the end"))[0].outcome, Outcome::ok);
}

TEST(DriverTest, BrokenAnswersAreToldApart) {
    EXPECT_EQ(exchanges_with(saying(""))[0].outcome, Outcome::empty_reply);
    EXPECT_EQ(exchanges_with(saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))[0].outcome,
              Outcome::truncated);
    EXPECT_EQ(exchanges_with(saying("SSH-2.0-x\r\n"))[0].outcome, Outcome::malformed);
    EXPECT_EQ(exchanges_with([](Plug plug) {
                  head_of(plug);
                  reset(plug);
              })[0]
                  .outcome,
              Outcome::reset_before);
    EXPECT_EQ(exchanges_with([](Plug plug) {
                  head_of(plug);
                  plug.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
                  std::this_thread::sleep_for(50ms);
                  reset(plug);
              })[0]
                  .outcome,
              Outcome::reset_mid);
}

TEST(DriverTest, SilenceEndsItsPatience) {
    const auto seen = exchanges_with([](Plug plug) { plug.hear_all(); });
    EXPECT_EQ(seen[0].outcome, Outcome::no_response);
    EXPECT_GE(seen[0].took(), 300'000);
    EXPECT_LT(seen[0].took(), 2'000'000);
}

TEST(DriverTest, RefusedIsRefused) {
    std::uint16_t port = 0;
    {
        const Backend gone([](Plug) {});
        port = gone.port();
    }
    Record record;
    auto driver = *Driver::start({"127.0.0.1", port}, {.rate = 100, .requests = {{}}}, 1, record);
    while (record.count_exchanges(0) == 0)
        std::this_thread::sleep_for(5ms);
    EXPECT_EQ(record.exchanges(0, record.now())[0].outcome, Outcome::connect_refused);
}

TEST(DriverTest, KeptConnectionThatWasClosedIsReplaced) {
    std::atomic<int> connections = 0;
    const auto seen = exchanges_with(
        [&](Plug plug) {
            ++connections;
            head_of(plug);
            plug.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        },
        5);
    for (const auto& exchange : seen)
        EXPECT_EQ(exchange.outcome, Outcome::ok);
    EXPECT_GE(connections, 5);
}

TEST(DriverTest, RateDoesNotWaitForAnswers) {
    const auto seen = exchanges_with(
        [](Plug plug) {
            head_of(plug);
            std::this_thread::sleep_for(200ms);
            plug.say("HTTP/1.0 200 OK\r\n\r\n");
        },
        20);
    // One after the other would be 200 ms apart.
    EXPECT_LT(seen[19].intended - seen[0].intended, 2'000'000);
    EXPECT_NEAR(static_cast<double>(seen[10].intended - seen[0].intended), 100'000, 1'000);
}

TEST(DriverTest, MixFollowsWeightsAndSeed) {
    TrafficPlan plan{.rate = 500,
                     .requests = {{.target = "/often", .weight = 4},
                                  {.method = "POST", .target = "/seldom", .body = "x"}}};
    const auto seen = exchanges_with(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 200, plan);
    const auto often = std::ranges::count(seen, "/often", &Exchange::path);
    EXPECT_NEAR(static_cast<double>(often) / static_cast<double>(seen.size()), 0.8, 0.12);
    const auto again = exchanges_with(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 200, plan);
    const auto paths = [](std::vector<Exchange> all) {
        std::ranges::sort(all, {}, &Exchange::intended);
        std::vector<std::string> found;
        for (std::size_t i = 0; i < 100; ++i)
            found.push_back(all[i].path);
        return found;
    };
    EXPECT_EQ(paths(seen), paths(again));
}

}  // namespace
}  // namespace homespun::seism
