#include "sync/easysetup/pin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/jpake_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PinTest, AlphabetHasThirtyTwoSymbols) {
    EXPECT_EQ(std::set<char>(pin_alphabet.begin(), pin_alphabet.end()).size(), 32U);
    for (const char c : {'0', '1', 'l', 'o'})
        EXPECT_FALSE(pin_alphabet.contains(c));
}

TEST(PinTest, IsSecretThenChannel) {
    base::jpake::SeededRandom random("pin");
    const auto pin = Pin::make(random, "eg2m");
    EXPECT_EQ(pin.secret.size(), secret_size);
    EXPECT_EQ(pin.text(), pin.secret + "eg2m");
    EXPECT_EQ(pin.shown(), pin.secret.substr(0, 4) + '-' + pin.secret.substr(4) + "-eg2m");
    EXPECT_NE(Pin::make(random, "eg2m").secret, pin.secret);
    EXPECT_EQ(*Pin::parse(pin.text()), pin);
    EXPECT_EQ(*Pin::parse(pin.shown()), pin);
}

TEST(PinTest, SecretsUseTheWholeAlphabet) {
    base::jpake::SeededRandom random("all");
    std::set<char> seen;
    for (int i = 0; i < 100; ++i) {
        for (const char c : Pin::make(random, "eg2m").secret)
            seen.insert(c);
    }
    EXPECT_EQ(seen, std::set<char>(pin_alphabet.begin(), pin_alphabet.end()));
}

TEST(PinTest, TakesWhatPeopleType) {
    const Pin expected{"k9gj5qzu", "eg2m"};
    for (const auto typed :
         {"k9gj5qzueg2m", "K9GJ5QZUEG2M", " k9gj-5qzu-eg2m\n", "k9gj 5qzu eg2m", "k9-gj5 - qzueg2m-"})
        EXPECT_EQ(Pin::parse(typed).value(), expected) << typed;
}

TEST(PinTest, SaysWhatIsWrong) {
    const auto message = [](std::string_view typed) {
        const auto pin = Pin::parse(typed);
        return pin ? "taken" : pin.error().message;
    };
    EXPECT_THAT(message("k9gj-5qzu-eg2"), HasSubstr("11 characters instead of 12"));
    EXPECT_THAT(message(""), HasSubstr("0 characters"));
    EXPECT_THAT(message("k9gj5qzueg2mm"), HasSubstr("more than 12"));
    EXPECT_THAT(message("k9gj-5qz0-eg2m"), HasSubstr("character 8 of the PIN, '0'"));
    EXPECT_THAT(message("k9gj-5qzl-eg2m"), HasSubstr("'l'"));
    EXPECT_THAT(message("k9gj\x01"), HasSubstr("byte 0x01"));
    EXPECT_THAT(message("\xc3\xa4"), HasSubstr("byte 0xc3"));
    EXPECT_THAT(message(std::string_view("k9\0gj5qzueg2m", 13)), HasSubstr("byte 0x00"));
    EXPECT_THAT(message("k9gj5qzueg2!"), Not(HasSubstr("k9gj5qzu"))) << "secrets stay out of messages";
}

TEST(PinTest, KnowsNamesOfChannels) {
    EXPECT_TRUE(is_channel("eg2m"));
    for (const auto* bad : {"", "eg2", "eg2mm", "EG2M", "eg1m", "../x", "eg m"})
        EXPECT_FALSE(is_channel(bad)) << bad;
}

}  // namespace
}  // namespace homespun::sync::easysetup
