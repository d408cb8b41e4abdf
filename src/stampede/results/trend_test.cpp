#include "stampede/results/trend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.hpp"
#include "stampede/results/run_fixture.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;
using Runs = std::vector<Run>;

/// Runs of short levels, one an hour; from `change` on with another capacity and speed.
Runs history(std::size_t count, std::size_t change, double factor, std::uint64_t seed) {
    Runs runs;
    for (std::size_t i = 0; i < count; ++i) {
        Simulation how{.loads = {50, 100}, .seconds = 20, .capacity = 300};
        if (i >= change) {
            how.capacity *= factor;
            how.slow_down = 1 / factor;
        }
        runs.push_back(simulate(how, seed * 1000 + i));
        runs.back().started_at_s = 1'795'300'000 + static_cast<std::int64_t>(i) * 3600;
        runs.back().environment.emplace_back("commit", "c" + std::to_string(i + 1));
    }
    return runs;
}

TEST(TrendTest, FindsWhereItBecameWorse) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        auto runs = history(20, 13, 0.85, seed);
        std::ranges::reverse(runs);  // the order is that of their beginnings
        const auto trend = follow(runs, {});
        ASSERT_TRUE(trend.has_value());
        EXPECT_EQ(exit_code(trend), 1) << seed;
        EXPECT_EQ(trend->worse_since, 13) << seed;
        EXPECT_THAT(trend->sentence, HasSubstr("Worse since run 14 of 20 (c14, 20"));
        EXPECT_EQ(trend->series.front().name, "capacity, sessions/s");
        EXPECT_EQ(trend->loads, (std::vector<double>{50, 100}));
    }
}

TEST(TrendTest, IsQuietAboutNoise) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        found += exit_code(follow(history(20, 20, 1, seed), {}));
    EXPECT_LE(found, 1);
}

TEST(TrendTest, AnImprovementAndAnOldWorseningAreNoFailure) {
    EXPECT_EQ(exit_code(follow(history(20, 12, 1.2, 1), {})), 0);
    const auto old = follow(history(30, 8, 0.8, 1), {.recent = 10});
    EXPECT_EQ(exit_code(old), 0);
    ASSERT_FALSE(old->series.front().changes.empty());
    EXPECT_EQ(old->series.front().changes.front().verdict, base::Verdict::worse);
    EXPECT_EQ(exit_code(follow(history(30, 8, 0.8, 1), {.recent = 30})), 1);
}

TEST(TrendTest, LeavesOutWhatIsInconclusive) {
    auto runs = history(14, 7, 0.7, 1);
    runs[3].conclusive = false;
    runs[3].verdict = "generator\nat its end";
    runs[9].environment[0].second = "6.2";
    const auto trend = follow(runs, {});
    ASSERT_TRUE(trend.has_value());
    EXPECT_EQ(trend->runs.size(), 13);
    EXPECT_EQ(trend->worse_since, 6);
    ASSERT_EQ(trend->notes.size(), 3);
    EXPECT_THAT(trend->notes[0], HasSubstr("Left out: c4"));
    EXPECT_THAT(trend->notes[0], HasSubstr("generator?at its end"));
    EXPECT_THAT(trend->notes[1], HasSubstr("From run 9 on not made alike: kernel: 6.1 in c9, 6.2 in c10"));
}

TEST(TrendTest, NeedsTwoRuns) {
    EXPECT_EQ(exit_code(follow({}, {})), 2);
    EXPECT_THAT(follow(history(1, 1, 1, 1), {}).error().message, HasSubstr("there is 1"));
    EXPECT_EQ(exit_code(follow(history(2, 2, 1, 1), {})), 0);
}

TEST(TrendTest, IsWrittenAsTextJsonAndPage) {
    auto runs = history(20, 13, 0.8, 3);
    runs[2].levels.pop_back();
    runs[5].environment.emplace_back("label", "<b>\xff\x1b[0m");
    runs[6].capacity.reset();
    const auto trend = follow(runs, {});
    ASSERT_TRUE(trend.has_value());
    EXPECT_THAT(to_text(*trend), HasSubstr("<- worse"));
    EXPECT_THAT(to_text(*trend), HasSubstr("<b>??[0m"));
    const auto json = base::json::parse(to_json(*trend));
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(*json->integer("worse_since"), 14);
    EXPECT_EQ(json->member("runs")->array()->size(), 20);
    const auto page = to_html(*trend);
    EXPECT_THAT(page, HasSubstr("<svg"));
    EXPECT_THAT(page, HasSubstr("c14"));
    EXPECT_THAT(page, testing::Not(HasSubstr("<b>?")));
}

TEST(TrendTest, TakesRunsOfAnyContent) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Runs runs;
        for (std::uint64_t i = 0; i < 5; ++i)
            runs.push_back(random_run(seed * 5 + i));
        const auto trend = follow(runs, {});
        if (!trend) continue;
        EXPECT_TRUE(base::json::parse(to_json(*trend)).has_value());
        EXPECT_FALSE(to_html(*trend).empty() || to_text(*trend).empty());
    }
}

}  // namespace
}  // namespace homespun::stampede
