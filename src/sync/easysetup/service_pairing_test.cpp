// Whole pairings of both sides of the client protocol over the server that they talk to in the world.

#include "base/jpake_fixture.hpp"
#include "sync/easysetup/receiver.hpp"
#include "sync/easysetup/sender.hpp"
#include "sync/easysetup/service_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

const Credentials credentials{"jane@example.org", "correct horse", "q7ynpwq7vsc9m34hankbyi3s3i",
                              "https://sync.example/"};

struct ServicePairingTest : KeyExchangeServiceTest {
    explicit ServicePairingTest(ChannelRules rules = {}) : KeyExchangeServiceTest(rules) {
        remote = "10.1.2.3";  // polls more than the small limits of the fixture allow
    }

    /// One request; its answer gets lost the first time, if answers do. False when there was none to send.
    bool step(Party& party) {
        for (int lost = answers_get_lost ? 1 : 0;; --lost) {
            const auto* request = party.request();
            if (request == nullptr) return false;
            Headers headers;
            for (std::size_t i = 0; i < request->headers.size(); ++i)
                headers.emplace_back(request->headers[i].name, request->headers[i].value);
            auto response = send(request->method, request->path, headers, request->body);
            if (lost > 0) {
                party.unanswered();
                continue;
            }
            net::http::ClientResponse answer{response.status, std::move(response.headers), {}};
            if (auto* text = std::get_if<std::string>(&response.body)) answer.body = std::move(*text);
            party.answered(answer);
            return true;
        }
    }
    /// In turns until neither has anything to send; hands the credentials over when it is time.
    void pair(Receiver& receiver, Sender& sender) {
        for (bool sent = false;;) {
            const bool one = step(receiver), two = step(sender);
            if (!sent && sender.paired()) sent = sender.send(credentials).has_value();
            if (!one && !two && sender.request() == nullptr) return;
        }
    }
    /// A receiver that shows its PIN.
    std::unique_ptr<Receiver> shown() {
        auto receiver = std::make_unique<Receiver>(random);
        while (!receiver->pin())
            EXPECT_TRUE(step(*receiver));
        EXPECT_TRUE(step(*receiver)) << "its first message";
        return receiver;
    }

    bool answers_get_lost = false;
};

struct StrictServicePairingTest : ServicePairingTest {
    StrictServicePairingTest() : ServicePairingTest({.strict = true}) {}
};

TEST_F(ServicePairingTest, HandsOverTheCredentials) {
    const auto receiver = shown();
    Sender sender(*receiver->pin(), random, false);
    pair(*receiver, sender);
    EXPECT_TRUE(sender.sent());
    ASSERT_TRUE(receiver->credentials());
    EXPECT_EQ(receiver->credentials()->password, "correct horse");
    EXPECT_EQ(exchange.size(), 1U) << "repetitions are still answered";
    clock.advance_ms(ChannelRules().grace_ms);
    exchange.sweep(clock.now_ms());
    EXPECT_EQ(exchange.size(), 0U);
    EXPECT_TRUE(told().empty()) << "nothing of it is a matter of security";
}

TEST_F(StrictServicePairingTest, HandsOverTheCredentials) {
    const auto receiver = shown();
    Sender sender(*receiver->pin(), random, false);
    pair(*receiver, sender);
    EXPECT_TRUE(receiver->credentials());
    EXPECT_EQ(exchange.size(), 0U);
}

TEST_F(ServicePairingTest, EveryAnswerIsLostOnce) {
    answers_get_lost = true;
    const auto receiver = shown();
    Sender sender(*receiver->pin(), random, false);
    pair(*receiver, sender);
    EXPECT_TRUE(sender.sent());
    EXPECT_TRUE(receiver->credentials());
    clock.advance_ms(ChannelRules().grace_ms);
    exchange.sweep(clock.now_ms());
    EXPECT_LE(exchange.size(), 1U) << "of the channel whose opening got lost";
}

TEST_F(StrictServicePairingTest, CannotStandALostAnswer) {
    answers_get_lost = true;
    const auto receiver = shown();
    Sender sender(*receiver->pin(), random, false);
    pair(*receiver, sender);
    EXPECT_FALSE(receiver->credentials()) << "what the rules of sheet 6.3 are for";
}

TEST_F(ServicePairingTest, AWrongPinEndsTheChannel) {
    const auto receiver = shown();
    auto pin = *receiver->pin();
    pin.secret.back() = pin.secret.back() == 'a' ? 'b' : 'a';
    Sender sender(pin, random, false);
    pair(*receiver, sender);
    ASSERT_TRUE(sender.failure());
    EXPECT_EQ(sender.failure()->code, ErrorCode::keymismatch);
    EXPECT_TRUE(receiver->failure());
    EXPECT_FALSE(receiver->credentials());
    EXPECT_EQ(exchange.size(), 0U) << "one guess a channel";
}

TEST_F(ServicePairingTest, AThirdDeviceEndsIt) {
    const auto receiver = shown();
    Sender sender(*receiver->pin(), random, false);
    ASSERT_TRUE(step(sender));
    Sender thief(*receiver->pin(), random, false);
    ASSERT_TRUE(step(thief));
    EXPECT_TRUE(thief.failure());
    pair(*receiver, sender);
    EXPECT_TRUE(receiver->failure());
    EXPECT_TRUE(sender.failure());
    EXPECT_EQ(exchange.size(), 0U);
}

}  // namespace
}  // namespace homespun::sync::easysetup
