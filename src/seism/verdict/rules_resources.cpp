// Rules about what the application's processes use.

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/statistics.hpp"
#include "seism/recorder/phases.hpp"
#include "seism/verdict/figures.hpp"
#include "seism/verdict/rules.hpp"

namespace homespun::seism {
namespace {

constexpr std::size_t least_cycles = 3;  // before a growth over cycles means anything
constexpr double rising_share = 0.8;
constexpr double mib = 1024.0 * 1024.0;

using Reading = std::function<std::optional<double>(const Sample&)>;

std::optional<double> median_of(const std::vector<const Sample*>& samples, const Reading& read) {
    std::vector<double> values;
    for (const auto* sample : samples) {
        if (const auto value = read(*sample)) values.push_back(*value);
    }
    return values.empty() ? std::nullopt : std::optional(base::median(values));
}

/// What it was before, and what it settled to after each cycle.
struct Levels {
    double before = 0;
    std::vector<double> after{};

    /// Whether at least four of five cycles added more than `step`. Not with fewer than three cycles.
    [[nodiscard]] bool rises(double step) const {
        if (after.size() < least_cycles) return false;
        double risen = 0;
        for (std::size_t i = 1; i < after.size(); ++i)
            risen += after[i] - after[i - 1] > step ? 1 : 0;
        return risen >= rising_share * static_cast<double>(after.size() - 1);
    }
};

std::optional<Levels> levels_of(const Trial& trial, const Reading& read) {
    const auto before = median_of(samples_in(trial, Phase::before), read);
    if (!before) return std::nullopt;
    Levels levels{.before = *before};
    for (std::size_t cycle = 0; cycle < trial.cycles.size(); ++cycle) {
        if (const auto after = median_of(settled_samples(trial, cycle), read)) levels.after.push_back(*after);
    }
    return levels.after.empty() ? std::nullopt : std::optional(levels);
}

Finding not_known(std::string rule, std::string expected) {
    return {.rule = std::move(rule),
            .colour = Colour::amber,
            .expected = std::move(expected),
            .observed = "not measured: the application's process was not there, or may not be looked at"};
}

std::optional<Finding> judge_count(const Trial& trial, const Thresholds& thresholds, std::string rule,
                                   const Reading& read) {
    if (trial.cycles.empty() || trial.samples.empty()) return std::nullopt;
    const auto slack = static_cast<double>(thresholds.count_slack);
    const auto expected = fmt::format("at most {} more than before", thresholds.count_slack);
    const auto levels = levels_of(trial, read);
    if (!levels) return not_known(std::move(rule), expected);
    const double more = levels->after.back() - levels->before;
    Finding finding{
        .rule = std::move(rule),
        .expected = expected,
        .observed = fmt::format("{:.0f} before, {:.0f} after", levels->before, levels->after.back())};
    if (more <= slack) return finding;
    // A pool that grew once is not a leak; only cycles tell it from one.
    const bool level = levels->after.size() >= least_cycles && !levels->rises(0);
    finding.colour = level || more <= 0.1 * levels->before ? Colour::amber : Colour::red;
    return finding;
}

/// The longest time that the application used so much of a core after a cycle.
Micros longest_spin(const Trial& trial, double cores) {
    Micros longest = 0, since = -1;
    for (const auto& sample : trial.samples) {
        if (moment_of(trial, sample.at).phase != Phase::after || sample.cpu < cores) {
            since = -1;
            continue;
        }
        if (since < 0) since = sample.at;
        longest = std::max(longest, sample.at - since);
    }
    return longest;
}

}  // namespace

std::optional<Finding> judge_memory(const Trial& trial, const Thresholds& thresholds) {
    if (trial.cycles.empty() || trial.samples.empty()) return std::nullopt;
    constexpr double least_step = 256.0 * 1024.0, amber = 0.25;
    const auto expected =
        fmt::format("at most {:.0f} % or {:.0f} MiB more than before", thresholds.memory_growth * 100,
                    static_cast<double>(thresholds.memory_slack) / mib);
    const auto levels =
        levels_of(trial, [](const Sample& sample) { return static_cast<double>(sample.resident); });
    if (!levels) return not_known("memory", expected);
    const double after = levels->after.back();
    Finding finding{
        .rule = "memory",
        .expected = expected,
        .observed = fmt::format("{:.1f} MiB before, {:.1f} MiB after", levels->before / mib, after / mib)};
    const auto slack =
        std::max(thresholds.memory_growth * levels->before, static_cast<double>(thresholds.memory_slack));
    if (after > levels->before + slack)
        finding.colour = after <= levels->before * (1 + amber) ? Colour::amber : Colour::red;
    if (levels->rises(least_step)) {
        finding.colour = Colour::red;
        finding.observed += fmt::format(", more after each of {} cycles", levels->after.size());
    }
    double most = 0;
    for (const auto& sample : trial.samples)
        most = std::max(most, static_cast<double>(sample.resident));
    if (thresholds.memory_most && most > static_cast<double>(*thresholds.memory_most)) {
        finding.colour = Colour::red;
        finding.observed += fmt::format(", up to {:.1f} MiB of the {:.0f} allowed", most / mib,
                                        static_cast<double>(*thresholds.memory_most) / mib);
    }
    return finding;
}

std::optional<Finding> judge_descriptors(const Trial& trial, const Thresholds& thresholds) {
    return judge_count(trial, thresholds, "fds", [](const Sample& sample) -> std::optional<double> {
        if (!sample.descriptors) return std::nullopt;
        return static_cast<double>(*sample.descriptors);
    });
}

std::optional<Finding> judge_threads(const Trial& trial, const Thresholds& thresholds) {
    return judge_count(trial, thresholds, "threads",
                       [](const Sample& sample) { return static_cast<double>(sample.threads); });
}

std::optional<Finding> judge_cpu_after(const Trial& trial, const Thresholds& thresholds) {
    if (trial.cycles.empty() || trial.samples.empty()) return std::nullopt;
    const auto expected = fmt::format("at most {:.0f} points of a core more than before, and no spinning",
                                      thresholds.cpu_points * 100);
    const auto levels = levels_of(trial, [](const Sample& sample) { return sample.cpu; });
    if (!levels) return not_known("cpu_after", expected);
    const double after = levels->after.back();
    Finding finding{.rule = "cpu_after",
                    .expected = expected,
                    .observed = fmt::format("{:.0f} % of a core before, {:.0f} % after", levels->before * 100,
                                            after * 100)};
    if (after > levels->before + thresholds.cpu_points) finding.colour = Colour::amber;
    const auto spin_for = std::chrono::duration_cast<std::chrono::microseconds>(thresholds.spin_for).count();
    // What the load alone keeps busy is no spinning.
    const bool was_idle = levels->before + thresholds.cpu_amber < thresholds.spin;
    if (const auto spun = longest_spin(trial, thresholds.spin); was_idle && spun >= spin_for) {
        finding.colour = Colour::red;
        finding.observed += fmt::format(", a core busy for {:.1f} s", static_cast<double>(spun) / 1e6);
    }
    return finding;
}

}  // namespace homespun::seism
