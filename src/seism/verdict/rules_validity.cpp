// Rules about the trial itself: whether it says anything about the application.

#include <fmt/format.h>

#include "seism/verdict/rules.hpp"

namespace homespun::seism {

std::optional<Finding> judge_steady_before(const Trial& trial, const Thresholds&) {
    return Finding{.rule = "steady_before",
                   .colour = trial.unsteady ? Colour::grey : Colour::green,
                   .expected = "the steady state is met before the perturbation",
                   .observed = trial.unsteady.value_or("met")};
}

std::optional<Finding> judge_bite(const Trial& trial, const Thresholds& thresholds) {
    if (trial.unsteady) return std::nullopt;
    const auto bites = trial.bites();
    bool inferred = false;
    for (const auto& cycle : trial.cycles)
        inferred = inferred || cycle.inferred;
    return Finding{
        .rule = "bite",
        .colour = bites >= thresholds.min_bites ? Colour::green : Colour::grey,
        .expected =
            fmt::format("at least {} bite{}", thresholds.min_bites, thresholds.min_bites == 1 ? "" : "s"),
        .observed =
            bites == 0 ? "none: the application did not use this back-end while it was perturbed"
                       : fmt::format("{}{}", bites,
                                     inferred ? ", concluded: nobody sees who knocks at a closed port" : "")};
}

std::optional<Finding> judge_backend(const Trial& trial, const Thresholds&) {
    return Finding{.rule = "backend",
                   .colour = trial.tainted ? Colour::grey : Colour::green,
                   .expected = "the real back-ends work all the time",
                   .observed = trial.tainted.value_or("they did")};
}

std::optional<Finding> judge_logged(const Trial& trial, const Thresholds&) {
    if (!trial.logged || trial.bites() == 0) return std::nullopt;
    return Finding{.rule = "logged",
                   .colour = *trial.logged ? Colour::green : Colour::red,
                   .expected = fmt::format("a log entry about {}", trial.proxy),
                   .observed = trial.log_note};
}

}  // namespace homespun::seism
