#include "stampede/capacity/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace homespun::stampede {
namespace {

constexpr double us_per_ms = 1000;

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t count_of(const Tally& tally, ErrorClass error) {
    return tally.errors[static_cast<std::size_t>(error)];
}

std::string worst_error(const Tally& tally) {
    const auto worst = std::ranges::max_element(tally.errors) - tally.errors.begin();
    return std::string(name_of(static_cast<ErrorClass>(worst)));
}

bool counts(const Level& level) {
    return level.purpose != Purpose::warm_up && level.purpose != Purpose::recover;
}

/// Mean over the seconds of a level of a figure's sum over what is watched; nothing when nothing gave it.
template <class Figure>
std::optional<double> mean_over(const Level& level, std::span<const Sample> samples, Figure figure) {
    double sum = 0;
    int seconds = 0;
    for (const auto& sample : samples) {
        if (sample.at_s <= level.start_s || sample.at_s > level.start_s + level.seconds + 0.5) continue;
        bool seen = false;
        for (const auto& server : sample.servers) {
            const std::optional<double> value = figure(server);
            sum += value.value_or(0);
            seen = seen || value;
        }
        seconds += seen ? 1 : 0;
    }
    return seconds == 0 ? std::nullopt : std::optional(sum / seconds);
}

std::optional<double> cpu_of(const Level& level, std::span<const Sample> samples) {
    return mean_over(level, samples, [](const ServerSample& server) { return server.cpu_cores; });
}

/// Cores that other programs took while none was idle; nothing when there was room, or it is not known.
std::optional<double> starved_by(const Level& level, std::span<const Sample> samples) {
    constexpr double room = 0.1, much = 0.25;
    double idle = 0, others = 0;
    int seconds = 0;
    for (const auto& sample : samples) {
        if (sample.at_s <= level.start_s || sample.at_s > level.start_s + level.seconds + 0.5) continue;
        if (!sample.idle_cores || !sample.other_cores) continue;
        idle += *sample.idle_cores;
        others += *sample.other_cores;
        ++seconds;
    }
    if (seconds == 0 || idle / seconds > room || others / seconds < much) return std::nullopt;
    return others / seconds;
}

}  // namespace

void judge(Level& level, const Demands& demands, std::int64_t backlog) {
    const auto all = level.counts.all();
    const auto total = all.total();
    level.good = false;
    const auto wrong = count_of(all, ErrorClass::wrong_body);
    if (wrong > 0) {
        level.why = fmt::format("{} answers had a wrong body", wrong);
    } else if (total == 0) {
        level.why = backlog > 0 ? "no request came to an end" : "no request was made";
    } else if (const double failed = share(all.failed(), total); failed > demands.error_share) {
        level.why =
            fmt::format("{:.1f} % of the requests failed, mostly: {}", failed * 100, worst_error(all));
    } else if (const double well =
                   share(all.good, total + static_cast<std::uint64_t>(std::max<std::int64_t>(backlog, 0)));
               well < demands.good_share) {
        level.why = fmt::format(
            "only {:.1f} % of what was offered was answered well in time; {} more were waiting at the end",
            well * 100, backlog);
    } else if (const auto p99 = all.quantile(0.99);
               !p99 || static_cast<double>(*p99) / us_per_ms > demands.p99_ms) {
        level.why = p99 ? fmt::format("p99 {:.0f} ms is above {:g} ms", static_cast<double>(*p99) / us_per_ms,
                                      demands.p99_ms)
                        : "the slowest 1 % failed";
    } else if (const double apdex = all.apdex(static_cast<std::int64_t>(demands.apdex_target_ms * us_per_ms));
               apdex < demands.apdex) {
        level.why = fmt::format("Apdex {:.2f} is below {:.2f}", apdex, demands.apdex);
    } else {
        level.good = true;
        level.why.clear();
    }
}

std::int64_t backlog_of(std::uint64_t before, std::uint64_t after) {
    const double spread = std::sqrt(2 * std::max(static_cast<double>(before), 1.0));
    const double growth = static_cast<double>(after) - static_cast<double>(before) - 2 * spread;
    return growth > 0 ? static_cast<std::int64_t>(growth) : 0;
}

double goodput(const Level& level) {
    return level.seconds > 0 ? static_cast<double>(level.counts.all().good) / level.seconds : 0;
}

bool kept_up(const Level& level) {
    constexpr double enough = 0.9;
    const double due = level.load * level.seconds;
    // Random arrivals spread by the root of their number.
    return static_cast<double>(level.counts.sessions_started) >= enough * due - 3 * std::sqrt(due);
}

