#include "stampede/capacity/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "stampede/capacity/judge.hpp"
#include "stampede/engine/null_server.hpp"
#include "stampede/models/http_model.hpp"

namespace homespun::stampede {
namespace {

/// The busiest hour of a day over the mean, and its busiest second over that (load sheet, 2b).
constexpr double peak_factor = 1.24 * 3;
/// What the bill of a node is raised by, to have room (load sheet, part 6).
constexpr double headroom = 1.25;

constexpr double drain_most_s = 30;

/// Doubles the load every two seconds until it does not hold: where a staircase should begin.
double feel_out(Conductor& conductor) {
    double load = 4;
    constexpr double highest = 1e6;
    while (load < highest && !conductor.is_stopped()) {
        const auto& level = conductor.play(Purpose::warm_up, load, 2, 1);
        if (!level.good) break;
        load *= 2;
    }
    conductor.drain(drain_most_s);
    return std::max(load / 4, 1.0);
}

double lead_in(double level_s) {
    return std::clamp(level_s / 6, 1.0, 5.0);
}

/// Holds the limit for long; steps down while it does not hold. The load that did, 0 when none was found.
double soak(Conductor& conductor, double limit, double seconds) {
    constexpr double step_down = 0.95;
    constexpr int most_steps = 8;
    for (int i = 0; i < most_steps && !conductor.is_stopped(); ++i) {
        if (conductor.play(Purpose::soak, limit, seconds, lead_in(seconds)).good) return limit;
        conductor.drain(drain_most_s);
        limit *= step_down;
    }
    return conductor.is_stopped() ? limit : 0;
}

/// Twice the limit, then half of it until that holds again. Seconds until then, or -1.
double push(Conductor& conductor, double limit, double seconds) {
    conductor.play(Purpose::push, 2 * limit, seconds, 0);
    const double begin = conductor.now();
    constexpr int most_tries = 20;
    for (int i = 0; i < most_tries && !conductor.is_stopped(); ++i) {
        const double tried = conductor.now();
        if (conductor.play(Purpose::recover, limit / 2, 2, 0).good) return tried - begin;
    }
    return -1;
}

void fill_bounds(Capacity& capacity, const Model& model, const CapacitySettings& settings,
                 std::string_view mode) {
    capacity.users = users_of(capacity.sessions_per_s, model);
    capacity.bound = mode == "none" ? "load offered" : mode;
    if (settings.disk_gb > 0 && settings.mb_per_user > 0) {
        const double by_disk = settings.disk_gb * 1024 / settings.mb_per_user;
        if (capacity.users == 0 || by_disk < capacity.users) {
            capacity.users = by_disk;
            capacity.bound = "disk";
        }
    }
    if (settings.price_a_month > 0 && capacity.users > 0)
        capacity.cost_per_user = settings.price_a_month * headroom / capacity.users;
}

double good_rate_at(const Run& run, double load) {
    double rate = 0;
    for (const auto& level : run.levels) {
        if (level.purpose != Purpose::warm_up && level.good && level.load == load) rate = goodput(level);
    }
    return rate;
}

std::string capacity_verdict(const Run& run) {
    const auto& capacity = *run.capacity;
    if (capacity.sessions_per_s == 0)
        return fmt::format("No load holds: even the lowest that was tried failed ({}).",
                           run.levels.empty() ? "nothing was tried" : run.levels.back().why);
    auto text = fmt::format("Holds {:.0f} sessions/s", capacity.sessions_per_s);
    text += fmt::format(" ({:.0f} requests/s", capacity.requests_per_s);
    if (capacity.users > 0) text += fmt::format(", about {:.0f} active users", capacity.users);
    text += ")";
    if (run.failure == FailureMode::none) return text + "; the limit was not reached.";
    return text + fmt::format("; what breaks first is {}: {}.", name_of(run.failure), run.failure_why);
}

std::string run_verdict(const Run& run) {
    const auto bad = std::ranges::find_if(run.levels, [](const Level& level) {
        return level.purpose != Purpose::warm_up && level.purpose != Purpose::recover && !level.good;
    });
    if (bad == run.levels.end()) return "Every level held what was demanded.";
    return fmt::format("{:.0f} did not hold: {}.", bad->load, bad->why);
}

}  // namespace

double users_of(double sessions_per_s, const Model& model) {
    const double an_hour = model.sessions_per_user_hour();
    return an_hour > 0 ? sessions_per_s * 3600 / an_hour / peak_factor : 0;
}

void find_capacity(Conductor& conductor, const Model& model, const CapacitySettings& settings, Run& run) {
    const double first = settings.first_load > 0 ? settings.first_load : feel_out(conductor);
    conductor.settle(first, settings.warm_up_most_s);
    Search search({.first = first, .precision = settings.precision});
    for (auto step = search.next(); step && !conductor.is_stopped(); step = search.next()) {
        const auto& level =
            conductor.play(step->purpose, step->load, settings.level_s, lead_in(settings.level_s));
        if (conductor.is_stopped()) break;
        search.tell(level.good);
        if (!level.good) conductor.drain(drain_most_s);
    }
    Capacity capacity;
    capacity.sessions_per_s = search.highest_good();
    capacity.lowest_bad = search.lowest_bad();
    if (capacity.sessions_per_s > 0 && settings.soak_s > 0)
        capacity.sessions_per_s = soak(conductor, capacity.sessions_per_s, settings.soak_s);
    if (capacity.sessions_per_s > 0 && settings.push_s > 0 && !conductor.is_stopped())
        capacity.recovery_s = push(conductor, capacity.sessions_per_s, settings.push_s);
    capacity.requests_per_s = good_rate_at(run, capacity.sessions_per_s);
    const auto failure = name_failure(run.levels, run.samples, run.demands);
    run.failure = failure.mode;
    run.failure_why = failure.why;
    fill_bounds(capacity, model, settings, name_of(failure.mode));
    run.capacity = std::move(capacity);
}

base::Result<double> calibrate(double seconds) {
    auto server = NullServer::start();
    if (!server) return std::unexpected(server.error());
    const Target target{.host = "127.0.0.1", .port = (*server)->port(), .path = "", .secret = ""};
    const HttpModel model("null", target, {HttpRequest{.name = "GET /"}});
    constexpr std::uint64_t users = 64;
    auto engine = Engine::start(
        model, {.host = target.host, .port = target.port, .arrivals = Arrivals::closed, .users = users});
    if (!engine) return std::unexpected(engine.error());
    (*engine)->set_load(static_cast<double>(users));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    (*engine)->collect();
    const double begin = (*engine)->elapsed();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const auto good = (*engine)->collect().counts.all().good;
    return static_cast<double>(good) / ((*engine)->elapsed() - begin);
}

void conclude(Run& run) {
    auto& health = run.generator;
    health.doubts = doubts(run.levels, run.samples, run.demands, run.arrivals == "closed");
    if (run.capacity) {
        for (const auto& level : run.levels) {
            constexpr double well_above = 1.2;
            if (level.purpose != Purpose::push || !level.good ||
                level.load < well_above * run.capacity->sessions_per_s)
                continue;
            health.doubts.push_back(fmt::format(
                "{:.0f}/s held in the push, above the limit that was found: the search was disturbed",
                level.load));
        }
    }
    for (const auto& sample : run.samples)
        health.cpu_peak = std::max(health.cpu_peak, sample.generator_cpu);
    for (const auto& level : run.levels) {
        health.out_of_ports += level.counts.out_of_ports;
        health.out_of_descriptors += level.counts.out_of_descriptors;
        if (level.good && level.purpose != Purpose::warm_up)
            health.send_lag_p99_ms = std::max(
                health.send_lag_p99_ms, static_cast<double>(level.counts.send_lag.quantile(0.99)) / 1000);
    }
    run.conclusive = health.doubts.empty() && !run.interrupted;
    run.verdict = run.capacity ? capacity_verdict(run) : run_verdict(run);
    if (run.interrupted) run.verdict = "Interrupted, so partial. " + run.verdict;
    if (!health.doubts.empty())
        run.verdict = "No conclusion: " + health.doubts.front() + ". Measured: " + run.verdict;
}

}  // namespace homespun::stampede
