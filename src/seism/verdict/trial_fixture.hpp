#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "seism/verdict/judgement.hpp"

namespace homespun::seism {

inline constexpr Micros ms = 1000;
inline constexpr Micros second = 1'000'000;
inline constexpr std::uint64_t mib_bytes = 1U << 20;

/// A trial of a good application: before 0..10 s, during 10..20 s, after 20..40 s; a request and five samples
/// a second. Tests spoil it.
inline Trial good_trial(int cycles = 1) {
    Trial trial{.name = "db-gone", .proxy = "db", .behaviour = "blackout"};
    std::uint64_t id = 0;
    const auto exchange = [&](Micros start, int status) {
        Exchange each{.id = ++id, .intended = start, .start = start, .end = start + 10 * ms};
        each.method = "GET";
        each.path = "/";
        each.status = status;
        each.outcome = status < 400 ? Outcome::ok : Outcome::http_error;
        if (status == 503) each.retry_after = "1";
        each.answer_digest = std::to_string(status);
        trial.exchanges.push_back(each);
    };
    for (int i = 0; i < 10; ++i)
        exchange(i * second + 100 * ms, 200);
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const Micros armed = (10 + 30 * cycle) * second;
        trial.cycles.push_back({.armed = armed,
                                .stopped = armed + 10 * second,
                                .settled = armed + 30 * second,
                                .bites = 10,
                                .first_bite = armed + 50 * ms,
                                .last_bite = armed + 9 * second});
        for (int i = 0; i < 10; ++i)
            exchange(armed + i * second + 100 * ms, 503);
        for (int i = 0; i < 20; ++i)
            exchange(armed + 10 * second + i * second + 100 * ms, 200);
    }
    trial.end = trial.cycles.back().settled;
    for (Micros at = 0; at < trial.end; at += 200 * ms)
        trial.samples.push_back({.at = at,
                                 .processes = 1,
                                 .cpu = 0.05,
                                 .resident = 40 * mib_bytes,
                                 .descriptors = 10,
                                 .threads = 4});
    return trial;
}

/// The finding of one rule; a test fails when the rule does not apply.
inline Finding found(Trial trial, std::string_view rule, const Thresholds& thresholds = {}) {
    for (const auto& finding : judge(std::move(trial), thresholds).findings) {
        if (finding.rule == rule) return finding;
    }
    ADD_FAILURE() << "no finding of " << rule;
    return {};
}

/// Exchanges of a trial made by good_trial, from 0: its ten before, ten during, twenty after.
inline Exchange& during(Trial& trial, std::size_t index) {
    return trial.exchanges[10 + index];
}
inline Exchange& after(Trial& trial, std::size_t index) {
    return trial.exchanges[20 + index];
}
inline void answer(Exchange& exchange, int status, bool retry_after = false) {
    exchange.status = status;
    exchange.outcome = status < 400 ? Outcome::ok : Outcome::http_error;
    exchange.answer_digest = std::to_string(status);
    exchange.retry_after = retry_after ? std::optional<std::string>("1") : std::nullopt;
}
inline void lose(Exchange& exchange, Outcome outcome) {
    exchange.status = 0;
    exchange.outcome = outcome;
    exchange.answer_digest.clear();
}

}  // namespace homespun::seism
