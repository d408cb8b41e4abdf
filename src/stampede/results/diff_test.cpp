#include "stampede/results/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "stampede/results/comparable.hpp"
#include "stampede/results/permutation.hpp"
#include "stampede/results/run_fixture.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;

using Runs = std::vector<Run>;

Runs repeats(const Simulation& how, std::uint64_t seed, int count = 5) {
    Runs runs;
    for (int i = 0; i < count; ++i)
        runs.push_back(simulate(how, seed * 100 + static_cast<std::uint64_t>(i)));
    return runs;
}

base::Verdict verdict_of(const Simulation& a, const Simulation& b, std::uint64_t seed, int count = 5) {
    const auto diff = compare_runs(repeats(a, 2 * seed, count), repeats(b, 2 * seed + 1, count), {});
    EXPECT_TRUE(diff.has_value()) << diff.error().message;
    return diff->verdict;
}

const Compared& find(const Diff& diff, double load, Measure measure) {
    const auto level = std::ranges::find(diff.levels, load, &LevelDiff::load);
    return *std::ranges::find(level->measures, measure, &Compared::measure);
}

// Each figure of a level then differs by some 3.5 % between repeats.
const Simulation usual{.run_noise = 0.02, .second_noise = 0.05, .seconds = 30};

TEST(DiffTest, FindsNothingBetweenEqualServers) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        found += verdict_of(usual, usual, seed) != base::Verdict::no_difference ? 1 : 0;
    EXPECT_LE(found, 1);
}

TEST(DiffTest, FindsASlowDownOfATenthEachTime) {
    auto slow = usual;
    slow.slow_down = 1.1;
    for (std::uint64_t seed = 50; seed < 70; ++seed) {
        EXPECT_EQ(verdict_of(usual, slow, seed), base::Verdict::worse) << seed;
        EXPECT_EQ(verdict_of(slow, usual, seed), base::Verdict::better) << seed;
    }
}

TEST(DiffTest, StretchesWithinRunsFindALargeEffectOnly) {
    auto slow = usual;
    slow.slow_down = 1.25;
    slow.seconds = 60;
    auto before = usual;
    before.seconds = 60;
    int found = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        EXPECT_EQ(verdict_of(before, slow, seed, 1), base::Verdict::worse) << seed;
        found += verdict_of(before, before, seed, 1) != base::Verdict::no_difference ? 1 : 0;
    }
    EXPECT_LE(found, 1);
    const auto diff = compare_runs(repeats(before, 1, 1), repeats(slow, 2, 1), {});
    EXPECT_FALSE(diff->repeats_are_runs);
    EXPECT_THAT(diff->basis, HasSubstr("stretches of 5 s within the runs (1 against 1 runs are too few)"));
    EXPECT_FALSE(find(*diff, 100, Measure::p95).tested);
}

TEST(DiffTest, FindsErrors) {
    auto failing = usual;
    failing.error_share = 0.005;
    const auto diff = compare_runs(repeats(usual, 1), repeats(failing, 2), {});
    ASSERT_TRUE(diff.has_value());
    EXPECT_EQ(find(*diff, 200, Measure::error_share).verdict, base::Verdict::worse);
    EXPECT_EQ(find(*diff, 200, Measure::error_share).a, 0);
    EXPECT_EQ(diff->verdict, base::Verdict::worse);
    EXPECT_EQ(exit_code(diff), 1);
}

TEST(DiffTest, ComparesCapacity) {
    auto before = usual, after = usual;
    before.capacity = 300;
    after.capacity = 390;
    const auto diff = compare_runs(repeats(before, 1), repeats(after, 2), {});
    ASSERT_TRUE(diff->capacity.has_value());
    EXPECT_EQ(diff->capacity->verdict, base::Verdict::better);
    EXPECT_EQ(exit_code(diff), 0);
    const auto single = compare_runs(repeats(after, 1, 1), repeats(before, 2, 1), {});
    EXPECT_FALSE(single->capacity->tested);
    EXPECT_EQ(single->capacity->verdict, base::Verdict::worse);
    after.capacity = 320;
    EXPECT_EQ(compare_runs(repeats(before, 1, 1), repeats(after, 2, 1), {})->capacity->verdict,
              base::Verdict::no_difference);
}

TEST(DiffTest, MatchesLoadsThatAreClose) {
    auto other = usual;
    other.loads = {50.3, 120, 201};
    const auto diff = compare_runs(repeats(usual, 1), repeats(other, 2), {});
    ASSERT_TRUE(diff.has_value());
    ASSERT_EQ(diff->levels.size(), 2);
    EXPECT_EQ(diff->levels[0].load, 50);
    EXPECT_EQ(diff->levels[1].load, 200);
    EXPECT_EQ(diff->levels[1].runs_b, 5);
    EXPECT_EQ(diff->comparisons, 3 * 6);
}

TEST(DiffTest, RefusesOtherEnvironmentsUnlessForced) {
    const auto a = repeats(usual, 1);
    auto b = repeats(usual, 2);
    b[2].environment[0].second = "6.2";
    b[3].environment.emplace_back("commit", "abc");
    b[4].target = "http://sync.example.org/";
    b[4].conclusive = false;
    b[4].verdict = "the generator was at its end";
    const auto diff = compare_runs(a, b, {});
    ASSERT_FALSE(diff.has_value());
    EXPECT_EQ(exit_code(diff), 2);
    EXPECT_THAT(diff.error().message, HasSubstr("kernel: 6.1 in A 1, 6.2 in B 3"));
    EXPECT_THAT(diff.error().message, HasSubstr("place: this machine in A 1, elsewhere in B 5"));
    EXPECT_THAT(diff.error().message, HasSubstr("B 5 is not conclusive: the generator was at its end"));
    EXPECT_THAT(diff.error().message, testing::Not(HasSubstr("commit")));
    const auto forced = compare_runs(a, b, {.force = true});
    ASSERT_TRUE(forced.has_value());
    EXPECT_EQ(forced->notes.size(), 3);
}

