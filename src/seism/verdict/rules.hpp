#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// In the order in which they get worse. Grey is worse than amber: nothing is known.
enum class Colour : std::uint8_t { green, amber, grey, red };
/// `green`, `amber`, `inconclusive`, `red`.
[[nodiscard]] std::string_view word_of(Colour colour);

/// What counts as good. The standard values are those of docs/seism/experiment.md.
struct Thresholds {
    std::set<std::string, std::less<>> off{};  ///< rules that are not asked
    bool strict = false;                       ///< amber fails, too
    std::set<int> allow{};                     ///< statuses that are fine during a perturbation
    bool retry_after_required = true;          ///< of a 503
    /// Longest time for an answer; nothing: ten seconds, or 20 times the p99 of before where that is more.
    std::optional<std::chrono::milliseconds> hang{};
    int next = 20;                             ///< requests that are looked at afterwards
    std::chrono::milliseconds within{30'000};  ///< in which the application must be well again
    std::uint64_t min_bites = 1;
    double memory_growth = 0.10;
    std::uint64_t memory_slack = 16ULL << 20;    ///< bytes that are never a leak
    std::optional<std::uint64_t> memory_most{};  ///< bytes that it may never pass
    std::uint64_t count_slack = 5;               ///< descriptors and threads that are never a leak
    double cpu_points = 0.10, cpu_amber = 0.25;  ///< cores more than before
    double spin = 0.90;                          ///< cores
    std::chrono::milliseconds spin_for{5'000};

    [[nodiscard]] std::chrono::milliseconds hang_for(Micros p99_before) const;
};

/// What a rule found.
struct Finding {
    std::string rule{};
    Colour colour = Colour::green;
    std::string expected{}, observed{};     ///< for people
    std::vector<std::uint64_t> evidence{};  ///< ids of requests, some of them
};

/// A rule: pure, over a trial whose phases and likenesses are assigned. Nothing: it does not apply.
struct Rule {
    std::string_view id;
    std::string_view says;  ///< what it asks, for people
    std::optional<Finding> (*judge)(const Trial& trial, const Thresholds& thresholds);
};
/// All that look at one trial, in the order in which they are told.
[[nodiscard]] std::span<const Rule> rules();

/// What is asked once a run: `client_state` and `command`.
[[nodiscard]] std::span<const std::string_view> run_rules();
/// Whether there is a rule of that name.
[[nodiscard]] bool is_rule(std::string_view id);

// The rules one by one, for tests.
std::optional<Finding> judge_steady_before(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_bite(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_backend(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_status_during(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_no_hang(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_front_reachable(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_recovery(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_answers_after(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_memory(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_descriptors(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_threads(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_cpu_after(const Trial& trial, const Thresholds& thresholds);
std::optional<Finding> judge_logged(const Trial& trial, const Thresholds& thresholds);

}  // namespace homespun::seism
