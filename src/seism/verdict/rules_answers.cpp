// Rules about what came back from the application.

#include <fmt/format.h>

#include <algorithm>

#include "seism/verdict/collected.hpp"
#include "seism/verdict/figures.hpp"

namespace homespun::seism {
namespace {

constexpr int unavailable = 503;

/// Began during a perturbation and was answered when it was over, or ending: its answer counts with those
/// after it.
bool outlived(const Trial& trial, const Exchange& exchange) {
    if (exchange.phase != Phase::during) return false;
    const auto& cycle = trial.cycles[static_cast<std::size_t>(exchange.cycle)];
    return exchange.end > cycle.stopping.value_or(cycle.stopped);
}

struct Judged {
    Colour colour;
    std::string what;
};

Judged judge_status(const Trial& trial, const Exchange& exchange, const UsualAnswers& usual,
                    const Thresholds& thresholds) {
    const int status = exchange.status;
    if (status < 400) {
        if (exchange.likeness == Likeness::different && !outlived(trial, exchange))
            return {Colour::red, fmt::format("{} with a wrong answer", status)};
        return {Colour::green, std::to_string(status)};
    }
    if (usual.has(exchange)) return {Colour::green, std::to_string(status)};
    if (status == unavailable) {
        if (exchange.retry_after) return {Colour::green, "503 with Retry-After"};
        return {thresholds.retry_after_required ? Colour::amber : Colour::green, "503 without Retry-After"};
    }
    if (thresholds.allow.contains(status)) return {Colour::green, std::to_string(status)};
    const bool honest = status < 500 || status == 502 || status == 504;
    return {honest ? Colour::amber : Colour::red, std::to_string(status)};
}

/// The exchanges after one cycle that count.
std::vector<const Exchange*> next_of(const Trial& trial, int cycle, int next) {
    std::vector<const Exchange*> found;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase == Phase::after && exchange.cycle == cycle && exchange.after_index <= next &&
            exchange.outcome != Outcome::client_gone)
            found.push_back(&exchange);
    }
    return found;
}

struct Recovery {
    Colour colour = Colour::green;
    std::string told{};
    std::vector<std::uint64_t> evidence{};
};

Recovery judge_cycle(const Trial& trial, int cycle, const UsualAnswers& usual, const Thresholds& thresholds) {
    const auto stopped = trial.cycles[static_cast<std::size_t>(cycle)].stopped;
    const auto within = std::chrono::duration_cast<std::chrono::microseconds>(thresholds.within).count();
    const auto next = next_of(trial, cycle, thresholds.next);
    if (next.empty() || (!trial.driven && std::ssize(next) < thresholds.next))
        return {Colour::grey, fmt::format("only {} of {} requests came", next.size(), thresholds.next), {}};

    const auto first = std::ranges::find_if(next, [&](const auto* each) { return usual.fine(*each); });
    if (first == next.end())
        return {Colour::red, fmt::format("none of {} requests succeeded", next.size()), {next.front()->id}};
    const auto took = (*first)->end - stopped;
    const auto place = first - next.begin() + 1;
    const auto told = fmt::format("first success: request {} after {} ms", place, took / 1000);
    if (took > within) return {Colour::red, told, {next.front()->id}};

    Recovery recovery{.told = told};
    for (auto each = next.end() - (std::ssize(next) + 1) / 2; each != next.end(); ++each) {
        if (!usual.fine(**each)) recovery.evidence.push_back((*each)->id);
    }
    if (!recovery.evidence.empty()) {
        recovery.colour = Colour::red;
        recovery.told +=
            fmt::format(", then {} errors in the last half of {}", recovery.evidence.size(), next.size());
    } else if (place > 2 || took > within / 2) {
        recovery.colour = Colour::amber;
    }
    return recovery;
}

}  // namespace

