#pragma once
#include <gtest/gtest.h>

#include <random>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// A run of any content, the kinds of text, number and list among it that files get wrong.
Run random_run(std::uint64_t seed);

/// Every field, histograms among them; says which differs.
void expect_same(const Run& a, const Run& b);

/// What a simulated run looks like. Noise is the standard deviation of a factor.
struct Simulation {
    std::vector<double> loads{50, 100, 200};
    double service_ms = 20;      ///< median at no load
    double slow_down = 1;        ///< on every response time
    double run_noise = 0.025;    ///< between repeats
    double second_noise = 0.05;  ///< within a run, from second to second
    double carried = 0.7;        ///< how much of a second's noise stays in the next
    double error_share = 0;
    int seconds = 40;     ///< a level
    double capacity = 0;  ///< 0: none
};
Run simulate(const Simulation& how, std::uint64_t seed);

}  // namespace homespun::stampede
