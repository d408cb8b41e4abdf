#include <cstring>

#include "seism/proxy/engine_fixture.hpp"

namespace homespun::seism {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

double ms_since(Steady::time_point begin) {
    return std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
}

TEST_F(EngineTest, CarriesBytesBothWays) {
    const Backend backend(Backend::echo);
    auto client = Plug::to(open(backend.port()));
    client.say("hello");
    EXPECT_EQ(client.hear(5), "hello");
    EXPECT_EQ(counts().received[0], 5U);
    EXPECT_EQ(counts().sent[1], 5U);
    EXPECT_EQ(counts().open, 1U);
}

TEST_F(EngineTest, CarriesMoreThanAnyBufferHolds) {
    const std::string much(std::size_t{64} << 20, 'x');
    const Backend backend([&](Plug plug) { plug.say(much); });
    auto client = Plug::to(open(backend.port()));
    std::this_thread::sleep_for(200ms);  // nobody reads yet
    EXPECT_LT(counts().received[1], much.size());
    EXPECT_EQ(client.hear_all().size(), much.size());
}

TEST_F(EngineTest, AcceptedSocketsSendAtOnce) {
    const auto socket = *ListenSocket::open({"127.0.0.1", 0});
    const auto client = Plug::to(socket->address().port);
    const auto accepted = socket->accept();
    ASSERT_GE(accepted.descriptor, 0);
    int at_once = 0;
    socklen_t size = sizeof at_once;
    ::getsockopt(accepted.descriptor, IPPROTO_TCP, TCP_NODELAY, &at_once, &size);
    EXPECT_EQ(at_once, 1);
    ::close(accepted.descriptor);
}

TEST_F(EngineTest, BulkArrivesWholeWhateverToxicsComeAndGo) {
    std::string much(std::size_t{96} << 20, '\0');
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < much.size(); i += sizeof state) {
        state = state * 6364136223846793005 + 1442695040888963407;
        std::memcpy(&much[i], &state, sizeof state);
    }
    const Backend backend([&](Plug plug) { plug.say(much); });
    auto client = Plug::to(open(backend.port()));
    std::string heard = client.hear(std::size_t{4} << 20);
    while (heard.size() < much.size()) {
        engine_->add_toxic(1, make_toxic("latency", {{"latency", std::int64_t{1}}}));
        heard += client.hear(std::size_t{4} << 20);
        engine_->remove_toxic(1, "latency");
        const auto more = client.hear(std::size_t{4} << 20);
        heard += more;
        ASSERT_TRUE(!more.empty() || heard.size() == much.size());
    }
    EXPECT_TRUE(heard == much);
    EXPECT_EQ(counts().sent[1], much.size());
}

TEST_F(EngineTest, AClientThatLeavesInTheMidstOfBulkHarmsNobodyElse) {
    const std::string much(std::size_t{64} << 20, 'x');
    const Backend backend([&](Plug plug) { plug.say(much); });
    const auto port = open(backend.port());
    for (int i = 0; i < 20; ++i) {
        auto client = Plug::to(port);
        ASSERT_EQ(client.hear(std::size_t{2} << 20).size(), std::size_t{2} << 20);
    }
    auto client = Plug::to(port);
    EXPECT_EQ(client.hear_all().size(), much.size());
    EXPECT_LE(counts().open, 1U);
}

TEST_F(EngineTest, AToxicMeetsBulkThatIsSentAfterIt) {
    const Backend backend([](Plug plug) {
        const std::string piece(std::size_t{1} << 20, 'x');
        while (!plug.hear(1).empty())
            plug.say(piece);
    });
    auto client = Plug::to(open(backend.port()));
    for (int i = 0; i < 30; ++i) {
        client.say("a");
        ASSERT_EQ(client.hear(std::size_t{1} << 20).size(), std::size_t{1} << 20);
        engine_->add_toxic(1, make_toxic("latency", {{"latency", std::int64_t{20}}}));
        const auto begin = Steady::now();
        client.say("a");
        ASSERT_EQ(client.hear(std::size_t{1} << 20).size(), std::size_t{1} << 20);
        EXPECT_GE(ms_since(begin), 20) << "round " << i;
        engine_->remove_toxic(1, "latency");
    }
}

