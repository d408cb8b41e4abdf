#include "seism/recorder/phases.hpp"
#include "seism/verdict/trial_fixture.hpp"

namespace homespun::seism {
namespace {

/// Sets a figure of every sample that was taken after cycle `cycle`.
template <class Set>
void after_cycle(Trial& trial, std::size_t cycle, Set set) {
    for (auto& sample : trial.samples) {
        const auto moment = moment_of(trial, sample.at);
        if (moment.phase == Phase::after && moment.cycle == cycle) set(sample);
    }
}

TEST(MemoryTest, SlackThenAQuarterThenRed) {
    const auto with = [](std::uint64_t before, std::uint64_t after) {
        auto trial = good_trial();
        for (auto& sample : trial.samples)
            sample.resident = before;
        after_cycle(trial, 0, [&](Sample& sample) { sample.resident = after; });
        return found(trial, "memory").colour;
    };
    EXPECT_EQ(with(40 * mib_bytes, 56 * mib_bytes), Colour::green);    // 16 MiB more
    EXPECT_EQ(with(40 * mib_bytes, 56 * mib_bytes + 1), Colour::red);  // and more than a quarter
    EXPECT_EQ(with(400 * mib_bytes, 440 * mib_bytes), Colour::green);  // 10 %
    EXPECT_EQ(with(400 * mib_bytes, 440 * mib_bytes + 1), Colour::amber);
    EXPECT_EQ(with(400 * mib_bytes, 500 * mib_bytes), Colour::amber);  // 25 %
    EXPECT_EQ(with(400 * mib_bytes, 500 * mib_bytes + 1), Colour::red);
}

TEST(MemoryTest, RisingOverCyclesIsRedHoweverSmall) {
    const auto with = [](int cycles, std::uint64_t step) {
        auto trial = good_trial(cycles);
        for (std::size_t cycle = 0; cycle < trial.cycles.size(); ++cycle)
            after_cycle(trial, cycle, [&](Sample& sample) { sample.resident += (cycle + 1) * step; });
        return found(trial, "memory").colour;
    };
    EXPECT_EQ(with(3, 256 * 1024), Colour::green);
    EXPECT_EQ(with(3, 256 * 1024 + 1), Colour::red);
    EXPECT_EQ(with(2, 512 * 1024), Colour::green);  // two points make every line rise
}

TEST(MemoryTest, LimitIsALimit) {
    auto trial = good_trial();
    trial.samples[60].resident = 100 * mib_bytes;
    EXPECT_EQ(found(trial, "memory").colour, Colour::green);
    EXPECT_EQ(found(trial, "memory", {.memory_most = 100 * mib_bytes}).colour, Colour::green);
    EXPECT_EQ(found(trial, "memory", {.memory_most = 99 * mib_bytes}).colour, Colour::red);
}

TEST(CountsTest, FiveMoreAreNoLeak) {
    const auto with = [](std::uint64_t before, std::uint64_t after) {
        auto trial = good_trial();
        for (auto& sample : trial.samples)
            sample.descriptors = sample.threads = before;
        after_cycle(trial, 0, [&](Sample& sample) { sample.descriptors = sample.threads = after; });
        EXPECT_EQ(found(trial, "fds").colour, found(trial, "threads").colour);
        return found(trial, "fds").colour;
    };
    EXPECT_EQ(with(10, 15), Colour::green);
    EXPECT_EQ(with(10, 16), Colour::red);
    EXPECT_EQ(with(100, 110), Colour::amber);  // a tenth
    EXPECT_EQ(with(100, 111), Colour::red);
    EXPECT_EQ(with(100, 10), Colour::green);
}

TEST(CountsTest, PoolThatGrewOnceIsAmberWhenCyclesTellIt) {
    auto trial = good_trial(3);
    for (std::size_t cycle = 0; cycle < 3; ++cycle)
        after_cycle(trial, cycle, [](Sample& sample) { sample.threads = 30; });
    EXPECT_EQ(found(trial, "threads").colour, Colour::amber);
    for (std::size_t cycle = 0; cycle < 3; ++cycle)
        after_cycle(trial, cycle, [&](Sample& sample) { sample.threads = 30 + cycle; });
    EXPECT_EQ(found(trial, "threads").colour, Colour::red);
}

TEST(CountsTest, UnreadableDescriptorsAreAmber) {
    auto trial = good_trial();
    for (auto& sample : trial.samples)
        sample.descriptors.reset();
    EXPECT_EQ(found(trial, "fds").colour, Colour::amber);
}

TEST(CpuAfterTest, TenPointsThenAmberAndSpinningIsRed) {
    const auto with = [](double cpu, Micros from = 0, Micros to = 100 * second) {
        auto trial = good_trial();
        after_cycle(trial, 0, [&](Sample& sample) {
            if (sample.at - trial.cycles[0].stopped >= from && sample.at - trial.cycles[0].stopped <= to)
                sample.cpu = cpu;
        });
        return found(trial, "cpu_after").colour;
    };
    EXPECT_EQ(with(0.149), Colour::green);
    EXPECT_EQ(with(0.151), Colour::amber);
    EXPECT_EQ(with(0.89), Colour::amber);
    EXPECT_EQ(with(0.90), Colour::red);
    EXPECT_EQ(with(1, 1 * second, 6 * second), Colour::red);   // spun for five seconds
    EXPECT_EQ(with(1, 1 * second, 5800 * ms), Colour::green);  // nearly, then rested
}

TEST(CpuAfterTest, LoadThatKeepsACoreBusyIsNoSpinning) {
    auto trial = good_trial();
    for (auto& sample : trial.samples)
        sample.cpu = 0.95;
    EXPECT_EQ(found(trial, "cpu_after").colour, Colour::green);
}

}  // namespace
}  // namespace homespun::seism