TEST(DiffTest, RefusesWhatHasNothingInCommon) {
    auto other = usual;
    other.loads = {75};
    EXPECT_THAT(compare_runs(repeats(usual, 1), repeats(other, 2), {}).error().message, HasSubstr("no load"));
    EXPECT_FALSE(compare_runs({}, {}, {}).has_value());
    auto brief = usual;
    brief.seconds = 7;
    EXPECT_THAT(compare_runs(repeats(brief, 1, 1), repeats(brief, 2, 1), {}).error().message,
                HasSubstr("too little was measured"));
}

TEST(DiffTest, IsWrittenAsTextJsonAndPage) {
    auto slow = usual;
    slow.slow_down = 1.3;
    auto diff = compare_runs(repeats(usual, 1), repeats(slow, 2), {.name_a = "<old>", .name_b = "\"new\""});
    ASSERT_TRUE(diff.has_value());
    EXPECT_THAT(to_text(*diff), HasSubstr("p50 ms"));
    EXPECT_THAT(to_text(*diff), HasSubstr("\"new\" is worse than <old>: p50 ms over all loads is"));
    const auto json = base::json::parse(to_json(*diff));
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(*json->string("verdict"), "worse");
    EXPECT_EQ(json->member("levels")->array()->size(), 3);
    const auto page = to_html(*diff);
    EXPECT_THAT(page, HasSubstr("<svg"));
    EXPECT_THAT(page, testing::Not(HasSubstr("<old>")));
    diff->levels.resize(1);
    EXPECT_THAT(to_html(*diff), HasSubstr("<svg"));
    diff->levels.clear();
    EXPECT_FALSE(to_html(*diff).empty());
}

TEST(DiffTest, TakesRunsOfAnyContent) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Runs a{random_run(seed), random_run(seed + 1)}, b{random_run(seed + 2)};
        const auto diff = compare_runs(a, b, {.force = true});
        if (!diff) continue;
        EXPECT_TRUE(base::json::parse(to_json(*diff)).has_value());
        EXPECT_FALSE(to_html(*diff).empty() || to_text(*diff).empty());
    }
}

TEST(CorrectedPTest, IsExactForFewValues) {
    const std::vector<TwoSides> clear{{0, {1, 2, 3, 4, 5}, {11, 12, 13, 14, 15}, 0}};
    EXPECT_NEAR(corrected_p(clear, 1)[0], 2.0 / 252, 1e-12);
    const std::vector<TwoSides> equal{{0, {1, 1, 1, 1}, {1, 1, 1, 1}, 0},
                                      {0, {1, 2, 3, 4}, {11, 12, 13, 14}, 5}};
    EXPECT_EQ(corrected_p(equal, 1)[0], 1);
    EXPECT_NEAR(corrected_p(equal, 1)[1], 2.0 / 70, 1e-12);
    EXPECT_TRUE(corrected_p({}, 1).empty());
    EXPECT_EQ(corrected_p(std::vector<TwoSides>{{0, {1}, {}, 0}}, 1)[0], 1);
}

TEST(CorrectedPTest, HoldsItsErrorRateOverManyComparisons) {
    std::mt19937_64 random(7);
    std::normal_distribution<double> noise;
    for (const bool one_group : {true, false}) {
        int found = 0;
        constexpr int rounds = 200;
        for (int round = 0; round < rounds; ++round) {
            std::vector<TwoSides> things(10);
            for (std::size_t i = 0; i < things.size(); ++i) {
                things[i].group = one_group ? 0 : i / 5;
                for (int k = 0; k < 5; ++k) {
                    things[i].a.push_back(noise(random));
                    things[i].b.push_back(noise(random));
                }
            }
            if (!one_group && round >= 40) break;  // sampled relabellings take their time
            found += std::ranges::min(corrected_p(things, 1)) < 0.05 ? 1 : 0;
        }
        EXPECT_LE(found, one_group ? 20 : 7);  // 5 % and three deviations
    }
}

TEST(ComparableTest, TellsWhereATargetIs) {
    EXPECT_EQ(place_of("http://127.0.0.1:8000/x"), "this machine");
    EXPECT_EQ(place_of("http://user@localhost:8000#secret"), "this machine");
    EXPECT_EQ(place_of("https://[::1]:1"), "this machine");
    EXPECT_EQ(place_of("http://192.168.3.4/"), "the local network");
    EXPECT_EQ(place_of("http://172.31.0.1/"), "the local network");
    EXPECT_EQ(place_of("http://[fd00::1]/"), "the local network");
    EXPECT_EQ(place_of("http://172.32.0.1/"), "elsewhere");
    EXPECT_EQ(place_of("https://example.org"), "elsewhere");
    EXPECT_EQ(place_of("["), "the local network");
}

TEST(ComparableTest, LabelsRuns) {
    stampede::Run run;
    run.started_at_s = 1'795'300'000;
    EXPECT_EQ(label_of(run), time_of(run));
    EXPECT_EQ(time_of(run), "2026-11-21 22:26");
    run.environment = {{"commit", "abc"}};
    EXPECT_EQ(label_of(run), "abc");
    run.environment = {{"label", "v1"}, {"commit", "abc"}, {"label", "cold"}};
    EXPECT_EQ(label_of(run), "v1, cold");
}

}  // namespace
}  // namespace homespun::stampede
