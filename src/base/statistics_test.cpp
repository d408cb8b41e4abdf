#include "base/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

namespace homespun::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Values = std::vector<double>;

/// Repeats of one measure.
class Noise {
  public:
    explicit Noise(std::uint64_t seed) : engine_(seed) {}
    double value(double mean, double spread) { return mean + spread * std::normal_distribution<>()(engine_); }
    Values sample(std::size_t size, double mean, double spread) {
        Values values(size);
        for (auto& each : values)
            each = value(mean, spread);
        return values;
    }

  private:
    std::mt19937_64 engine_;
};

Values joined(std::initializer_list<Values> parts) {
    Values all;
    for (const auto& part : parts)
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

TEST(StatisticsTest, KnowsTheSimpleNumbers) {
    EXPECT_EQ(median(Values{}), 0);
    EXPECT_EQ(median(Values{3}), 3);
    EXPECT_EQ(median(Values{9, 1, 4}), 4);
    EXPECT_EQ(median(Values{9, 1, 4, 2}), 3);
    EXPECT_EQ(mean(Values{}), 0);
    EXPECT_EQ(mean(Values{1, 2, 6}), 3);
    EXPECT_EQ(standard_deviation(Values{}), 0);
    EXPECT_EQ(standard_deviation(Values{5}), 0);
    EXPECT_DOUBLE_EQ(standard_deviation(Values{2, 4, 4, 4, 5, 5, 7, 9}), std::sqrt(32.0 / 7));
}

TEST(StatisticsTest, InterpolatesQuantiles) {
    EXPECT_EQ(quantile(Values{}, 0.5), 0);
    EXPECT_EQ(quantile(Values{7}, 0.5), 7);
    const Values values{40, 10, 30, 20};
    EXPECT_EQ(quantile(values, 0), 10);
    EXPECT_EQ(quantile(values, 1), 40);
    EXPECT_EQ(quantile(values, 0.5), 25);
    EXPECT_EQ(quantile(values, 0.25), 17.5);
    EXPECT_EQ(quantile(values, -1), 10);
    EXPECT_EQ(quantile(values, 2), 40);
    EXPECT_TRUE(rc::check([](const std::vector<int>& numbers) {
        RC_PRE(!numbers.empty());
        const Values some(numbers.begin(), numbers.end());
        RC_ASSERT(quantile(some, 0.5) == median(some));
        RC_ASSERT(quantile(some, 0) == std::ranges::min(some));
        RC_ASSERT(quantile(some, 1) == std::ranges::max(some));
    }));
}

TEST(StatisticsTest, FitsALine) {
    const auto line = fit_line(Values{1, 2, 3, 9}, Values{5, 7, 9});
    EXPECT_DOUBLE_EQ(line.slope, 2);
    EXPECT_DOUBLE_EQ(line.offset, 3);
    EXPECT_EQ(fit_line(Values{}, Values{}).slope, 0);
    EXPECT_EQ(fit_line(Values{4, 4}, Values{1, 3}).slope, 0);
    EXPECT_EQ(fit_line(Values{4, 4}, Values{1, 3}).offset, 2);
    const auto best = fit_line(Values{0, 1, 2}, Values{0, 0, 3});
    EXPECT_DOUBLE_EQ(best.slope, 1.5);
    EXPECT_DOUBLE_EQ(best.offset, -0.5);
}

TEST(BootstrapTest, NeedsSomethingToCompare) {
    EXPECT_FALSE(bootstrap_ratio(Values{}, Values{1}, 1));
    EXPECT_FALSE(bootstrap_ratio(Values{1}, Values{}, 1));
    EXPECT_FALSE(bootstrap_ratio(Values{0, 0, 1}, Values{1}, 1));
    const auto single = bootstrap_ratio(Values{4}, Values{5}, 1);
    ASSERT_TRUE(single);
    EXPECT_EQ(single->estimate, 1.25);
    EXPECT_EQ(single->interval.low, 1.25);
    EXPECT_EQ(single->interval.high, 1.25);
    EXPECT_EQ(bootstrap_ratio(Values{4}, Values{5}, 1, 0.95, 0)->interval.low, 1.25);
}

TEST(BootstrapTest, RepeatsItself) {
    Noise noise(1);
    const auto a = noise.sample(9, 100, 5), b = noise.sample(9, 100, 5);
    const auto once = *bootstrap_ratio(a, b, 7), again = *bootstrap_ratio(a, b, 7);
    EXPECT_EQ(once.interval.low, again.interval.low);
    EXPECT_EQ(once.interval.high, again.interval.high);
    EXPECT_LT(once.interval.low, once.estimate);
    EXPECT_GT(once.interval.high, once.estimate);
}

/// How often the interval of 0.95 holds the ratio 1.2 of samples of `size`.
double coverage(std::size_t size) {
    constexpr int rounds = 1000;
    int held = 0;
    for (int round = 0; round < rounds; ++round) {
        Noise noise(static_cast<std::uint64_t>(round));
        const auto a = noise.sample(size, 100, 5), b = noise.sample(size, 120, 6);
        const auto ratio = *bootstrap_ratio(a, b, static_cast<std::uint64_t>(round), 0.95, 500);
        if (ratio.interval.low <= 1.2 && 1.2 <= ratio.interval.high) ++held;
    }
    return static_cast<double>(held) / rounds;
}

TEST(BootstrapTest, CoversTheTruth) {
    for (const auto size : {5, 12, 31}) {
        const auto share = coverage(static_cast<std::size_t>(size));
        EXPECT_GT(share, 0.93) << size;
        EXPECT_LT(share, 0.985) << size;
    }
}

TEST(PermutationTest, CountsEveryRelabelling) {
    EXPECT_EQ(permutation_p(Values{}, Values{1}, 1), 1);
    EXPECT_EQ(permutation_p(Values{5, 5, 5}, Values{5, 5}, 1), 1);
    EXPECT_DOUBLE_EQ(permutation_p(Values{1, 2, 3}, Values{7, 8, 9}, 1), 2.0 / 20);
    EXPECT_DOUBLE_EQ(permutation_p(Values{1, 2, 3, 4, 5}, Values{11, 12, 13, 14, 15}, 1), 2.0 / 252);
    EXPECT_DOUBLE_EQ(permutation_p(Values{9}, Values{1, 2, 3, 4}, 1), 1.0 / 5) << "9 and no other is as far";
    EXPECT_DOUBLE_EQ(permutation_p(Values{1, 2, 3, 4}, Values{9}, 1), 1.0 / 5);
    EXPECT_DOUBLE_EQ(permutation_p(Values{0.1, 0.2, 0.3}, Values{0.3, 0.2, 0.1}, 1), 1);
}

TEST(PermutationTest, DrawsWhenThereAreTooMany) {
    Noise noise(3);
    const auto a = noise.sample(40, 100, 5), b = noise.sample(30, 110, 5);
    const auto p = permutation_p(a, b, 1);
    EXPECT_GT(p, 0);
    EXPECT_LT(p, 0.001);
    EXPECT_EQ(p, permutation_p(a, b, 1));
    const auto c = noise.sample(9, 100, 5), d = noise.sample(9, 103, 5);
    EXPECT_NEAR(permutation_p(c, d, 1), permutation_p(d, c, 2), 0.02);
}

TEST(PermutationTest, IsBelowAlphaAsOftenAsAlphaSays) {
    int low = 0;
    constexpr int rounds = 2000;
    for (int round = 0; round < rounds; ++round) {
        Noise noise(static_cast<std::uint64_t>(round));
        if (permutation_p(noise.sample(5, 1, 1), noise.sample(5, 1, 1), 1) <= 0.05) ++low;
    }
    EXPECT_NEAR(static_cast<double>(low) / rounds, 0.05, 0.015);
}

/// How many of `pairs` samples of one distribution are called different.
int false_alarms(int pairs, double noise_share, double least_effect, std::uint64_t seed) {
    Noise noise(seed);
    int wrong = 0;
    for (int pair = 0; pair < pairs; ++pair) {
        const auto a = noise.sample(5, 100, 100 * noise_share), b = noise.sample(5, 100, 100 * noise_share);
        const auto found = compare(a, b, true, static_cast<std::uint64_t>(pair), least_effect);
        if (found.verdict != Verdict::no_difference) ++wrong;
    }
    return wrong;
}

TEST(CompareTest, FindsNoDifferenceWhereThereIsNone) {
    EXPECT_EQ(false_alarms(20, 0.015, 0.05, 1), 0) << "noise far below the least effect";
    // Four of 20 or more at a rate of 0.05: 1.6 %.
    EXPECT_LE(false_alarms(20, 0.10, 0.05, 2), 3);
    EXPECT_LE(false_alarms(20, 0.015, 0.0, 3), 3);
    EXPECT_LE(false_alarms(400, 0.10, 0.0, 4), 400 * 0.08);
}

TEST(CompareTest, FindsAPlantedShift) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Noise noise(seed);
        const auto before = noise.sample(5, 1000, 15);
        const auto more = noise.sample(5, 1100, 16.5), less = noise.sample(5, 900, 13.5);
        const auto up = compare(before, more, true, seed);
        ASSERT_EQ(up.verdict, Verdict::better) << seed << ": " << up.ratio.estimate << ", p " << up.p;
        ASSERT_NEAR(up.ratio.estimate, 1.1, 0.05);
        ASSERT_DOUBLE_EQ(up.p, 2.0 / 252) << "every value of one side is above every value of the other";
        ASSERT_EQ(compare(before, less, true, seed).verdict, Verdict::worse) << seed;
        ASSERT_EQ(compare(before, more, false, seed).verdict, Verdict::worse) << seed;
        ASSERT_EQ(compare(before, less, false, seed).verdict, Verdict::better) << seed;
    }
}

