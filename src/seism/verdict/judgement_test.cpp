#include "seism/verdict/judgement.hpp"

#include "seism/verdict/trial_fixture.hpp"

namespace homespun::seism {
namespace {

ExitCode exit_of(Trial trial, bool strict = false) {
    Judgement judgement{.strict = strict};
    judgement.trials.push_back(judge(std::move(trial), {}));
    return judgement.exit_code();
}

TEST(JudgementTest, GoodTrialIsGreenInEveryRule) {
    auto trial = good_trial(3);
    trial.logged = true;
    const auto judged = judge(trial, {});
    EXPECT_EQ(judged.overall, Colour::green);
    EXPECT_EQ(judged.findings.size(), rules().size());
    for (const auto& finding : judged.findings)
        EXPECT_EQ(finding.colour, Colour::green) << finding.rule << ": " << finding.observed;
    EXPECT_EQ(exit_of(trial), ExitCode::passed);
}

TEST(JudgementTest, AmberFailsOnlyWhenStrict) {
    auto trial = good_trial();
    answer(during(trial, 0), 502);
    EXPECT_EQ(exit_of(trial), ExitCode::passed);
    EXPECT_EQ(exit_of(trial, true), ExitCode::failed);
}

TEST(JudgementTest, WithoutABiteNothingIsKnownWhateverWasSeen) {
    auto trial = good_trial();
    answer(during(trial, 0), 500);
    EXPECT_EQ(exit_of(trial), ExitCode::failed);
    trial.cycles[0].bites = 0;
    EXPECT_EQ(exit_of(trial), ExitCode::inconclusive);
    Judgement judgement;
    judgement.trials.push_back(judge(trial, {}));
    EXPECT_EQ(judgement.counts().failed, 0U);
    EXPECT_EQ(judgement.counts().passed, 0U);
    EXPECT_EQ(judgement.resilience(), std::nullopt);
}

TEST(JudgementTest, BitesMayBeAskedFor) {
    auto trial = good_trial();
    EXPECT_EQ(found(trial, "bite", {.min_bites = 10}).colour, Colour::green);
    EXPECT_EQ(found(trial, "bite", {.min_bites = 11}).colour, Colour::grey);
}

TEST(JudgementTest, UnsteadyAndTaintedTrialsAreInconclusive) {
    auto trial = good_trial();
    trial.tainted = "127.0.0.1:3306 refused at 3.2 s";
    EXPECT_EQ(exit_of(trial), ExitCode::inconclusive);
    trial = good_trial();
    trial.unsteady = "p99 80 ms";
    trial.cycles.clear();
    EXPECT_EQ(exit_of(trial), ExitCode::inconclusive);
    EXPECT_EQ(judge(trial, {}).findings.size(), 1U);
}

TEST(JudgementTest, RedOutweighsInconclusiveOfAnotherTrial) {
    auto grey = good_trial(), red = good_trial();
    grey.cycles[0].bites = 0;
    answer(during(red, 0), 500);
    Judgement judgement;
    judgement.trials.push_back(judge(grey, {}));
    EXPECT_EQ(judgement.exit_code(), ExitCode::inconclusive);
    judgement.trials.push_back(judge(red, {}));
    EXPECT_EQ(judgement.exit_code(), ExitCode::failed);
    judgement.trials.push_back(judge(good_trial(), {}));
    EXPECT_EQ(judgement.resilience(), 0.5);
}

TEST(JudgementTest, RuleOfTheRunCounts) {
    Judgement judgement;
    judgement.trials.push_back(judge(good_trial(), {}));
    judgement.findings.push_back({.rule = "client_state", .colour = Colour::red});
    EXPECT_EQ(judgement.exit_code(), ExitCode::failed);
    EXPECT_EQ(judgement.counts().failed, 1U);
}

TEST(JudgementTest, NothingTriedIsInconclusive) {
    EXPECT_EQ(Judgement{}.exit_code(), ExitCode::inconclusive);
}

TEST(JudgementTest, MissingLogEntryIsRedOnlyWhereSomethingBit) {
    auto trial = good_trial();
    trial.logged = false;
    EXPECT_EQ(found(trial, "logged").colour, Colour::red);
    trial.logged = true;
    EXPECT_EQ(found(trial, "logged").colour, Colour::green);
}

TEST(JudgementTest, RuleThatIsOffIsNotAsked) {
    auto trial = good_trial();
    answer(during(trial, 0), 500);
    lose(during(trial, 1), Outcome::no_response);
    const auto judged = judge(trial, {.off = {"status_during", "no_hang"}});
    EXPECT_EQ(judged.overall, Colour::green);
    for (const auto& finding : judged.findings)
        EXPECT_TRUE(finding.rule != "status_during" && finding.rule != "no_hang");
}

}  // namespace
}  // namespace homespun::seism
