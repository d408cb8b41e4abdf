#include "seism/verdict/judgement.hpp"

#include <algorithm>
#include <array>

#include "seism/recorder/golden.hpp"
#include "seism/recorder/phases.hpp"

namespace homespun::seism {
namespace {

/// Without these the other rules have nothing to say about the application.
constexpr std::array<std::string_view, 3> deciding = {"steady_before", "bite", "backend"};

Colour overall_of(const std::vector<Finding>& findings) {
    Colour worst = Colour::green;
    for (const auto& finding : findings) {
        if (finding.colour == Colour::grey && std::ranges::find(deciding, finding.rule) != deciding.end())
            return Colour::grey;
        worst = std::max(worst, finding.colour);
    }
    return worst;
}

}  // namespace

JudgedTrial judge(Trial trial, const Thresholds& thresholds) {
    assign_phases(trial);
    mark_likeness(trial);
    JudgedTrial judged{.trial = std::move(trial)};
    for (const auto& rule : rules()) {
        if (thresholds.off.contains(rule.id)) continue;
        // Nothing was perturbed: there is nothing to judge.
        if (judged.trial.unsteady && rule.id != "steady_before") continue;
        if (auto finding = rule.judge(judged.trial, thresholds)) judged.findings.push_back(*finding);
    }
    judged.overall = overall_of(judged.findings);
    return judged;
}

Colour Judgement::overall() const {
    if (trials.empty()) return Colour::grey;
    Colour worst = overall_of(findings);
    for (const auto& judged : trials)
        worst = std::max(worst, judged.overall);
    return worst;
}

ExitCode Judgement::exit_code() const {
    const auto colour = overall();
    if (fails(colour)) return ExitCode::failed;
    return colour == Colour::grey ? ExitCode::inconclusive : ExitCode::passed;
}

std::optional<double> Judgement::resilience() const {
    double conclusive = 0, good = 0;
    for (const auto& judged : trials) {
        if (judged.overall == Colour::grey) continue;
        ++conclusive;
        good += fails(judged.overall) ? 0 : 1;
    }
    return conclusive == 0 ? std::nullopt : std::optional(good / conclusive);
}

Judgement::Counts Judgement::counts() const {
    Counts counts;
    const auto count = [&](Colour colour) {
        ++(fails(colour) ? counts.failed : colour == Colour::grey ? counts.skipped : counts.passed);
    };
    for (const auto& judged : trials) {
        for (const auto& finding : judged.findings)
            count(judged.weight_of(finding));
    }
    for (const auto& finding : findings)
        count(finding.colour);
    return counts;
}

}  // namespace homespun::seism
