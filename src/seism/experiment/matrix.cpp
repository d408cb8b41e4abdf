#include "seism/experiment/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "seism/experiment/behaviour.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {

bool find_behaviour(std::string_view type) {
    return find_toxic_type(type) != nullptr;
}

namespace {

/// Minutes of a day from `07:30`.
std::optional<int> parse_clock(std::string_view text) {
    constexpr std::size_t size = 5, colon = 2;
    if (text.size() != size || text[colon] != ':') return std::nullopt;
    const auto hour = base::parse_integer<unsigned>(text.substr(0, colon));
    const auto minute = base::parse_integer<unsigned>(text.substr(colon + 1));
    if (!hour || !minute || *hour > 24 || *minute > 59 || (*hour == 24 && *minute > 0)) return std::nullopt;
    return static_cast<int>(*hour * 60 + *minute);
}

std::optional<QuietHours> parse_quiet_hours(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto from = parse_clock(text.substr(0, dash)), until = parse_clock(text.substr(dash + 1));
    if (!from || !until || *from == *until) return std::nullopt;
    return QuietHours{.from = *from, .until = *until};
}

}  // namespace

void read_times(Fields& fields, Perturbation& perturbation) {
    perturbation.time = fields.duration("for", perturbation.time);
    if (perturbation.time < std::chrono::milliseconds(100)) fields.problem("for", "must be 100ms at least");
    perturbation.cycles = static_cast<int>(fields.integer("cycles", 1, 1000, 1));
    fields.object("observe", [&](Fields& observe) {
        perturbation.next = static_cast<int>(observe.integer("next", 2, 100'000, perturbation.next));
        perturbation.within = observe.duration("within", perturbation.within);
    });
}

void read_monkey(Fields& fields, MonkeyPlan& plan) {
    plan.every = fields.duration("every", plan.every);
    plan.at_once = static_cast<int>(fields.integer("at_once", 1, 1000, 1));
    for (const auto& text : fields.texts("quiet")) {
        const auto hours = parse_quiet_hours(text);
        if (hours)
            plan.quiet.push_back(*hours);
        else
            fields.problem("quiet", fmt::format("\"{}\" must be like 22:00-07:30", text));
    }
}

void read_matrix(Fields& fields, Experiment& experiment) {
    auto names = fields.texts("backs");
    if (names == std::vector<std::string>{"*"} || names.empty()) {
        names.clear();
        for (const auto& back : experiment.backs)
            names.push_back(back.name);
    }
    const auto behaviours = fields.texts("behaviours");
    if (behaviours.empty()) fields.problem("behaviours", R"(is missing: ["latency:500", "refuse"])");
    Perturbation times;
    read_times(fields, times);
    for (const auto& behaviour : behaviours) {
        auto toxic = parse_behaviour(behaviour);
        if (!toxic) {
            fields.problem("behaviours", toxic.error().message);
            continue;
        }
        for (const auto& name : names) {
            const auto back = std::ranges::find(experiment.backs, name, &BackPlan::name);
            if (back == experiment.backs.end()) {
                fields.problem("backs", fmt::format("no back is called \"{}\"", name));
                continue;
            }
            auto perturbation = times;
            perturbation.name = fmt::format("{}/{}", name, behaviour);
            perturbation.back = static_cast<std::size_t>(back - experiment.backs.begin());
            perturbation.toxic = *toxic;
            experiment.perturbations.push_back(std::move(perturbation));
        }
    }
}

}  // namespace homespun::seism
