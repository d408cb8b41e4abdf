#include "seism/recorder/phases.hpp"

#include <gtest/gtest.h>

namespace homespun::seism {
namespace {

Exchange exchange(Micros start, Micros end) {
    return {.start = start, .end = end};
}

TEST(PhasesTest, OverlapWithThePerturbationDecides) {
    Trial trial;
    trial.cycles = {{.armed = 100, .stopped = 200, .first_bite = 150, .last_bite = 160},
                    {.armed = 300, .stopped = 400}};
    trial.exchanges = {exchange(0, 99),    exchange(10, 100),  exchange(120, 149), exchange(140, 150),
                       exchange(160, 170), exchange(161, 500), exchange(200, 210), exchange(201, 210),
                       exchange(202, 299), exchange(203, 300), exchange(401, 402)};
    assign_phases(trial);
    struct Expected {
        Phase phase;
        int cycle, after_index;
        bool exposed;
    };
    const std::vector<Expected> expected = {
        {Phase::before, 0, 0, false}, {Phase::during, 0, 0, false}, {Phase::during, 0, 0, false},
        {Phase::during, 0, 0, true},  {Phase::during, 0, 0, true},  {Phase::during, 0, 0, false},
        {Phase::during, 0, 0, false}, {Phase::after, 0, 1, false},  {Phase::after, 0, 2, false},
        {Phase::during, 1, 0, false}, {Phase::after, 1, 1, false}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(trial.exchanges[i].phase, expected[i].phase) << i;
        EXPECT_EQ(trial.exchanges[i].cycle, expected[i].cycle) << i;
        EXPECT_EQ(trial.exchanges[i].after_index, expected[i].after_index) << i;
        EXPECT_EQ(trial.exchanges[i].exposed, expected[i].exposed) << i;
    }
}

TEST(PhasesTest, MomentsBelongToTheCycleBefore) {
    Trial trial;
    trial.cycles = {{.armed = 100, .stopped = 200}, {.armed = 300, .stopped = 400}};
    EXPECT_EQ(moment_of(trial, 99).phase, Phase::before);
    EXPECT_EQ(moment_of(trial, 100).phase, Phase::during);
    EXPECT_EQ(moment_of(trial, 250).phase, Phase::after);
    EXPECT_EQ(moment_of(trial, 250).cycle, 0U);
    EXPECT_EQ(moment_of(trial, 401).cycle, 1U);
}

}  // namespace
}  // namespace homespun::seism
