// Our J-PAKE against NSS's own, in both roles: what we say must be understood by a Firefox of that time.

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/jpake.hpp"
#include "base/text.hpp"
#include "nss_process.hpp"

namespace homespun::tests {
namespace {

using namespace base;
using Words = std::vector<std::string>;

constexpr std::string_view pin = "k9gj5qzu";

std::string unhex(const std::string& text) {
    return hex_decode(text).value_or("not hex: " + text);
}

std::string words_of(const std::string& value, const jpake::Proof& proof) {
    return ' ' + hex_encode(value) + ' ' + hex_encode(proof.gr) + ' ' + hex_encode(proof.b);
}

/// What NSS is at a time: its answers as our messages.
class NssPeer {
  public:
    explicit NssPeer(std::string signer) : signer_(std::move(signer)) {}

    jpake::Round1 round1() {
        const auto words = process_.ask("round1 " + signer_);
        EXPECT_EQ(words.size(), 6U) << words.front();
        return {unhex(words.at(0)), unhex(words.at(3)), proof(words, 1), proof(words, 4)};
    }
    Words ask_round2(std::string_view peer, std::string_view secret, const jpake::Round1& message) {
        return process_.ask("round2 " + std::string(peer) + ' ' + std::string(secret) +
                            words_of(message.gx1, message.zkp_x1) + words_of(message.gx2, message.zkp_x2));
    }
    jpake::Round2 round2(std::string_view peer, std::string_view secret, const jpake::Round1& message) {
        const auto words = ask_round2(peer, secret, message);
        EXPECT_EQ(words.size(), 3U) << words.front();
        return {unhex(words.at(0)), proof(words, 1)};
    }
    Words ask_final(const jpake::Round2& message) {
        return process_.ask("final" + words_of(message.a, message.zkp_a));
    }
    /// Both keys, in lower-case hex.
    std::string final(const jpake::Round2& message) {
        const auto words = ask_final(message);
        EXPECT_EQ(words.size(), 2U) << words.front();
        return to_lower(words.at(0)) + ' ' + to_lower(words.at(1));
    }
    int end() { return process_.end(); }

  private:
    jpake::Proof proof(const Words& words, std::size_t first) const {
        return {unhex(words.at(first)), unhex(words.at(first + 1)), signer_};
    }

    NssProcess process_;
    std::string signer_;
};

std::string text_of(const jpake::Keys& keys) {
    return hex_encode(keys.encryption()) + ' ' + hex_encode(keys.authentication());
}

class NssTest : public testing::TestWithParam<std::pair<std::string, std::string>> {
  protected:
    [[nodiscard]] const std::string& ours() const { return GetParam().first; }
    [[nodiscard]] const std::string& theirs() const { return GetParam().second; }

    /// Our keys and theirs after a whole exchange.
    std::pair<std::string, std::string> exchange(std::string_view our_pin, std::string_view their_pin) {
        NssPeer nss(theirs());
        const auto own = jpake::FirstRound::begin(ours(), theirs(), random_).value();
        const auto more = own.next(nss.round1(), our_pin, random_);
        EXPECT_TRUE(more) << more.error().message();
        const auto answer = nss.round2(ours(), their_pin, own.message());
        const auto keys = more->finish(answer);
        EXPECT_TRUE(keys) << keys.error().message();
        auto their_keys = nss.final(more->message());
        EXPECT_EQ(nss.end(), 0);
        return {text_of(*keys), their_keys};
    }

    SystemRandom random_;
};

TEST_P(NssTest, EqualPinsGiveEqualKeys) {
    for (int i = 0; i < 8; ++i) {  // also numbers that begin with zeros, once in a while
        const auto [own, their] = exchange(pin, pin);
        EXPECT_EQ(own, their);
        EXPECT_EQ(own.size(), 129U);
    }
}

TEST_P(NssTest, AWrongPinGivesOtherKeys) {
    const auto [own, their] = exchange(pin, "k9gj5qzv");
    EXPECT_NE(own, their);
    EXPECT_EQ(own.size(), their.size());
}

TEST_P(NssTest, NssRefusesWhatWeRefuse) {
    const auto refuses = [&](const jpake::Round1& message) {
        NssPeer nss(theirs());
        nss.round1();
        return nss.ask_round2(ours(), pin, message).front() == "error";
    };
    const auto own = jpake::FirstRound::begin(ours(), theirs(), random_).value();
    EXPECT_FALSE(refuses(own.message()));
    auto torn = own.message();
    torn.zkp_x1.b.back() ^= 1;
    EXPECT_TRUE(refuses(torn));
    auto equal = own.message();
    equal.gx2 = equal.gx1;
    equal.zkp_x2 = equal.zkp_x1;
    EXPECT_TRUE(refuses(equal));
    EXPECT_TRUE(refuses(jpake::FirstRound::begin("somebody", theirs(), random_)->message()));
}

TEST_P(NssTest, WhatIsTornOnTheWayFromNssIsRefused) {
    NssPeer nss(theirs());
    const auto own = jpake::FirstRound::begin(ours(), theirs(), random_).value();
    auto first = nss.round1();
    const auto more = own.next(first, pin, random_);
    ASSERT_TRUE(more);
    first.gx1.back() ^= 1;
    EXPECT_FALSE(own.next(first, pin, random_));
    auto answer = nss.round2(ours(), pin, own.message());
    answer.zkp_a.gr.back() ^= 1;
    EXPECT_FALSE(more->finish(answer));
}

INSTANTIATE_TEST_SUITE_P(BothRoles, NssTest,
                         testing::Values(std::pair<std::string, std::string>("receiver", "sender"),
                                         std::pair<std::string, std::string>("sender", "receiver")),
                         [](const auto& info) { return "AsThe_" + info.param.first; });

}  // namespace
}  // namespace homespun::tests
