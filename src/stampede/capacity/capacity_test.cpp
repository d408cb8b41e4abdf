#include "stampede/capacity/capacity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "stampede/capacity/judge.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;

TEST(SearchTest, FindsAnyLimitFromAnywhere) {
    for (const double limit : {0.7, 12.0, 513.0, 40'000.0}) {
        for (const double first : {0.5, 10.0, 1000.0, 90'000.0}) {
            Search search({.first = first});
            int steps = 0;
            for (auto step = search.next(); step; step = search.next()) {
                search.tell(step->load <= limit);
                ASSERT_LT(++steps, 60);
            }
            EXPECT_LE(search.highest_good(), limit);
            EXPECT_GE(search.highest_good(), limit / 1.05) << first;
            EXPECT_GT(search.lowest_bad(), limit);
        }
    }
}

TEST(SearchTest, EndsWhenNothingHoldsAndWhenEverythingDoes) {
    Search hopeless({.first = 10});
    int steps = 0;
    while (hopeless.next() && ++steps < 100)
        hopeless.tell(false);
    EXPECT_LT(steps, 20);
    EXPECT_EQ(hopeless.highest_good(), 0);
    Search endless({.first = 10, .highest = 1000});
    for (steps = 0; endless.next() && steps < 100; ++steps)
        endless.tell(true);
    EXPECT_LT(steps, 20);
    EXPECT_EQ(endless.highest_good(), 1000);
    EXPECT_EQ(endless.lowest_bad(), 0);
}

Level level_of(Purpose purpose, double load, std::uint64_t good, std::int64_t response_ms,
               std::vector<std::pair<ErrorClass, std::uint64_t>> errors = {}) {
    Level level;
    level.purpose = purpose;
    level.load = load;
    level.start_s = 0;
    level.seconds = 10;
    level.counts.types.resize(1);
    level.counts.sessions_started = static_cast<std::uint64_t>(load * level.seconds);
    auto& tally = level.counts.types[0];
    tally.good = good;
    tally.response.record(response_ms * 1000, good);
    for (const auto& [error, count] : errors)
        tally.errors[static_cast<std::size_t>(error)] = count;
    return level;
}

Level judged(Level level, std::int64_t growth = 0) {
    judge(level, {}, growth);
    return level;
}

TEST(JudgeTest, EachDemandIsNamedWhenItIsNotHeld) {
    EXPECT_TRUE(judged(level_of(Purpose::climb, 100, 1000, 10)).good);
    EXPECT_THAT(judged(level_of(Purpose::climb, 100, 1000, 800)).why, HasSubstr("p99 8"));
    EXPECT_THAT(judged(level_of(Purpose::climb, 100, 1000, 300)).why, HasSubstr("Apdex"));
    EXPECT_THAT(judged(level_of(Purpose::climb, 100, 980, 10, {{ErrorClass::timeout, 20}})).why,
                HasSubstr("2.0 % of the requests failed, mostly: timeout"));
    EXPECT_THAT(judged(level_of(Purpose::climb, 100, 1000, 10), 100).why, HasSubstr("waiting"));
    EXPECT_THAT(judged(level_of(Purpose::climb, 100, 0, 10), 5).why, HasSubstr("no request came to an end"));
    EXPECT_THAT(judged(level_of(Purpose::climb, 100, 1000, 10, {{ErrorClass::wrong_body, 1}})).why,
                HasSubstr("wrong body"));
}

TEST(JudgeTest, AnErrorNeverCountsAsFast) {
    const auto level = level_of(Purpose::climb, 100, 980, 10, {{ErrorClass::server_error, 20}});
    EXPECT_EQ(level.counts.all().quantile(0.99), std::nullopt);
    EXPECT_EQ(level.counts.all().quantile(0.97).has_value(), true);
    EXPECT_NEAR(level.counts.all().apdex(125'000), 0.98, 1e-9);
}

std::vector<Sample> seconds_with_cpu(double cores) {
    std::vector<Sample> samples;
    for (int i = 1; i <= 10; ++i) {
        Sample sample;
        sample.at_s = i;
        ServerSample server;
        server.cpu_cores = cores;
        sample.servers.push_back(server);
        samples.push_back(sample);
    }
    return samples;
}

FailureMode mode_of(Level beyond, double cores) {
    const std::vector<Level> levels{judged(level_of(Purpose::climb, 400, 4000, 10)),
                                    judged(std::move(beyond))};
    const auto verdict = name_failure(levels, seconds_with_cpu(cores), {});
    EXPECT_FALSE(verdict.why.empty());
    return verdict.mode;
}

TEST(FailureTest, EveryModeHasItsSign) {
    using enum ErrorClass;
    EXPECT_EQ(mode_of(level_of(Purpose::push, 800, 4100, 3000), 1.0), FailureMode::latency);
    EXPECT_EQ(mode_of(level_of(Purpose::push, 800, 4100, 3000), 0.1), FailureMode::lock);
    EXPECT_EQ(mode_of(level_of(Purpose::push, 800, 4000, 10, {{full, 4000}}), 0.1), FailureMode::space);
    EXPECT_EQ(mode_of(level_of(Purpose::push, 800, 4000, 10, {{reset, 4000}}), 0.1), FailureMode::refused);
    EXPECT_EQ(mode_of(level_of(Purpose::push, 800, 4000, 10, {{server_error, 4000}}), 0.1),
              FailureMode::errors);
    EXPECT_EQ(mode_of(level_of(Purpose::push, 800, 1500, 900, {{timeout, 6000}}), 1.0),
              FailureMode::collapse);
    EXPECT_EQ(name_failure(std::vector{judged(level_of(Purpose::climb, 1, 10, 1))}, {}, {}).mode,
              FailureMode::none);
}

TEST(FailureTest, AStarvedServerIsNotCalledLocked) {
    const std::vector<Level> levels{judged(level_of(Purpose::climb, 400, 4000, 10)),
                                    judged(level_of(Purpose::climb, 800, 4100, 3000))};
    auto samples = seconds_with_cpu(0.1);
    for (auto& sample : samples) {
        sample.idle_cores = 1.2;
        sample.other_cores = 0.5;
    }
    EXPECT_EQ(name_failure(levels, samples, {}).mode, FailureMode::lock);
    EXPECT_THAT(doubts(levels, samples, {}), testing::IsEmpty());
    for (auto& sample : samples)
        sample.idle_cores = 0.02;
    EXPECT_EQ(name_failure(levels, samples, {}).mode, FailureMode::latency);
    EXPECT_THAT(doubts(levels, samples, {}),
                testing::ElementsAre(HasSubstr("other programs used 0.5 cores")));
}

TEST(FailureTest, ADisturbedLevelBelowOneThatHeldIsNoFailure) {
    const std::vector<Level> levels{judged(level_of(Purpose::climb, 400, 4000, 10)),
                                    judged(level_of(Purpose::climb, 600, 900, 3000)),
                                    judged(level_of(Purpose::push, 800, 8000, 10))};
    EXPECT_EQ(name_failure(levels, {}, {}).mode, FailureMode::none);
    stampede::Run run;
    run.levels = levels;
    run.capacity = Capacity{.sessions_per_s = 400};
    conclude(run);
    EXPECT_THAT(run.verdict, HasSubstr("800/s held in the push"));
}

TEST(ConcludeTest, ATiredGeneratorForbidsAConclusion) {
    stampede::Run run;
    run.types = {"it"};
    run.levels.push_back(judged(level_of(Purpose::fixed, 100, 1000, 10)));
    run.samples = seconds_with_cpu(0.5);
    conclude(run);
    EXPECT_TRUE(run.conclusive) << run.verdict;
    for (auto& sample : run.samples)
        sample.generator_cpu = 0.95;
    conclude(run);
    EXPECT_FALSE(run.conclusive);
    EXPECT_THAT(run.verdict, HasSubstr("No conclusion: the generator itself was busy"));
    for (auto& sample : run.samples)
        sample.generator_cpu = 0.1;
    run.levels.front().counts.send_lag.record(200'000, 1000);
    conclude(run);
    EXPECT_THAT(run.verdict, HasSubstr("sent late"));
    run.levels.front().counts.send_lag.clear();
    run.levels.front().counts.sessions_started = 500;
    conclude(run);
    EXPECT_THAT(run.verdict, HasSubstr("began only 50 %"));
    run.levels.front().counts.sessions_started = 1000;
    run.levels.front().counts.out_of_ports = 3;
    conclude(run);
    EXPECT_THAT(run.verdict, HasSubstr("local ports"));
}

TEST(ConcludeTest, UsersComeFromTheModelsRateAndThePeaks) {
    class Known final : public Model {
      public:
        [[nodiscard]] std::string name() const override { return "known"; }
        [[nodiscard]] const std::vector<std::string>& types() const override { return types_; }
        [[nodiscard]] std::vector<std::pair<std::string, double>> mix() const override { return {}; }
        [[nodiscard]] double requests_per_session() const override { return 2.96; }
        [[nodiscard]] double sessions_per_user_hour() const override { return 2.43; }
        [[nodiscard]] std::unique_ptr<Session> make_session() const override { return nullptr; }

      private:
        std::vector<std::string> types_{"it"};
    };
    // 1,000 active users make 7.4 requests in the peak second (load sheet, part 6).
    EXPECT_NEAR(users_of(7.43 / 2.96, Known()), 1000, 2);
}

}  // namespace
}  // namespace homespun::stampede
