#include "stampede/results/report_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "report/chart.hpp"
#include "report/markup_fixture.hpp"
#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_text.hpp"
#include "stampede/results/report_view.hpp"
#include "stampede/results/run_fixture.hpp"

using testing::HasSubstr;
using testing::Not;

namespace homespun::stampede {
namespace {

/// Good answers at 1, 2, … ms, `failed` timeouts.
Tally tally_of(std::uint64_t good, std::uint64_t failed) {
    Tally tally;
    for (std::uint64_t i = 1; i <= good; ++i) {
        const auto us = static_cast<std::int64_t>(i * 1000);
        tally.response.record(us);
        tally.service.record(us);
        tally.first_byte.record(us);
    }
    tally.good = good;
    tally.errors[static_cast<std::size_t>(ErrorClass::timeout)] = failed;
    return tally;
}

Level level_of(Purpose purpose, double load, std::vector<Tally> types) {
    Level level{.purpose = purpose, .load = load, .start_s = load, .seconds = 4};
    level.counts.types = std::move(types);
    level.counts.sessions_started = level.counts.sessions_finished = static_cast<std::uint64_t>(4 * load);
    return level;
}

/// A search that warmed up, found 100/s, pushed to 200/s.
Run capacity_run() {
    Run run{.command = "capacity", .model = "pages", .target = "http://127.0.0.1:8000/u"};
    run.arrivals = "poisson";
    run.types = {"GET /u/ID", "GET /p/ID", "POST /never"};
    run.expected_mix = {{"GET /u/ID", 0.7}, {"GET /p/ID", 0.3}};
    run.levels = {level_of(Purpose::warm_up, 7777, {tally_of(90, 0), {}, {}}),
                  level_of(Purpose::climb, 100, {tally_of(200, 0), tally_of(200, 0), {}}),
                  level_of(Purpose::climb, 150, {tally_of(300, 60), tally_of(200, 40), {}}),
                  level_of(Purpose::soak, 100, {tally_of(210, 0), tally_of(190, 0), {}}),
                  level_of(Purpose::push, 200, {tally_of(10, 600), tally_of(10, 180), {}})};
    run.levels[2].good = run.levels[4].good = false;
    run.levels[2].why = "16.7 % of the requests failed, mostly: timeout";
    run.levels[4].why = "97.5 % of the requests failed, mostly: timeout";
    run.capacity = Capacity{.sessions_per_s = 100, .requests_per_s = 100, .lowest_bad = 150};
    run.capacity->recovery_s = 4.5;
    run.failure = FailureMode::collapse;
    run.failure_why = "it gave in";
    run.verdict = "Holds 100 sessions/s.";
    run.environment = {{"kernel", "Linux 6.1"}, {"command_line", "stampede capacity <url>"}};
    return run;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

TEST(ReportPage, SaysTheVerdictFirst) {
    const auto page = render_report(capacity_run());
    EXPECT_EQ(report::MarkupCheck(page).fault(), "");
    EXPECT_LT(page.find("Holds 100 sessions/s."), page.find("<dl class=\"tiles\">"));
    EXPECT_LT(page.find("<div class=\"verdict good\">"), page.find("Holds 100 sessions/s."));
    for (const auto* words :
         {"150 sessions/s on", "collapse", "it gave in", "4.5 s", "16.7 % of the requests failed",
          "Linux 6.1", "stampede capacity &lt;url&gt;", "Pushed to 200 sessions/s"})
        EXPECT_THAT(page, HasSubstr(words));
}

TEST(ReportPage, CountsNoWarmUp) {
    auto run = capacity_run();
    const auto page = render_report(run);
    const auto fold = page.find("Warm-up and recovery");
    ASSERT_NE(fold, std::string::npos);
    EXPECT_EQ(page.substr(0, fold).find("7,777"), std::string::npos);
    EXPECT_EQ(count_of(page, "7,777"), 1U);
    const ReportView view(run);
    EXPECT_EQ(view.counted().size(), 4U);
    EXPECT_EQ(view.limit()->level, &run.levels[3]);
    EXPECT_EQ(view.first_bad()->level, &run.levels[2]);
    EXPECT_EQ(view.push()->level, &run.levels[4]);
    // Warm-up failures and slow requests are no part of it either.
    run.levels[0].counts.types[0].errors[0] = 12345;
    EXPECT_THAT(render_report(run), Not(HasSubstr("12,345")));
}

TEST(ReportPage, GivesNoPercentileOfFailedRequests) {
    const auto page = render_report(capacity_run());
    // In the row of the push 97.5 % failed: no p50, p95, p99.
    const auto row = page.find("<td>push</td>");
    ASSERT_NE(row, std::string::npos);
    EXPECT_EQ(count_of(page.substr(row, page.find("</tr>", row) - row), "—"), 3U);
    EXPECT_THAT(page, HasSubstr("“—”: failed requests reach into that share"));
}

TEST(ReportPage, LeavesOutTypesThatWereNotAsked) {
    EXPECT_THAT(render_report(capacity_run()), Not(HasSubstr("POST /never")));
}

TEST(ReportPage, ComparesTheMixWithTheModel) {
    const auto page = render_report(capacity_run());
    // 51 % of 800 instead of 70 %: no chance does that.
    EXPECT_THAT(page, HasSubstr("more than chance explains: GET /u/ID, GET /p/ID"));
    auto run = capacity_run();
    run.expected_mix = {{"GET /u/ID", 0.51}, {"GET /p/ID", 0.49}};
    EXPECT_THAT(render_report(run), HasSubstr("No type&#39;s share differs"));
}

TEST(ReportPage, MarksWhatIsUnsettledWhereverItStands) {
    auto run = capacity_run();
    EXPECT_THAT(render_report(run), Not(HasSubstr("unsettled *")));
    for (auto& level : run.levels)
        level.settled = false;
    const auto page = render_report(run);
    EXPECT_THAT(page, HasSubstr("unsettled *"));
    EXPECT_THAT(page, HasSubstr("soak 100/s *"));
    EXPECT_THAT(page, HasSubstr("! 150 *"));
    EXPECT_THAT(render_text(run), HasSubstr("150*"));
}

TEST(ReportPage, SaysThatAnInterruptedRunIsPartial) {
    auto run = capacity_run();
    run.interrupted = true;
    run.capacity.reset();
    run.verdict.clear();
    const auto page = render_report(run);
    EXPECT_THAT(page, HasSubstr("<div class=\"verdict warning\">"));
    EXPECT_THAT(page, HasSubstr("(partial)"));
    EXPECT_THAT(page, HasSubstr("what follows is partial"));
    EXPECT_THAT(render_text(run), HasSubstr("partial"));
}

TEST(ReportPage, TellsWhatForbidsAConclusion) {
    auto run = capacity_run();
    run.conclusive = false;
    run.generator.doubts = {"the generator sent late"};
    const auto page = render_report(run);
    EXPECT_THAT(page, HasSubstr("<div class=\"verdict warning\">"));
    EXPECT_THAT(page, HasSubstr("<li>the generator sent late</li>"));
}

TEST(ReportPage, SaysWhenTheGeneratorDidNotKeepUp) {
    auto run = capacity_run();
    EXPECT_THAT(render_report(run), Not(HasSubstr("did not keep up")));
    run.levels[4].counts.sessions_started /= 2;
    EXPECT_THAT(render_report(run), HasSubstr("50 % of the sessions asked for began"));
}

TEST(ReportPage, TakesARunOfOneLevelAndAnEmptyOne) {
    EXPECT_EQ(report::MarkupCheck(render_report(stampede::Run{})).fault(), "");
    EXPECT_THAT(render_text(stampede::Run{}), HasSubstr("No level was counted."));
    auto run = simulate({.loads = {50}}, 1);
    const auto page = render_report(run);
    EXPECT_EQ(report::MarkupCheck(page).fault(), "");
    EXPECT_THAT(page, Not(HasSubstr("By load")));
    EXPECT_THAT(page, HasSubstr("1 level was counted; 1 held"));
}

TEST(ReportPage, StaysSmallWithHoursOfSamples) {
    auto run = simulate({.loads = {50}, .seconds = 1}, 1);
    const auto one = run.samples.front();
    run.samples.clear();
    for (int i = 1; i <= 4 * 3600; ++i) {
        run.samples.push_back(one);
        run.samples.back().at_s = i;
        run.samples.back().latencies = {{1, 5}, {10, 3}, {100, 1}};
    }
    EXPECT_LT(render_report(run).size(), 2'000'000U);
}

TEST(ReportPage, IsSoundWhateverTheRunSays) {
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        const auto run = random_run(seed);
        const auto page = render_report(run);
        ASSERT_EQ(report::MarkupCheck(page).fault(), "") << seed;
        const auto text = render_text(run);
        ASSERT_TRUE(std::ranges::all_of(text, [](char c) {
            return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
        })) << seed;
    }
    auto run = capacity_run();
    run.model = run.target = run.verdict = run.failure_why = run.types[0] = report::hostile;
    run.levels[2].why = report::hostile;
    run.failures = {{std::string(report::hostile), 1, 2, std::string(report::hostile)}};
    const auto page = render_report(run);
    EXPECT_EQ(report::MarkupCheck(page).fault(), "");
    EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(ReportText, FitsOnAScreen) {
    auto run = capacity_run();
    for (int i = 0; i < 40; ++i)
        run.levels.insert(run.levels.begin(), level_of(Purpose::climb, i + 1, {tally_of(10, 0)}));
    run.generator.doubts.assign(20, "a doubt");
    const auto text = render_text(run);
    EXPECT_LE(std::ranges::count(text, '\n'), 32);
    EXPECT_THAT(text, testing::StartsWith("Holds 100 sessions/s.\n"));
    EXPECT_THAT(text, HasSubstr("… 32 levels before"));
    EXPECT_THAT(text, HasSubstr("GET /p/ID"));
}

TEST(ReportNumbers, HaveThreeDigitsOrAllThatMatter) {
    EXPECT_EQ(rate_text(494.77), "495");
    EXPECT_EQ(rate_text(12.5), "12.5");
    EXPECT_EQ(rate_text(0.25), "0.25");
    EXPECT_EQ(rate_text(12345.6), "12,346");
    EXPECT_EQ(rate_text(-1234567), "-1,234,567");
    EXPECT_EQ(rate_text(report::missing), "–");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(count_text(1821216), "1,821,216");
    EXPECT_EQ(ms_text(0.4341), "0.434");
    EXPECT_EQ(ms_text(18.14), "18.1");
    EXPECT_EQ(ms_text(9.999), "10.0");
    EXPECT_EQ(ms_text(std::optional<double>()), "—");
    EXPECT_EQ(time_text(73.9), "73.9 ms");
    EXPECT_EQ(time_text(3101), "3.10 s");
    EXPECT_EQ(seconds_text(4), "4 s");
    EXPECT_EQ(seconds_text(200), "3:20 min");
    EXPECT_EQ(share_text(0), "0 %");
    EXPECT_EQ(share_text(0.000001), "< 0.01 %");
    EXPECT_EQ(share_text(0.99999), "> 99.9 %");
    EXPECT_EQ(share_text(1), "100 %");
    EXPECT_EQ(counted(1, "level"), "1 level");
    EXPECT_EQ(counted(0, "level"), "0 levels");
}

}  // namespace
}  // namespace homespun::stampede
