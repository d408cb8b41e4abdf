#include "report/numbers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

namespace homespun::report {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels_of(const Ticks& ticks) {
    std::vector<std::string> labels;
    for (const auto& tick : ticks.ticks)
        labels.push_back(tick.label);
    return labels;
}

TEST(ShortNumberTest, Plain) {
    const std::pair<double, const char*> table[] = {
        {0, "0"},         {-0.0, "0"},          {1, "1"},         {7.5, "7.5"},
        {0.042, "0.042"}, {0.12345, "0.123"},   {12.345, "12.3"}, {950, "950"},
        {999.4, "999"},   {999.6, "1k"},        {1000, "1k"},     {1234, "1.23k"},
        {12000, "12k"},   {12345, "12.3k"},     {999600, "1M"},   {1.5e6, "1.5M"},
        {2e9, "2G"},      {3.25e12, "3.25T"},   {1e15, "1e15"},   {-1500, "-1.5k"},
        {1e-3, "0.001"},  {0.00025, "0.00025"}, {1e-9, "1e-9"},   {1.234e-7, "1.23e-7"},
        {1e300, "1e300"}};
    for (const auto& [value, text] : table)
        EXPECT_EQ(short_number(value), text) << value;
}

TEST(ShortNumberTest, MissingIsADash) {
    for (const double value : {missing, infinity, -infinity, 1.1e300})
        EXPECT_EQ(short_number(value), "–");
    EXPECT_EQ(short_number(missing, Unit::bytes), "–");
}

TEST(ShortNumberTest, Units) {
    EXPECT_EQ(short_number(0, Unit::clock), "0:00");
    EXPECT_EQ(short_number(90, Unit::clock), "1:30");
    EXPECT_EQ(short_number(5430, Unit::clock), "1:30:30");
    EXPECT_EQ(short_number(-90, Unit::clock), "-1:30");
    EXPECT_EQ(short_number(2.5, Unit::clock), "2.5 s");
    EXPECT_EQ(short_number(512, Unit::bytes), "512 B");
    EXPECT_EQ(short_number(1536, Unit::bytes), "1.5 KiB");
    EXPECT_EQ(short_number(212.0 * 1024 * 1024, Unit::bytes), "212 MiB");
    EXPECT_EQ(short_number(0.25, Unit::percent), "25 %");
    EXPECT_EQ(short_number(0.0012, Unit::percent), "0.12 %");
}

TEST(TicksTest, LinearAreRound) {
    const auto ticks = make_ticks({}, 0, 1830, 5);
    EXPECT_EQ(ticks.low, 0);
    EXPECT_EQ(ticks.high, 2000);
    EXPECT_THAT(labels_of(ticks), testing::ElementsAre("0", "500", "1k", "1.5k", "2k"));
    EXPECT_THAT(labels_of(make_ticks({}, 0.1, 0.52, 5)),
                testing::ElementsAre("0.1", "0.2", "0.3", "0.4", "0.5", "0.6"));
    EXPECT_THAT(labels_of(make_ticks({}, -12, 11, 5)),
                testing::ElementsAre("-15", "-10", "-5", "0", "5", "10", "15"));
}

TEST(TicksTest, NeighboursHaveDifferentLabels) {
    for (const auto& [low, high] : {std::pair(1000.0, 1000.5), {99990.0, 100010.0}, {1.0001e6, 1.0002e6}}) {
        const auto labels = labels_of(make_ticks({}, low, high, 6));
        for (std::size_t i = 1; i < labels.size(); ++i)
            EXPECT_NE(labels[i - 1], labels[i]);
    }
}

TEST(TicksTest, LogarithmicAtOneTwoFiveWhenThereAreFewDecades) {
    EXPECT_THAT(labels_of(make_ticks({.log = true}, 2, 48, 6)),
                testing::ElementsAre("2", "5", "10", "20", "50"));
    EXPECT_THAT(labels_of(make_ticks({.log = true}, 0.9, 12000, 6)),
                testing::ElementsAre("1", "10", "100", "1k", "10k"));
    EXPECT_LE(make_ticks({.log = true}, 1e-200, 1e200, 6).ticks.size(), 9U);
    EXPECT_THAT(labels_of(make_ticks({.log = true, .unit = Unit::bytes}, 1024, 1 << 20, 5)),
                testing::ElementsAre("1 KiB", "4 KiB", "16 KiB", "64 KiB", "256 KiB", "1 MiB"));
}

TEST(TicksTest, FixedEndsHold) {
    const auto ticks = make_ticks({.low = 3, .high = 17}, -100, 100, 5);
    EXPECT_EQ(ticks.low, 3);
    EXPECT_EQ(ticks.high, 17);
    EXPECT_THAT(labels_of(ticks), testing::ElementsAre("5", "10", "15"));
    EXPECT_EQ(make_ticks({.log = true, .low = -3}, 1, 100, 5).low, 1) << "an end that cannot be is none";
    EXPECT_EQ(make_ticks({.low = missing}, 1, 2, 5).low, 1);
}

TEST(TicksTest, ZeroIsReachedWhenAsked) {
    EXPECT_EQ(make_ticks({.zero = true}, 90, 100, 5).low, 0);
    EXPECT_EQ(make_ticks({.zero = true}, -100, -90, 5).high, 0);
    EXPECT_EQ(make_ticks({}, 90, 100, 5).low, 90);
}

TEST(TicksTest, EqualAndMissingEndsAreSpread) {
    EXPECT_EQ(make_ticks({.zero = true}, 0, 0, 5).high, 1);
    for (const Axis& axis : {Axis{}, Axis{.log = true}, Axis{.zero = true}, Axis{.low = 5, .high = 5}}) {
        for (const auto& [low, high] :
             {std::pair(7.0, 7.0), {infinity, -infinity}, {missing, missing}, {0.0, 0.0}, {9.0, 2.0}}) {
            const auto ticks = make_ticks(axis, low, high, 5);
            EXPECT_LT(ticks.low, ticks.high);
            EXPECT_FALSE(ticks.ticks.empty());
        }
    }
}

TEST(TicksTest, NamesStandAtTheirNumbers) {
    const auto ticks = make_ticks({.names = {"a", "b", "c", "d", "e"}}, 0, 0, 3);
    EXPECT_EQ(ticks.low, -0.5);
    EXPECT_EQ(ticks.high, 4.5);
    EXPECT_THAT(labels_of(ticks), testing::ElementsAre("a", "c", "e"));
}

TEST(TicksTest, AnyRangeIsUsable) {
    EXPECT_TRUE(rc::check([](double low, double high, bool log, bool zero) {
        const auto unit = *rc::gen::element(Unit::number, Unit::clock, Unit::bytes, Unit::percent);
        const auto ticks = make_ticks({.log = log, .zero = zero, .unit = unit}, low, high, 6);
        RC_ASSERT(std::isfinite(ticks.low) && std::isfinite(ticks.high));
        RC_ASSERT(ticks.low < ticks.high);
        RC_ASSERT(ticks.ticks.size() <= 25);
        if (log) RC_ASSERT(ticks.low > 0);
    }));
}

TEST(TicksTest, HugeRangesDoNotOverflow) {
    const auto ticks = make_ticks({}, -1e300, 1e300, 5);
    EXPECT_LT(ticks.low, ticks.high);
    EXPECT_TRUE(std::isfinite(ticks.high));
    EXPECT_GE(ticks.ticks.size(), 3U);
}

}  // namespace
}  // namespace homespun::report