TEST(CompareTest, DemandsBothProofAndEffect) {
    const Values base{100, 101, 102, 103, 104};
    EXPECT_EQ(compare(base, Values{105, 106, 107, 108, 109}, true, 1, 0.10).verdict, Verdict::no_difference);
    EXPECT_EQ(compare(base, Values{105, 106, 107, 108, 109}, true, 1, 0.04).verdict, Verdict::better);
    EXPECT_EQ(compare(Values{1, 2, 3}, Values{7, 8, 9}, true, 1).verdict, Verdict::no_difference)
        << "three a side never prove anything at 0.05";
    EXPECT_EQ(compare(Values{}, base, true, 1).verdict, Verdict::no_difference);
    EXPECT_EQ(compare(Values{}, base, true, 1).p, 1);
    EXPECT_EQ(compare(base, base, true, 1, 0).verdict, Verdict::no_difference);
}

TEST(CompareTest, KnowsAChangeFromZero) {
    const Values none(5, 0.0), some{3, 4, 5, 4, 3};
    EXPECT_EQ(compare(none, some, false, 1).verdict, Verdict::worse);
    EXPECT_EQ(compare(none, some, false, 1).ratio.estimate, 1);
    EXPECT_EQ(compare(none, none, false, 1).verdict, Verdict::no_difference);
    EXPECT_EQ(compare(some, none, false, 1).verdict, Verdict::better);
}

