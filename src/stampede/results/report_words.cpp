#include "stampede/results/report_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "stampede/capacity/judge.hpp"
#include "stampede/results/figures.hpp"
#include "stampede/results/report_numbers.hpp"

namespace homespun::stampede {
namespace {

std::string_view words_of(FailureMode mode) {
    switch (mode) {
        case FailureMode::latency:
            return "answers come late because the server is busy and the queue before it grows";
        case FailureMode::space:
            return "there is no room left to store anything";
        case FailureMode::refused:
            return "connections are turned away";
        case FailureMode::errors:
            return "the server answers with errors";
        case FailureMode::collapse:
            return "the more is asked of it, the less it answers well";
        case FailureMode::lock:
            return "answers come late while its processors are idle: it waits for something";
        case FailureMode::none:
        case FailureMode::unknown:
            break;
    }
    return "in a way that no rule knows";
}

std::size_t count_of(const ReportView& view, Purpose purpose) {
    return static_cast<std::size_t>(std::ranges::count_if(
        view.counted(), [&](const SeenLevel& seen) { return seen.level->purpose == purpose; }));
}

const Level* first_of(const ReportView& view, Purpose purpose) {
    for (const auto& seen : view.counted()) {
        if (seen.level->purpose == purpose) return seen.level;
    }
    return nullptr;
}

std::string soak_words(const ReportView& view) {
    std::string text;
    for (const auto& seen : view.counted()) {
        const auto& level = *seen.level;
        if (level.purpose != Purpose::soak) continue;
        if (!text.empty()) text += " ";
        text += fmt::format("{} {} over {}.", view.load_words(level.load),
                            level.good ? "held" : "did not hold", seconds_text(level.seconds));
    }
    return text;
}

/// Of the sessions asked for, how many began at a level; 1 where that is as good as all of them.
double begun_share(const ReportView& view, const Level& level) {
    const double asked = level.load * level.seconds;
    if (view.is_closed() || !(asked > 0) || !std::isfinite(asked)) return 1;
    const double share = static_cast<double>(level.counts.sessions_started) / asked;
    // Poisson arrivals vary by the root of their number.
    const double chance = 4 / std::sqrt(asked);
    constexpr double near = 0.03;
    return share < 1 - std::max(near, chance) ? share : 1;
}

std::string climb_words(const ReportView& view) {
    const auto& run = view.run();
    const auto* first = first_of(view, Purpose::climb);
    if (first == nullptr) return "The search did not begin.";
    auto text = fmt::format("The load was {} from {} in {}", first->good ? "raised" : "lowered",
                            view.load_words(first->load), counted(count_of(view, Purpose::climb), "step"));
    if (const auto bisected = count_of(view, Purpose::bisect); bisected > 0)
        text += fmt::format(", and {} more narrowed it down between good and bad", bisected);
    text += ".";
    if (!run.capacity) return text + " The search was not finished.";
    if (run.capacity->sessions_per_s <= 0) return text + " No load held.";
    // What was held for long may be less than what the search found.
    double best = 0;
    for (const auto& seen : view.counted()) {
        const auto purpose = seen.level->purpose;
        if (seen.level->good && (purpose == Purpose::climb || purpose == Purpose::bisect))
            best = std::max(best, seen.level->load);
    }
    if (best <= 0) return text;
    if (run.capacity->lowest_bad > 0)
        return text + fmt::format(" {} held, {} did not.", view.load_words(best),
                                  view.load_words(run.capacity->lowest_bad));
    return text + fmt::format(" Everything up to {} held: the limit lies above.", view.load_words(best));
}

/// The error class most requests fell into; empty when none failed.
std::string worst_error(const Tally& tally) {
    if (tally.failed() == 0) return {};
    const auto worst = std::ranges::max_element(tally.errors) - tally.errors.begin();
    return std::string(name_of(static_cast<ErrorClass>(worst)));
}

report::Tile p99_tile(const ReportView& view, std::string label) {
    const auto* shown = view.shown();
    if (shown == nullptr) return {std::move(label), "—"};
    const auto p99 = quantile_ms(shown->all, 0.99);
    const bool held = p99 && *p99 <= view.run().demands.p99_ms;
    auto note = fmt::format("demanded: {}", time_text(view.run().demands.p99_ms));
    if (!p99 && shown->all.total() > 0) note = "the slowest 1 % failed";
    if (!shown->level->settled) note += "; unsettled *";
    return {std::move(label), time_text(p99), std::move(note),
            held ? report::Tone::neutral : report::Tone::bad};
}

report::Tile generator_tile(const Run& run) {
    const auto& health = run.generator;
    const bool sound = health.doubts.empty();
    return {"Measurement", sound ? "sound" : "in doubt",
            fmt::format("generator at most {} busy, {} late", share_text(health.cpu_peak),
                        time_text(health.send_lag_p99_ms)),
            sound ? report::Tone::neutral : report::Tone::warning};
}

report::Tile recovery_tile(const ReportView& view, const Capacity& capacity) {
    if (capacity.recovery_s >= 0)
        return {"Recovery", seconds_text(capacity.recovery_s), "at half the limit, after the push"};
    if (view.push() == nullptr) return {"Recovery", "–", "there was no push"};
    return {"Recovery", "not seen", "at half the limit, after the push", report::Tone::warning};
}

report::Tile users_tile(const Capacity& capacity) {
    std::string note = "bound: " + (capacity.bound.empty() ? "not known" : capacity.bound);
    if (capacity.cost_per_user > 0)
        note += fmt::format("; {} a month each", report::short_number(capacity.cost_per_user));
    return {"Active users", rate_text(std::floor(capacity.users)), std::move(note)};
}

std::vector<report::Tile> capacity_tiles(const ReportView& view, const Capacity& capacity) {
    const auto& run = view.run();
    const bool found = capacity.sessions_per_s > 0;
    const bool open_end = found && capacity.lowest_bad <= 0;
    std::string note = fmt::format("sessions; {} good requests/s", rate_text(capacity.requests_per_s));
    if (view.limit() != nullptr && !view.limit()->level->settled) note += "; unsettled *";
    std::vector<report::Tile> tiles{
        {open_end ? "Holds at least" : "Holds", found ? rate_text(capacity.sessions_per_s) + "/s" : "nothing",
         found ? note : "no load that was tried", found ? report::Tone::good : report::Tone::bad}};
    if (capacity.users > 0) tiles.push_back(users_tile(capacity));
    tiles.push_back({"Breaks first",
                     run.failure == FailureMode::none ? "nothing" : std::string(name_of(run.failure)),
                     capacity.lowest_bad > 0 ? fmt::format("from {} on", view.load_words(capacity.lowest_bad))
                                             : "the limit was not reached"});
    tiles.push_back(p99_tile(view, "p99 at the limit"));
    tiles.push_back(recovery_tile(view, capacity));
    return tiles;
}

std::vector<report::Tile> run_tiles(const ReportView& view) {
    const auto& levels = view.counted();
    const auto held = std::ranges::count_if(levels, [](const SeenLevel& seen) { return seen.level->good; });
    // Nothing is praised that nothing may be concluded from.
    const auto praise = view.run().conclusive ? report::Tone::good : report::Tone::neutral;
    const bool all = held == static_cast<std::ptrdiff_t>(levels.size()) && held > 0;
    std::vector<report::Tile> tiles{{"Levels that held", fmt::format("{} of {}", held, levels.size()),
                                     "see “What was found”", all ? praise : report::Tone::bad}};
    if (const auto* shown = view.shown()) {
        const auto& demands = view.run().demands;
        const double apdex = apdex_of(shown->all, demands), failed = error_share(shown->all);
        tiles.push_back(
            {"Good requests", rate_text(goodput(*shown->level)) + "/s", "at " + view.name_of(*shown->level)});
        tiles.push_back(p99_tile(view, "p99 there"));
        tiles.push_back({"Failed there", share_text(failed), "allowed: " + share_text(demands.error_share),
                         failed > demands.error_share ? report::Tone::bad : report::Tone::neutral});
        tiles.push_back({"Apdex there", fmt::format("{:.2f}", apdex),
                         fmt::format("demanded: {:.2f}", demands.apdex),
                         apdex < demands.apdex ? report::Tone::bad : report::Tone::neutral});
    }
    return tiles;
}

}  // namespace

report::Tone verdict_tone(const Run& run) {
    if (!run.conclusive || run.interrupted) return report::Tone::warning;
    if (run.capacity) return run.capacity->sessions_per_s > 0 ? report::Tone::good : report::Tone::bad;
    const bool held = std::ranges::all_of(run.levels, [](const Level& level) {
        return level.good || level.purpose == Purpose::warm_up || level.purpose == Purpose::recover;
    });
    return held ? report::Tone::good : report::Tone::bad;
}

std::string verdict_words(const Run& run) {
    if (!run.verdict.empty()) return run.verdict;
    return run.interrupted ? "Interrupted before there was a verdict." : "There is no verdict.";
}

std::vector<report::Tile> tiles_of(const ReportView& view) {
    auto tiles = view.run().capacity ? capacity_tiles(view, *view.run().capacity) : run_tiles(view);
    tiles.push_back(generator_tile(view.run()));
    return tiles;
}

std::string demand_words(const Demands& demands) {
    return fmt::format(
        "A level holds when 99 % of all requests are answered within {}, at most {} of them fail, at least "
        "{} of what was offered is answered well, and Apdex (target {}) is {:.2f} or better.",
        time_text(demands.p99_ms), share_text(demands.error_share), share_text(demands.good_share),
        time_text(demands.apdex_target_ms), demands.apdex);
}

std::vector<report::Mark> demand_marks(const Demands& demands) {
    constexpr double least_ms = 1e-6;
    if (!(demands.p99_ms > least_ms)) return {};
    return {{demands.p99_ms, "p99 demanded: " + time_text(demands.p99_ms), report::Tone::bad}};
}

std::vector<std::string> search_words(const ReportView& view) {
    std::vector<std::string> words;
    const auto& run = view.run();
    if (first_of(view, Purpose::climb) != nullptr || run.capacity) {
        auto text = climb_words(view);
        if (const auto soaked = soak_words(view); !soaked.empty()) text += " For longer: " + soaked;
        words.push_back(std::move(text));
    } else {
        const auto held =
            std::ranges::count_if(view.counted(), [](const SeenLevel& seen) { return seen.level->good; });
        words.push_back(fmt::format(
            "{} counted; {} held what was demanded.",
            counted(view.counted().size(), "level") + (view.counted().size() == 1 ? " was" : " were"), held));
    }
    words.push_back(demand_words(run.demands));
    if (run.capacity && run.capacity->users > 0 && run.capacity->sessions_per_s > 0) {
        auto text = fmt::format(
            "For users: at the rate at which the model lets one active user come, and with the peaks of a "
            "day taken into account, that serves about {} of them. What bounds this number is: {}.",
            rate_text(std::floor(run.capacity->users)), run.capacity->bound);
        if (run.capacity->cost_per_user > 0)
            text += fmt::format(" At the price given, one costs {} a month, headroom included.",
                                report::short_number(run.capacity->cost_per_user));
        words.push_back(std::move(text));
    }
    return words;
}

std::string failure_words(const Run& run) {
    if (run.failure == FailureMode::none) return {};
    auto text = fmt::format("What breaks first is {}: {}.", name_of(run.failure), words_of(run.failure));
    if (!run.failure_why.empty()) text += fmt::format(" The evidence: {}.", run.failure_why);
    return text;
}

std::string push_words(const ReportView& view) {
    const auto* push = view.push();
    if (push == nullptr) return {};
    const auto& all = push->all;
    auto text = fmt::format("Pushed to {} for {}, it gave {} good answers a second",
                            view.load_words(push->level->load), seconds_text(push->level->seconds),
                            rate_text(goodput(*push->level)));
    if (const auto* limit = view.limit(); limit != nullptr && goodput(*limit->level) > 0)
        text += fmt::format(" ({:.0f} % of what it gives at the limit)",
                            100 * goodput(*push->level) / goodput(*limit->level));
    if (all.failed() == 0) {
        text += ", and none failed";
    } else {
        text += fmt::format("; {} of the requests that ended failed, mostly: {}",
                            share_text(error_share(all)), worst_error(all));
    }
    if (const auto p50 = quantile_ms(all, 0.5))
        text += fmt::format("; half of them took longer than {}", time_text(p50));
    text += ".";
    if (const double begun = begun_share(view, *push->level); begun < 1)
        text += fmt::format(
            " But the generator did not keep up: {} of the sessions asked for began, so it was not pushed "
            "that "
            "far.",
            share_text(begun));
    if (!view.run().capacity) return text;
    const double recovery = view.run().capacity->recovery_s;
    if (recovery >= 0)
        return text +
               fmt::format(" Then, at half the limit, {} until it held again.",
                           recovery < 1 ? "it took less than a second" : "it took " + seconds_text(recovery));
    return text + " That it held again at half the limit was not seen.";
}

std::vector<std::string> generator_words(const ReportView& view) {
    const auto& run = view.run();
    const auto& health = run.generator;
    std::vector<std::string> words;
    double best = 0;
    for (const auto& seen : view.counted())
        best = std::max(best, goodput(*seen.level));
    if (health.null_rate > 0) {
        words.push_back(fmt::format(
            "Against a server that does nothing, one of its threads reached {} requests/s; the best level of "
            "this run made {} of that.",
            rate_text(health.null_rate), share_text(best / health.null_rate)));
    } else {
        words.push_back("It was not calibrated against a server that does nothing.");
    }
    words.push_back(
        fmt::format("In its busiest second it used {} of its threads' time; above 80 % over a "
                    "level that held, nothing is concluded.",
                    share_text(health.cpu_peak)));
    words.push_back(
        fmt::format("At the levels that held, 99 % of the requests were taken up within {} of "
                    "the moment they were due; {} are allowed, a tenth of the p99 demanded.",
                    time_text(health.send_lag_p99_ms), time_text(run.demands.p99_ms / 10)));
    for (const auto& seen : view.counted()) {
        if (const double begun = begun_share(view, *seen.level); begun < 1)
            words.push_back(fmt::format("At {} it did not keep up: only {} of the sessions asked for began.",
                                        view.name_of(*seen.level), share_text(begun)));
    }
    words.push_back(health.out_of_ports + health.out_of_descriptors == 0
                        ? std::string("It never ran out of local ports or descriptors.")
                        : fmt::format("It ran out of local ports {} and of descriptors {}.",
                                      counted(health.out_of_ports, "time"),
                                      counted(health.out_of_descriptors, "time")));
    return words;
}

}  // namespace homespun::stampede
