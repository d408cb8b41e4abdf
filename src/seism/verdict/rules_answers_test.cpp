#include "seism/verdict/trial_fixture.hpp"

namespace homespun::seism {
namespace {

TEST(StatusDuringTest, HonestRefusalIsGreen) {
    EXPECT_EQ(found(good_trial(), "status_during").colour, Colour::green);
}

TEST(StatusDuringTest, EachStatusHasItsColour) {
    struct Case {
        int status;
        bool retry_after;
        Colour colour;
    };
    for (const auto& each :
         {Case{200, false, Colour::green}, Case{301, false, Colour::green}, Case{503, true, Colour::green},
          Case{503, false, Colour::amber}, Case{502, false, Colour::amber}, Case{504, false, Colour::amber},
          Case{429, false, Colour::amber}, Case{404, false, Colour::amber}, Case{500, false, Colour::red},
          Case{501, true, Colour::red}}) {
        auto trial = good_trial();
        answer(during(trial, 3), each.status, each.retry_after);
        if (each.status < 400) during(trial, 3).answer_digest = "200";  // the answer of before
        EXPECT_EQ(found(trial, "status_during").colour, each.colour) << each.status;
    }
}

TEST(StatusDuringTest, WrongAnswerIsRedAndNamed) {
    auto trial = good_trial();
    answer(during(trial, 3), 200);
    during(trial, 3).answer_digest = "another";
    const auto finding = found(trial, "status_during");
    EXPECT_EQ(finding.colour, Colour::red);
    EXPECT_EQ(finding.observed, "1 x 200 with a wrong answer, 9 x 503 with Retry-After");
    EXPECT_EQ(finding.evidence, std::vector<std::uint64_t>{14});
}

TEST(StatusDuringTest, AnAnswerWhileItStopsCountsAfterwards) {
    auto trial = good_trial();
    answer(during(trial, 9), 200);
    during(trial, 9).answer_digest = "another";
    trial.cycles[0].stopping = during(trial, 9).end - 1;
    EXPECT_NE(found(trial, "status_during").colour, Colour::red);
    EXPECT_EQ(found(trial, "answers_after").colour, Colour::red);
}

TEST(StatusDuringTest, WhatWasUsualStaysAllowed) {
    auto trial = good_trial();
    answer(trial.exchanges[2], 500);
    answer(during(trial, 3), 500);
    EXPECT_EQ(found(trial, "status_during").colour, Colour::green);
    during(trial, 3).path = "/other";  // usual there only
    EXPECT_EQ(found(trial, "status_during").colour, Colour::red);
}

TEST(StatusDuringTest, ExperimentMayAllowMore) {
    auto trial = good_trial();
    answer(during(trial, 3), 507);
    EXPECT_EQ(found(trial, "status_during", {.allow = {507}}).colour, Colour::green);
    answer(during(trial, 3), 503);
    EXPECT_EQ(found(trial, "status_during", {.allow = {503}}).colour, Colour::amber);
    EXPECT_EQ(found(trial, "status_during", {.retry_after_required = false}).colour, Colour::green);
}

TEST(StatusDuringTest, RequestThatOnlyEndsInItCounts) {
    auto trial = good_trial();
    answer(trial.exchanges[9], 500);
    EXPECT_EQ(found(trial, "status_during").colour, Colour::green);
    trial.exchanges[9].end = trial.cycles[0].armed;
    EXPECT_EQ(found(trial, "status_during").colour, Colour::red);
}

TEST(NoHangTest, LimitIsTenSecondsOrTwentyTimesTheUsual) {
    auto trial = good_trial();
    during(trial, 0).end = during(trial, 0).start + 10 * second - 1;
    EXPECT_EQ(found(trial, "no_hang").colour, Colour::amber);
    during(trial, 0).end = during(trial, 0).start + 10 * second;
    EXPECT_EQ(found(trial, "no_hang").colour, Colour::red);
    for (auto& exchange : trial.exchanges) {
        if (exchange.start < 10 * second) exchange.end = exchange.start + 800 * ms;
    }
    EXPECT_NE(found(trial, "no_hang").colour, Colour::red);
    EXPECT_EQ(found(trial, "no_hang", {.hang = std::chrono::seconds(5)}).colour, Colour::red);
}

TEST(NoHangTest, FiveTimesSlowerIsAmber) {
    auto trial = good_trial();
    for (std::size_t i = 0; i < 10; ++i)
        during(trial, i).end = during(trial, i).start + 50 * ms;
    EXPECT_EQ(found(trial, "no_hang").colour, Colour::green);
    for (std::size_t i = 0; i < 10; ++i)
        during(trial, i).end = during(trial, i).start + 51 * ms;
    EXPECT_EQ(found(trial, "no_hang").colour, Colour::amber);
}

TEST(NoHangTest, NoAnswerIsRedInAndAfter) {
    for (const auto outcome : {Outcome::no_response, Outcome::truncated, Outcome::malformed}) {
        auto trial = good_trial();
        lose(during(trial, 1), outcome);
        EXPECT_EQ(found(trial, "no_hang").colour, Colour::red);
        EXPECT_EQ(found(trial, "front_reachable").colour, Colour::green);
        trial = good_trial();
        lose(after(trial, 1), outcome);
        EXPECT_EQ(found(trial, "no_hang").colour, Colour::red);
    }
}

TEST(FrontReachableTest, LostConnectionsAreRed) {
    for (const auto outcome : {Outcome::connect_refused, Outcome::connect_timeout, Outcome::reset_before,
                               Outcome::reset_mid, Outcome::empty_reply}) {
        auto trial = good_trial();
        lose(during(trial, 1), outcome);
        EXPECT_EQ(found(trial, "front_reachable").colour, Colour::red);
        EXPECT_EQ(found(trial, "no_hang").colour, Colour::green);
    }
}

TEST(FrontReachableTest, DeadProcessIsRedWithoutALostRequest) {
    auto trial = good_trial();
    trial.gone = "the process ended with status 1";
    EXPECT_EQ(found(trial, "front_reachable").observed, "the process ended with status 1");
    EXPECT_EQ(found(trial, "front_reachable").colour, Colour::red);
}

TEST(FrontReachableTest, ClientThatLeavesSaysNothing) {
    auto trial = good_trial();
    lose(during(trial, 1), Outcome::client_gone);
    lose(after(trial, 0), Outcome::client_gone);
    const auto judged = judge(trial, {});
    EXPECT_EQ(judged.overall, Colour::green);
}

TEST(RecoveryTest, SecondRequestIsSoonEnough) {
    auto trial = good_trial();
    answer(after(trial, 0), 503);
    EXPECT_EQ(found(trial, "recovery").colour, Colour::green);
    answer(after(trial, 1), 503);
    EXPECT_EQ(found(trial, "recovery").colour, Colour::amber);
}

TEST(RecoveryTest, ErrorInTheLastHalfIsRed) {
    auto trial = good_trial();
    answer(after(trial, 9), 503);
    EXPECT_NE(found(trial, "recovery").colour, Colour::red);
    answer(after(trial, 10), 503);
    EXPECT_EQ(found(trial, "recovery").colour, Colour::red);
    EXPECT_EQ(found(trial, "recovery").evidence, std::vector<std::uint64_t>{31});
}

TEST(RecoveryTest, TimeCounts) {
    auto trial = good_trial();
    // The first success comes 110 ms after the end.
    EXPECT_EQ(found(trial, "recovery", {.within = std::chrono::milliseconds(220)}).colour, Colour::green);
    EXPECT_EQ(found(trial, "recovery", {.within = std::chrono::milliseconds(218)}).colour, Colour::amber);
    EXPECT_EQ(found(trial, "recovery", {.within = std::chrono::milliseconds(110)}).colour, Colour::amber);
    EXPECT_EQ(found(trial, "recovery", {.within = std::chrono::milliseconds(109)}).colour, Colour::red);
}

TEST(RecoveryTest, TooFewOfAnothersRequestsSayNothing) {
    auto trial = good_trial();
    EXPECT_EQ(found(trial, "recovery", {.next = 21}).colour, Colour::green);
    trial.driven = false;
    EXPECT_EQ(found(trial, "recovery", {.next = 20}).colour, Colour::green);
    EXPECT_EQ(found(trial, "recovery", {.next = 21}).colour, Colour::grey);
}

TEST(RecoveryTest, WorstCycleCounts) {
    auto trial = good_trial(2);
    for (auto& exchange : trial.exchanges) {
        if (exchange.start > 50 * second) answer(exchange, 503);
    }
    EXPECT_EQ(found(trial, "recovery").colour, Colour::red);
}

TEST(AnswersAfterTest, AnotherAnswerIsRed) {
    EXPECT_EQ(found(good_trial(), "answers_after").colour, Colour::green);
    auto trial = good_trial();
    after(trial, 19).answer_digest = "stale";
    EXPECT_EQ(found(trial, "answers_after").colour, Colour::red);
    EXPECT_EQ(found(trial, "answers_after").evidence, std::vector<std::uint64_t>{40});
}

TEST(AnswersAfterTest, AnswerThatComesAfterTheEndCounts) {
    auto trial = good_trial();
    answer(during(trial, 9), 200);
    during(trial, 9).answer_digest = "stale";
    during(trial, 9).end = trial.cycles[0].stopped;
    EXPECT_EQ(found(trial, "status_during").colour, Colour::red);
    EXPECT_EQ(found(trial, "answers_after").colour, Colour::green);
    ++during(trial, 9).end;
    EXPECT_EQ(found(trial, "status_during").colour, Colour::green);
    EXPECT_EQ(found(trial, "answers_after").colour, Colour::red);
}

TEST(AnswersAfterTest, WithoutSteadyAnswersBeforeNothingIsKnown) {
    auto trial = good_trial();
    trial.exchanges[4].answer_digest = "varies";
    after(trial, 3).answer_digest = "stale";
    EXPECT_EQ(found(trial, "answers_after").colour, Colour::amber);
    trial = good_trial();
    trial.exchanges.erase(trial.exchanges.begin() + 1, trial.exchanges.begin() + 10);  // seen once is no rule
    EXPECT_EQ(found(trial, "answers_after").colour, Colour::amber);
}

}  // namespace
}  // namespace homespun::seism
