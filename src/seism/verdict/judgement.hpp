#pragma once
#include <string>
#include <vector>

#include "seism/verdict/rules.hpp"

namespace homespun::seism {

/// What a run ends with, for those who started it.
enum class ExitCode : int {
    passed = 0,
    failed = 1,
    usage = 2,
    inconclusive = 3,
    environment = 4,  ///< a port is taken, the application did not start
    interrupted = 130,
};

/// A trial and what the rules found in it.
struct JudgedTrial {
    Trial trial;
    Colour overall = Colour::grey;
    std::vector<Finding> findings{};

    /// What becomes of a finding: in an inconclusive trial none says anything.
    [[nodiscard]] Colour weight_of(const Finding& finding) const {
        return overall == Colour::grey ? Colour::grey : finding.colour;
    }
};

/// Assigns phases and likenesses, asks every rule that is not off. A trial in which nothing was perturbed, in
/// which nothing was bitten or a real back-end failed is inconclusive, whatever else was found; else the
/// worst finding counts.
[[nodiscard]] JudgedTrial judge(Trial trial, const Thresholds& thresholds);

/// A run as a whole.
struct Judgement {
    std::vector<JudgedTrial> trials{};
    std::vector<Finding> findings{};  ///< about the run: `client_state`, `command`
    bool strict = false;
    /// Worst of all; inconclusive without trials.
    [[nodiscard]] Colour overall() const;
    [[nodiscard]] ExitCode exit_code() const;
    /// Share of the conclusive trials that are not red, 0..1; nothing when none is conclusive.
    [[nodiscard]] std::optional<double> resilience() const;
    /// Findings: green and amber (red when strict) pass, red fails, inconclusive is skipped.
    struct Counts {
        std::size_t passed = 0, failed = 0, skipped = 0;
    };
    [[nodiscard]] Counts counts() const;
    /// Whether a finding of this colour fails.
    [[nodiscard]] bool fails(Colour colour) const {
        return colour == Colour::red || (strict && colour == Colour::amber);
    }
};

}  // namespace homespun::seism