TEST_F(EngineTest, AnEndGoesOneWayOnly) {
    const Backend backend([](Plug plug) { plug.say("heard " + plug.hear_all()); });
    auto client = Plug::to(open(backend.port()));
    client.say("question");
    client.end();
    EXPECT_EQ(client.hear_all(), "heard question");
    EXPECT_EQ(client.error(), 0);
}

TEST_F(EngineTest, AResetGoesOn) {
    const Backend backend([](Plug plug) {
        plug.hear(1);
        plug.close();  // "xy" was sent: a byte is left unread, so this is a reset
    });
    auto client = Plug::to(open(backend.port()));
    client.say("xy");
    client.hear_all();
    EXPECT_EQ(client.error(), ECONNRESET);
}

TEST_F(EngineTest, LastWordsBeforeAnEndAndAResetArrive) {
    const Backend backend([](Plug plug) {
        plug.hear(1);
        plug.say("last words");
        plug.end();
        plug.close();  // a byte is left unread: an end and a reset
    });
    const auto port = open(backend.port());
    for (int i = 0; i < 200; ++i) {
        auto client = Plug::to(port);
        client.say("xy");
        ASSERT_EQ(client.hear_all(), "last words") << "round " << i;
    }
}

TEST_F(EngineTest, WordsBeforeAnEndThatIsHeldBackAreNot) {
    const Backend backend([](Plug plug) {
        plug.hear(1);
        plug.say("last words");
    });
    const auto port = open(backend.port());
    for (int i = 0; i < 50; ++i) {
        auto client = Plug::to(port);
        client.say("x");
        engine_->add_toxic(1, make_toxic("slow_close", {{"delay", std::int64_t{10'000}}}));
        const auto begin = Steady::now();
        ASSERT_EQ(client.hear(10), "last words");
        ASSERT_LT(ms_since(begin), 150) << "round " << i;
        engine_->remove_toxic(1, "slow_close");
    }
}

TEST_F(EngineTest, AServerThatRefusesEndsTheConnectionWithoutAByte) {
    const auto nobody = *ListenSocket::open({"127.0.0.1", 0});
    ASSERT_TRUE(nobody->set(ListenSocket::State::refusing));
    auto client = Plug::to(open(nobody->address().port));
    EXPECT_EQ(client.hear_all(), "");
    EXPECT_EQ(client.error(), 0);
    EXPECT_EQ(counts().dial_failures, 1U);
}

TEST_F(EngineTest, AServerThatNeverAnswersHoldsNobodyUp) {
    const auto silent = *ListenSocket::open({"127.0.0.1", 0});
    ASSERT_TRUE(silent->set(ListenSocket::State::full));
    auto client = Plug::to(open(silent->address().port));
    client.say("anybody?");
    EXPECT_FALSE(client.hears_within(100ms));
    const auto begin = Steady::now();
    engine_->close(1);
    EXPECT_LT(ms_since(begin), 50);
    EXPECT_EQ(client.hear_all(), "");
    EXPECT_LT(ms_since(begin), 1000);
}

TEST_F(EngineTest, LatenciesAddUpAndDoNotSerialise) {
    const Backend backend(Backend::echo);
    auto second = make_toxic("latency", {{"latency", std::int64_t{60}}});
    second.name = "second";
    auto client =
        Plug::to(open(backend.port(), {make_toxic("latency", {{"latency", std::int64_t{40}}}), second}));
    client.say("a");
    client.hear(1);
    const auto begin = Steady::now();
    for (int i = 0; i < 5; ++i) {
        client.say("x");
        std::this_thread::sleep_for(10ms);
    }
    client.hear(1);
    EXPECT_GE(ms_since(begin), 100);
    client.hear(4);
    EXPECT_GE(ms_since(begin), 140);
    EXPECT_LT(ms_since(begin), 400);
}

TEST_F(EngineTest, AnOrderCountsBeforeBytesThatWereSentAfterIt) {
    const Backend backend(Backend::echo);
    auto client = Plug::to(open(backend.port()));
    client.say("a");
    client.hear(1);
    for (int i = 0; i < 200; ++i) {
        engine_->add_toxic(1, make_toxic("latency", {{"latency", std::int64_t{5}}}, Stream::upstream));
        const auto begin = Steady::now();
        client.say("x");
        client.hear(1);
        ASSERT_GE(ms_since(begin), 5) << "round " << i;
        engine_->remove_toxic(1, "latency");
    }
}

TEST_F(EngineTest, WhatAToxicHeldGoesOnWhenItIsRemoved) {
    const Backend backend(Backend::echo);
    auto client = Plug::to(open(backend.port(), {make_toxic("bandwidth")}));
    client.say("held");
    EXPECT_FALSE(client.hears_within(100ms));
    engine_->remove_toxic(1, "bandwidth");
    EXPECT_EQ(client.hear(4), "held");
    client.say("free");
    EXPECT_EQ(client.hear(4), "free");
}

TEST_F(EngineTest, ATimeoutTakesItsConnectionsWithIt) {
    const Backend backend(Backend::echo);
    auto client = Plug::to(open(backend.port(), {make_toxic("timeout")}));
    client.say("lost");
    EXPECT_FALSE(client.hears_within(100ms));
    engine_->remove_toxic(1, "timeout");
    EXPECT_EQ(client.hear_all(), "");
    EXPECT_EQ(client.error(), 0);
}

TEST_F(EngineTest, AResetOfALiveConnectionIsAReset) {
    const Backend backend(Backend::echo);
    auto client = Plug::to(open(backend.port()));
    client.say("a");
    client.hear(1);
    engine_->add_toxic(1, make_toxic("reset_peer"));
    client.say("b");
    client.hear_all();
    EXPECT_EQ(client.error(), ECONNRESET);
    EXPECT_EQ(counts().bites, 1U);
}

TEST_F(EngineTest, NoToxicityNoBite) {
    const Backend backend(Backend::echo);
    auto toxic = make_toxic("reset_peer");
    toxic.toxicity = 0;
    const auto port = open(backend.port(), {toxic});
    for (int i = 0; i < 50; ++i) {
        auto client = Plug::to(port);
        client.say("a");
        ASSERT_EQ(client.hear(1), "a");
    }
    EXPECT_EQ(counts().bites, 0U);
}

TEST_F(EngineTest, TheSameSeedBitesTheSameConnections) {
    const Backend backend(Backend::echo);
    auto toxic = make_toxic("reset_peer");
    toxic.toxicity = 0.5;
    const auto pattern = [&](std::uint64_t seed) {
        engine_ = *Engine::start({.seed = seed});
        const auto port = open(backend.port(), {toxic});
        std::string pattern;
        for (int i = 0; i < 40; ++i) {
            auto client = Plug::to(port);
            client.say("a");
            pattern += client.hear(1) == "a" ? '.' : 'x';
        }
        return pattern;
    };
    const auto once = pattern(42);
    EXPECT_EQ(pattern(42), once);
    EXPECT_NE(pattern(43), once);
    EXPECT_NE(once.find('x'), std::string::npos);
    EXPECT_NE(once.find('.'), std::string::npos);
}

TEST_F(EngineTest, AFullQueueNeitherTakesNorRefuses) {
    const Backend backend(Backend::echo);
    const auto port = open(backend.port());
    ASSERT_TRUE(socket_->set(ListenSocket::State::full));
    std::thread waiting([port] {
        const auto begin = Steady::now();
        auto client = Plug::to(port);
        EXPECT_EQ(client.error(), 0);
        EXPECT_GE(ms_since(begin), 500);
        client.say("a");
        EXPECT_EQ(client.hear(1), "a");
    });
    std::this_thread::sleep_for(500ms);
    EXPECT_TRUE(socket_->set(ListenSocket::State::listening));
    waiting.join();
    EXPECT_EQ(counts().accepted, 1U);
}

TEST_F(EngineTest, ARefusedPortStaysOurs) {
    const Backend backend(Backend::echo);
    const auto port = open(backend.port());
    ASSERT_TRUE(socket_->set(ListenSocket::State::refusing));
    EXPECT_EQ(Plug::to(port).error(), ECONNREFUSED);
    ASSERT_TRUE(socket_->set(ListenSocket::State::listening));
    auto client = Plug::to(port);
    client.say("a");
    EXPECT_EQ(client.hear(1), "a");
}

}  // namespace
}  // namespace homespun::seism