std::optional<Finding> judge_status_during(const Trial& trial, const Thresholds& thresholds) {
    const UsualAnswers usual(trial);
    Collected collected;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase != Phase::during || !exchange.answered()) continue;
        const auto judged = judge_status(trial, exchange, usual, thresholds);
        collected.add(judged.colour, judged.what, exchange);
    }
    return collected.finding("status_during",
                             "right answers, statuses seen before, or 503 with Retry-After; no 500",
                             "no request was answered");
}

std::optional<Finding> judge_no_hang(const Trial& trial, const Thresholds& thresholds) {
    const auto before = p99_of(trial, Phase::before), during = p99_of(trial, Phase::during);
    const auto hang = thresholds.hang_for(before);
    const auto hang_us = std::chrono::duration_cast<std::chrono::microseconds>(hang).count();
    Collected collected;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase == Phase::before) continue;
        if (exchange.outcome == Outcome::no_response || exchange.outcome == Outcome::truncated ||
            exchange.outcome == Outcome::malformed)
            collected.add(Colour::red, std::string(word_of(exchange.outcome)), exchange);
        else if (exchange.answered() && exchange.took() >= hang_us)
            collected.add(Colour::red, "answers that took too long", exchange);
    }
    auto finding =
        collected.finding("no_hang", fmt::format("a whole answer within {} ms", hang.count()),
                          fmt::format("p99 {:.1f} ms, before {:.1f} ms", static_cast<double>(during) / 1000,
                                      static_cast<double>(before) / 1000));
    constexpr int slower = 5;
    if (finding.colour == Colour::green && before > 0 && during > slower * before)
        finding.colour = Colour::amber;
    return finding;
}

std::optional<Finding> judge_front_reachable(const Trial& trial, const Thresholds&) {
    Collected collected;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase == Phase::before) continue;
        switch (exchange.outcome) {
            case Outcome::connect_refused:
            case Outcome::connect_timeout:
            case Outcome::reset_before:
            case Outcome::reset_mid:
            case Outcome::empty_reply:
                collected.add(Colour::red, std::string(word_of(exchange.outcome)), exchange);
                break;
            default:
                break;
        }
    }
    auto finding = collected.finding(
        "front_reachable", "every connection is taken and kept; the process lives", "none was lost");
    if (trial.gone) {
        finding.colour = Colour::red;
        finding.observed = *trial.gone + (finding.evidence.empty() ? "" : "; " + finding.observed);
    }
    return finding;
}

std::optional<Finding> judge_recovery(const Trial& trial, const Thresholds& thresholds) {
    if (trial.cycles.empty()) return std::nullopt;
    const UsualAnswers usual(trial);
    Recovery worst;
    for (int cycle = 0; cycle < std::ssize(trial.cycles); ++cycle) {
        auto recovery = judge_cycle(trial, cycle, usual, thresholds);
        if (cycle == 0 || recovery.colour > worst.colour) worst = std::move(recovery);
    }
    return Finding{
        .rule = "recovery",
        .colour = worst.colour,
        .expected = fmt::format("success by the second request and within {} ms, and no error in the "
                                "last half of {}",
                                thresholds.within.count() / 2, thresholds.next),
        .observed = worst.told,
        .evidence = worst.evidence};
}

std::optional<Finding> judge_answers_after(const Trial& trial, const Thresholds&) {
    Collected collected;
    bool compared = false;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.outcome != Outcome::ok) continue;
        if (exchange.phase != Phase::after && !outlived(trial, exchange)) continue;
        compared = compared || exchange.likeness != Likeness::unknown;
        if (exchange.likeness == Likeness::different)
            collected.add(Colour::red, "another answer to " + exchange.method + " " + exchange.path,
                          exchange);
    }
    auto finding = collected.finding("answers_after", "the answers of before", "the same answers");
    if (!compared) {
        finding.colour = Colour::amber;
        finding.observed = "no request had one steady answer before that it could be compared with";
    }
    return finding;
}

}  // namespace homespun::seism
