#include "sync/registration/captcha.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>

namespace homespun::sync::registration {
namespace {

class SumCaptchaTest : public testing::Test {
  protected:
    struct Asked {
        std::string challenge, answer;
    };
    /// Reads the page as a person does.
    Asked ask() {
        const auto html = captcha.html();
        std::smatch found;
        EXPECT_TRUE(std::regex_search(html, found,
                                      std::regex("id=\"recaptcha_challenge_field\"[^>]*value=\"([^\"]+)\"")))
            << html;
        Asked asked{found[1].str(), ""};
        EXPECT_NE(html.find("id=\"recaptcha_response_field\""), std::string::npos);
        EXPECT_TRUE(std::regex_search(html, found, std::regex("What is ([a-z]+) plus ([a-z]+),"))) << html;
        const std::map<std::string, int> words = {
            {"two", 2},       {"three", 3},    {"four", 4},     {"five", 5},
            {"six", 6},       {"seven", 7},    {"eight", 8},    {"nine", 9},
            {"ten", 10},      {"eleven", 11},  {"twelve", 12},  {"thirteen", 13},
            {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}};
        asked.answer = std::to_string(words.at(found[1].str()) + words.at(found[2].str()));
        return asked;
    }
    base::ManualClock clock{1'000'000};
    base::SystemRandom random;
    SumCaptcha captcha{clock, random};
};

TEST_F(SumCaptchaTest, TheAnswerPassesOnce) {
    for (int i = 0; i < 50; ++i) {
        const auto [challenge, answer] = ask();
        EXPECT_TRUE(captcha.passes(challenge, " " + answer));
        EXPECT_FALSE(captcha.passes(challenge, answer));
    }
}

TEST_F(SumCaptchaTest, OneTryAChallenge) {
    const auto [challenge, answer] = ask();
    EXPECT_FALSE(captcha.passes(challenge, "0"));
    EXPECT_FALSE(captcha.passes(challenge, answer));
}

TEST_F(SumCaptchaTest, ItIsGoodForTenMinutes) {
    const auto early = ask(), late = ask();
    clock.advance_ms(SumCaptcha::life_ms - 1);
    EXPECT_TRUE(captcha.passes(early.challenge, early.answer));
    clock.advance_ms(1);
    EXPECT_FALSE(captcha.passes(late.challenge, late.answer));
}

TEST_F(SumCaptchaTest, MadeUpAnswersDoNotWashAwayWhatWasAnswered) {
    const auto [challenge, answer] = ask();
    ASSERT_TRUE(captcha.passes(challenge, answer));
    const auto expires = challenge.substr(0, challenge.find('.'));
    for (int i = 0; i < 250'000; ++i)
        captcha.passes(expires + "." + std::to_string(i) + ".00", "2");
    EXPECT_FALSE(captcha.passes(challenge, answer));
}

TEST_F(SumCaptchaTest, NoneCanBeMade) {
    const auto [challenge, answer] = ask();
    for (const std::string& bad : {std::string(), std::string("...."), std::string("1500000.ab.cd"),
                                   "9" + challenge, challenge + "0", challenge.substr(1)})
        EXPECT_FALSE(captcha.passes(bad, "2")) << bad;
    SumCaptcha other(clock, random);
    EXPECT_FALSE(other.passes(challenge, answer));
}

}  // namespace
}  // namespace homespun::sync::registration