/// Throughputs by that law at 1, 2, 4 ... with relative noise, `repeats` times each.
std::pair<Values, Values> scaled(const ScalabilityFit& law, double share, int repeats, std::uint64_t seed) {
    Noise noise(seed);
    Values load, throughput;
    for (const double n : {1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128}) {
        for (int i = 0; i < repeats; ++i) {
            load.push_back(n);
            throughput.push_back(law.at(n) * (1 + noise.value(0, share)));
        }
    }
    return {load, throughput};
}

TEST(ScalabilityTest, RecoversPlantedParameters) {
    const ScalabilityFit law{.rate_of_one = 850, .contention = 0.05, .coherence = 0.0004};
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto [load, throughput] = scaled(law, 0.01, 3, seed);
        const auto fit = fit_scalability(load, throughput);
        ASSERT_TRUE(fit);
        EXPECT_NEAR(fit->rate_of_one, 850, 850 * 0.02) << seed;
        EXPECT_NEAR(fit->contention, 0.05, 0.05 * 0.06) << seed;
        EXPECT_NEAR(fit->coherence, 0.0004, 0.0004 * 0.06) << seed;
        EXPECT_NEAR(*fit->peak(), *law.peak(), *law.peak() * 0.03) << seed;
        EXPECT_GT(fit->r_squared, 0.98) << seed;
    }
}

TEST(ScalabilityTest, IsExactWithoutNoise) {
    for (const ScalabilityFit law :
         {ScalabilityFit{100, 0.2, 0.001}, ScalabilityFit{3, 0, 0.01}, ScalabilityFit{5000, 0.01, 1e-7}}) {
        const auto [load, throughput] = scaled(law, 0, 1, 1);
        const auto fit = *fit_scalability(load, throughput);
        EXPECT_NEAR(fit.rate_of_one, law.rate_of_one, law.rate_of_one * 1e-6);
        EXPECT_NEAR(fit.contention, law.contention, 1e-6);
        EXPECT_NEAR(fit.coherence, law.coherence, 1e-8);
        EXPECT_NEAR(fit.r_squared, 1, 1e-9);
    }
}