FailureVerdict name_failure(std::span<const Level> levels, std::span<const Sample> samples,
                            const Demands& demands, bool closed) {
    const auto usable = [&](const Level& level) { return counts(level) && (closed || kept_up(level)); };
    double best = 0, highest_good = 0;
    for (const auto& level : levels) {
        if (!usable(level) || !level.good) continue;
        best = std::max(best, goodput(level));
        highest_good = std::max(highest_good, level.load);
    }
    // A level that did not hold below one that did was disturbed: it says nothing of the limit.
    const Level* worst = nullptr;
    Tally failing;
    for (const auto& level : levels) {
        if (!usable(level) || level.good || level.load <= highest_good) continue;
        failing.add(level.counts.all());
        if (worst == nullptr || level.load > worst->load) worst = &level;
    }
    if (worst == nullptr) return {};
    const auto total = failing.total();
    const auto part = [&](ErrorClass error) { return share(count_of(failing, error), total); };
    const double full = part(ErrorClass::full);
    const double refused = part(ErrorClass::refused) + part(ErrorClass::reset);
    const double errors = part(ErrorClass::server_error) + part(ErrorClass::busy) +
                          part(ErrorClass::client_error) + part(ErrorClass::wrong_status);
    const auto free =
        mean_over(*worst, samples, [](const ServerSample& server) { return server.storage_free_mb; });
    constexpr double nearly_full_mb = 1;
    if (full > demands.error_share) {
        return {FailureMode::space,
                fmt::format("{:.0f} % of the requests beyond the limit were told that no space is left",
                            full * 100)};
    }
    if (free && *free < nearly_full_mb)
        return {FailureMode::space, fmt::format("{:.1f} MB were free where the server stores", *free)};
    constexpr double collapsed = 0.75;
    const double beyond = goodput(*worst);
    if (best > 0 && beyond < collapsed * best &&
        refused < errors + part(ErrorClass::timeout) + demands.error_share) {
        return {
            FailureMode::collapse,
            fmt::format(
                "at {:.0f}/s, beyond the limit, only {:.0f} good answers a second came, and {:.0f} at best",
                worst->load, beyond, best)};
    }
    if (refused > std::max(errors, demands.error_share))
        return {FailureMode::refused,
                fmt::format("{:.0f} % of the requests beyond the limit found no connection", refused * 100)};
    if (errors > demands.error_share)
        return {FailureMode::errors,
                fmt::format("{:.0f} % of the requests beyond the limit were answered with an error",
                            errors * 100)};
    const auto cpu = cpu_of(*worst, samples);
    constexpr double idle_cores = 0.5;
    // A server that gets no core looks like one that waits.
    if (cpu && *cpu < idle_cores && !starved_by(*worst, samples)) {
        return {
            FailureMode::lock,
            fmt::format("answers are late while the server uses {:.2f} cores: it waits for something", *cpu)};
    }
    return {FailureMode::latency,
            cpu ? fmt::format("answers are late and the server uses {:.2f} cores", *cpu)
                : "answers are late (the server's CPU was not watched: a lock is not told apart)"};
}

std::vector<std::string> doubts(std::span<const Level> levels, std::span<const Sample> samples,
                                const Demands& demands, bool closed) {
    constexpr double most_cpu = 0.8, most_lag_share = 0.1;
    std::vector<std::string> found;
    std::uint64_t wrong = 0, ports = 0, descriptors = 0;
    double cpu = 0, lag_ms = 0, taken = 0;
    bool unsettled = false;
    for (const auto& level : levels) {
        wrong += count_of(level.counts.all(), ErrorClass::wrong_body);
        if (!counts(level) || level.purpose == Purpose::push) continue;
        taken = std::max(taken, starved_by(level, samples).value_or(0));
        ports += level.counts.out_of_ports;
        descriptors += level.counts.out_of_descriptors;
        if (!level.good) continue;
        lag_ms = std::max(lag_ms, static_cast<double>(level.counts.send_lag.quantile(0.99)) / us_per_ms);
        double sum = 0;
        int seconds = 0;
        for (const auto& sample : samples) {
            if (sample.at_s <= level.start_s || sample.at_s > level.start_s + level.seconds + 0.5) continue;
            sum += sample.generator_cpu;
            ++seconds;
        }
        if (seconds > 0) cpu = std::max(cpu, sum / seconds);
        unsettled = unsettled || !level.settled;
        if (!closed && !kept_up(level)) {
            found.push_back(fmt::format(
                "the generator began only {:.0f} % of the sessions of {:.0f}/s",
                static_cast<double>(level.counts.sessions_started) * 100 / level.load / level.seconds,
                level.load));
        }
    }
    if (unsettled) found.emplace_back("the warm-up had not come to rest");
    if (wrong > 0) found.push_back(fmt::format("{} answers had a wrong body: the run is void", wrong));
    if (ports > 0) found.push_back(fmt::format("the generator ran out of local ports {} times", ports));
    if (descriptors > 0)
        found.push_back(fmt::format("the generator ran out of descriptors {} times", descriptors));
    if (cpu > most_cpu)
        found.push_back(
            fmt::format("the generator itself was busy ({:.0f} % of its threads' time)", cpu * 100));
    if (taken > 0)
        found.push_back(
            fmt::format("other programs used {:.1f} cores of this machine, and none was left idle", taken));
    if (lag_ms > most_lag_share * demands.p99_ms)
        found.push_back(fmt::format("the generator sent late: p99 {:.1f} ms, allowed are {:.1f}", lag_ms,
                                    most_lag_share * demands.p99_ms));
    return found;
}

}  // namespace homespun::stampede
