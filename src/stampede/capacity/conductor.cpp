#include "stampede/capacity/conductor.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <thread>

#include "base/statistics.hpp"
#include "stampede/capacity/judge.hpp"

namespace homespun::stampede {
namespace {

constexpr double ms_per_us = 1e-3;

/// The histogram in eight buckets a decade, for a heat map.
std::vector<std::pair<double, std::uint64_t>> coarse(const base::Histogram& histogram) {
    constexpr double per_decade = 8;
    std::vector<std::pair<double, std::uint64_t>> column;
    for (const auto& bucket : histogram.buckets()) {
        const double ms = std::max(static_cast<double>(bucket.high) * ms_per_us, 0.01);
        const double edge = std::pow(10, std::ceil(std::log10(ms) * per_decade) / per_decade);
        if (!column.empty() && std::abs(column.back().first / edge - 1) < 1e-9) {
            column.back().second += bucket.count;
        } else {
            column.emplace_back(edge, bucket.count);
        }
    }
    return column;
}

std::chrono::microseconds ramp_of(double seconds) {
    return std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

void keep(std::vector<Example>& into, Example example, std::size_t most) {
    if (into.size() < most) into.push_back(std::move(example));
}

}  // namespace

Conductor::Conductor(Engine& engine, Watch& watch, Run& run, Hooks hooks)
    : engine_(engine), watch_(watch), run_(run), hooks_(std::move(hooks)) {}

bool Conductor::second(Level& level, bool counted) {
    const double begin = engine_.elapsed();
    if (next_second_ < begin) next_second_ = begin;
    next_second_ += 1;
    while (engine_.elapsed() < next_second_ && !is_stopped())
        std::this_thread::sleep_for(
            std::chrono::duration<double>(std::clamp(next_second_ - engine_.elapsed(), 0.0005, 0.1)));
    auto harvest = engine_.collect();
    const auto gauges = engine_.gauges();
    const double at = engine_.elapsed();
    const double passed = std::max(at - last_at_, 1e-3);
    const auto all = harvest.counts.all();

    Sample sample;
    sample.at_s = at;
    sample.load = load_;
    sample.started = static_cast<double>(harvest.counts.sessions_started) / passed;
    sample.good = static_cast<double>(all.good) / passed;
    for (std::size_t i = 0; i < error_classes; ++i)
        sample.errors[i] = static_cast<double>(all.errors[i]) / passed;
    sample.in_flight = gauges.in_flight;
    sample.connections = gauges.connections;
    sample.p50_ms = static_cast<double>(all.response.quantile(0.5)) * ms_per_us;
    sample.p99_ms = static_cast<double>(all.response.quantile(0.99)) * ms_per_us;
    sample.latencies = coarse(all.response);
    sample.generator_cpu = (gauges.cpu_seconds - last_cpu_) / passed / static_cast<double>(engine_.threads());
    sample.send_lag_p99_ms = static_cast<double>(harvest.counts.send_lag.quantile(0.99)) * ms_per_us;
    sample.servers = watch_.sample();
    if (const auto machine = watch_.machine()) {
        const double own = (gauges.cpu_seconds - last_cpu_) / passed;
        sample.idle_cores = machine->idle_cores;
        sample.other_cores = std::max(machine->other_cores - own, 0.0);
    }
    last_at_ = at;
    last_cpu_ = gauges.cpu_seconds;
    if (counted) {
        level.counts.add(harvest.counts);
        level.seconds += passed;
    }
    keep_examples(harvest);
    run_.samples.push_back(std::move(sample));
    if (hooks_.on_second) hooks_.on_second(level, run_.samples.back());
    return !is_stopped();
}

void Conductor::keep_examples(Harvest& harvest) {
    constexpr std::size_t most_failures = 40, most_slowest = 20;
    const auto example = [&](Note& note) {
        return Example{run_.types[note.type], note.at_s, note.response_ms, std::move(note.what)};
    };
    for (auto& note : harvest.failures)
        keep(run_.failures, example(note), most_failures);
    for (auto& note : harvest.slowest)
        run_.slowest.push_back(example(note));
    std::ranges::sort(run_.slowest, std::ranges::greater(), &Example::response_ms);
    if (run_.slowest.size() > most_slowest) run_.slowest.resize(most_slowest);
}

Level& Conductor::play(Purpose purpose, double load, double seconds, double lead_in_s) {
    Level level;
    level.purpose = purpose;
    level.load = load;
    level.settled = settled_;
    load_ = load;
    engine_.set_load(load, ramp_of(ramp_s_));
    level.start_s = engine_.elapsed();
    for (double waited = 0; waited + 0.5 < lead_in_s; ++waited) {
        if (!second(level, false)) break;
    }
    // What came in since the last second belongs to the lead-in.
    auto before = engine_.collect();
    keep_examples(before);
    level.start_s = last_at_ = engine_.elapsed();
    last_cpu_ = engine_.gauges().cpu_seconds;
    next_second_ = level.start_s;
    const auto waiting = engine_.gauges().in_flight;
    for (double played = 0; played + 0.5 < seconds; ++played) {
        if (!second(level, true)) break;
    }
    judge(level, run_.demands, backlog_of(waiting, engine_.gauges().in_flight));
    run_.levels.push_back(std::move(level));
    if (hooks_.on_level) hooks_.on_level(run_.levels.back());
    return run_.levels.back();
}

bool Conductor::settle(double load, double most_s) {
    Level level;
    level.purpose = Purpose::warm_up;
    level.load = load;
    load_ = load;
    engine_.set_load(load, ramp_of(ramp_s_));
    level.start_s = engine_.elapsed();
    constexpr std::size_t window = 5;
    constexpr double flat = 0.1;
    bool settled = false;
    while (engine_.elapsed() - level.start_s < most_s && second(level, true)) {
        const auto& samples = run_.samples;
        if (level.seconds < window + 0.5) continue;
        std::vector<double> when, medians;
        for (std::size_t i = samples.size() - window; i < samples.size(); ++i) {
            when.push_back(static_cast<double>(i));
            medians.push_back(samples[i].p50_ms);
        }
        // A slope of less than a tenth of the level over the window, or of a tenth of a millisecond.
        const double drift = std::abs(base::fit_line(when, medians).slope) * static_cast<double>(window - 1);
        settled = drift < std::max(flat * base::median(medians), 0.1);
        if (settled) break;
    }
    settled_ = settled;
    level.settled = settled;
    judge(level, run_.demands, 0);
    run_.levels.push_back(std::move(level));
    if (hooks_.on_level) hooks_.on_level(run_.levels.back());
    return settled;
}

void Conductor::drain(double most_s) {
    Level level;
    level.purpose = Purpose::recover;
    load_ = 0;
    engine_.set_load(0);
    const double begin = engine_.elapsed();
    while (engine_.gauges().in_flight > 0 && engine_.elapsed() - begin < most_s && second(level, false)) {
    }
}

}  // namespace homespun::stampede
