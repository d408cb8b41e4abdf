#include "seism/experiment/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "seism/experiment/behaviour.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {

bool find_behaviour(std::string_view type) {
    return find_toxic_type(type) != nullptr;
}

void read_times(Fields& fields, Perturbation& perturbation) {
    perturbation.time = fields.duration("for", perturbation.time);
    if (perturbation.time < std::chrono::milliseconds(100)) fields.problem("for", "must be 100ms at least");
    perturbation.cycles = static_cast<int>(fields.integer("cycles", 1, 1000, 1));
    fields.object("observe", [&](Fields& observe) {
        perturbation.next = static_cast<int>(observe.integer("next", 2, 100'000, perturbation.next));
        perturbation.within = observe.duration("within", perturbation.within);
    });
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
