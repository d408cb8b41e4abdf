#include "seism/verdict/artefacts.hpp"

#include <gmock/gmock.h>

#include "base/json.hpp"
#include "report/markup_fixture.hpp"
#include "seism/verdict/trial_fixture.hpp"

namespace homespun::seism {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Judgement judgement_of(std::vector<Trial> trials) {
    Judgement judgement;
    for (auto& trial : trials)
        judgement.trials.push_back(judge(std::move(trial), {}));
    return judgement;
}

Trial failing_trial() {
    auto trial = good_trial();
    answer(during(trial, 2), 500);
    return trial;
}

RunFacts facts() {
    return {.title = "shop",
            .version = "1.0",
            .seed = 7,
            .replay = "seism run shop.json --seed 7",
            .began = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'795'226'400'123)),
            .exit = ExitCode::failed,
            .events = {{.sequence = 1,
                        .at = 1'500'000,
                        .type = PerturbationEvent::Type::bite,
                        .perturbation = "db-gone",
                        .proxy = "db",
                        .behaviour = "blackout",
                        .bites = 3,
                        .connection = 12,
                        .request = 4}}};
}

TEST(ArtefactsTest, VerdictTellsRulesAndEvidence) {
    const auto parsed =
        base::json::parse(verdict_json(facts(), judgement_of({failing_trial(), good_trial()})));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed->string("overall"), "red");
    EXPECT_EQ(*parsed->integer("exit"), 1);
    EXPECT_EQ(*parsed->string("started"), "2026-11-21T02:00:00.123Z");
    EXPECT_EQ(*parsed->member("resilience")->real(), 0.5);
    const auto& trial = (*parsed->member("experiments")->array())[0];
    EXPECT_EQ(*trial.string("overall"), "red");
    EXPECT_EQ(*trial.integer("bites"), 10);
    EXPECT_EQ(*trial.member("phases")->member("during")->integer("n"), 10);
    bool found = false;
    for (const auto& rule : *trial.member("rules")->array()) {
        if (*rule.string("id") != "status_during") continue;
        found = true;
        EXPECT_EQ(*rule.string("verdict"), "red");
        EXPECT_EQ(*(*rule.member("evidence")->array())[0].integer(), 13);
    }
    EXPECT_TRUE(found);
}

TEST(ArtefactsTest, JunitFailsWhatIsRedAndSkipsWhatIsUnknown) {
    auto grey = good_trial();
    grey.cycles[0].bites = 0;
    const auto text = junit_text(facts(), judgement_of({failing_trial(), grey}));
    EXPECT_EQ(report::MarkupCheck(text).fault(), "");
    EXPECT_THAT(text, HasSubstr(R"(classname="seism.db.blackout" name="db-gone/status_during")"));
    EXPECT_THAT(text, HasSubstr(R"(<failure message="status_during: 1 x 500)"));
    EXPECT_THAT(text, HasSubstr(R"(<property name="seed" value="7"/>)"));
    EXPECT_THAT(text, HasSubstr("<system-out>seism run shop.json --seed 7</system-out>"));
    EXPECT_THAT(text, HasSubstr("<skipped"));
    EXPECT_THAT(text, HasSubstr(R"(failures="1")"));
}

TEST(ArtefactsTest, LinesAreOneEach) {
    const auto requests = requests_lines(judgement_of({failing_trial()}));
    EXPECT_EQ(std::ranges::count(requests, '\n'), 40);
    const auto first = base::json::parse(requests.substr(0, requests.find('\n')));
    ASSERT_TRUE(first);
    EXPECT_EQ(*first->string("phase"), "before");
    EXPECT_EQ(*first->integer("total_us"), 10'000);
    EXPECT_EQ(
        events_lines(facts()),
        R"({"seq":1,"type":"perturbation.bite","t_us":1500000,"wall":"2026-11-21T02:00:01.623Z","proxy":"db",)"
        R"("perturbation":"db-gone","behaviour":"blackout","bites":3,"conn":12,"request":4})"
        "\n");
}

TEST(ArtefactsTest, HostileTextsStayText) {
    const std::string text(report::hostile);
    auto trial = failing_trial();
    trial.name = trial.proxy = trial.settings = text;
    trial.logged = false;
    trial.log_note = text;
    for (auto& exchange : trial.exchanges)
        exchange.path = exchange.method = text;
    auto told = facts();
    told.title = told.description = told.replay = told.trouble = told.hostname = text;
    const auto judgement = judgement_of({trial});
    EXPECT_EQ(report::MarkupCheck(junit_text(told, judgement)).fault(), "");
    EXPECT_THAT(report_html(told, judgement), Not(HasSubstr("<script")));
}

TEST(ArtefactsTest, BadgeTellsByWordToo) {
    EXPECT_THAT(badge_svg(judgement_of({good_trial()})), HasSubstr(">green 100 %</text>"));
    EXPECT_THAT(badge_svg(judgement_of({good_trial(), failing_trial()})), HasSubstr(">red 50 %</text>"));
    EXPECT_THAT(badge_svg({}), HasSubstr(">inconclusive</text>"));
    EXPECT_EQ(report::MarkupCheck(badge_svg({})).fault(), "");
}

TEST(ArtefactsTest, PageOfNothingIsAPage) {
    EXPECT_THAT(report_html({}, {}), HasSubstr("</html>"));
}

}  // namespace
}  // namespace homespun::seism