TEST(ScalabilityTest, StaysWithinWhatIsPossible) {
    const auto linear = *fit_scalability(Values{1, 2, 3, 4, 5}, Values{10, 20, 30, 40, 50});
    EXPECT_NEAR(linear.contention, 0, 1e-9);
    EXPECT_NEAR(linear.at(10), 100, 1e-6);
    const auto better_than_linear = *fit_scalability(Values{1, 2, 3, 4}, Values{10, 22, 35, 50});
    EXPECT_EQ(better_than_linear.contention, 0);
    EXPECT_EQ(better_than_linear.coherence, 0);
    EXPECT_FALSE(better_than_linear.peak());
    const auto flat = *fit_scalability(Values{1, 2, 3, 4}, Values{10, 10, 10, 10});
    EXPECT_NEAR(flat.contention, 1, 1e-9);
    const auto falling = *fit_scalability(Values{1, 2, 3, 4, 8}, Values{10, 6, 4, 3, 1});
    EXPECT_LE(falling.contention, 1);
    EXPECT_GT(falling.coherence, 0);
    EXPECT_TRUE(rc::check([] {
        const auto points = *rc::gen::container<std::vector<std::pair<int, int>>>(
            rc::gen::pair(rc::gen::inRange(-2, 5000), rc::gen::inRange(-2, 100'000)));
        Values load, throughput;
        for (const auto& [n, x] : points) {
            load.push_back(n);
            throughput.push_back(x);
        }
        const auto fit = fit_scalability(load, throughput);
        if (!fit) return;
        RC_ASSERT(fit->rate_of_one > 0);
        RC_ASSERT(fit->contention >= 0 && fit->contention <= 1);
        RC_ASSERT(fit->coherence >= 0);
        RC_ASSERT(std::isfinite(fit->at(100)));
    }));
}

TEST(ScalabilityTest, NeedsEnoughPoints) {
    EXPECT_FALSE(fit_scalability(Values{1, 2, 3}, Values{1, 2, 3}));
    EXPECT_FALSE(fit_scalability(Values{1, 2, 3, 4}, Values{1, 2, 3}));
    EXPECT_FALSE(fit_scalability(Values{1, 2, 3, 4}, Values{1, 2, 3, 0}));
    EXPECT_FALSE(fit_scalability(Values{1, 1, 2, 2, 2}, Values{1, 1, 2, 2, 2}));
}

/// In how many of 25 noisy series of these levels (size and mean) exactly their borders are found.
int found_exactly(const std::vector<std::pair<std::size_t, double>>& levels) {
    int exact = 0;
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
        Noise noise(seed);
        Values series;
        std::vector<std::size_t> borders;
        for (const auto& [size, mean] : levels) {
            if (!series.empty()) borders.push_back(series.size());
            series = joined({series, noise.sample(size, mean, 1)});
        }
        if (change_points(series, seed) == borders) ++exact;
    }
    return exact;
}

// Each level that is left over is one more chance of 0.01 for a false alarm.
TEST(ChangePointTest, FindsOneShift) {
    EXPECT_GE(found_exactly({{30, 100}, {20, 110}}), 23);
    EXPECT_GE(found_exactly({{6, 110}, {6, 100}}), 23);
    EXPECT_THAT(change_points(Values{1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, 1), ElementsAre(6));
}

TEST(ChangePointTest, FindsTwoShifts) {
    EXPECT_GE(found_exactly({{20, 100}, {20, 110}, {20, 120}}), 23) << "stairs";
    EXPECT_GE(found_exactly({{20, 100}, {10, 110}, {20, 100}}), 23) << "there and back";
    EXPECT_GE(found_exactly({{20, 100}, {4, 90}, {20, 100}}), 23) << "a short dip";
}

TEST(ChangePointTest, FindsNoneInNoise) {
    int alarms = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed)
        if (!change_points(Noise(seed).sample(40, 100, 5), seed).empty()) ++alarms;
    EXPECT_LE(alarms, 9) << "a rate of 0.01 gives ten or more of 300 once in 900 times";
    auto spike = Noise(1).sample(40, 100, 1);
    spike[17] = 1000;
    EXPECT_THAT(change_points(spike, 1), IsEmpty()) << "one wild value is no level";
}

TEST(ChangePointTest, WantsEnoughPoints) {
    EXPECT_THAT(change_points(Values{}, 1), IsEmpty());
    EXPECT_THAT(change_points(Values{1}, 1), IsEmpty());
    EXPECT_THAT(change_points(Values(20, 0.1), 1), IsEmpty());
    EXPECT_THAT(change_points(Values{1, 1, 1, 9, 9}, 1), IsEmpty());
    auto series = Values(40, 1.0);
    series[38] = series[39] = 2;
    EXPECT_THAT(change_points(series, 1, 3), IsEmpty());
    EXPECT_THAT(change_points(series, 1, 2), ElementsAre(38));
    EXPECT_THAT(change_points(series, 1, 2, 0), IsEmpty()) << "nothing is proven at that alpha";
}

}  // namespace
}  // namespace homespun::base
