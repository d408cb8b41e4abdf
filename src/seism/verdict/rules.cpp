#include "seism/verdict/rules.hpp"

#include <algorithm>
#include <array>

#include "seism/verdict/figures.hpp"

namespace homespun::seism {

std::string_view word_of(Colour colour) {
    constexpr std::array<std::string_view, 4> words = {"green", "amber", "inconclusive", "red"};
    return words[static_cast<std::size_t>(colour)];
}

std::chrono::milliseconds Thresholds::hang_for(Micros p99_before) const {
    constexpr std::chrono::milliseconds usual{10'000};
    if (hang) return *hang;
    return std::max(usual, std::chrono::milliseconds(20 * p99_before / 1000));
}

std::span<const Rule> rules() {
    static constexpr std::array<Rule, 13> all = {{
        {"steady_before", "The application was well before anything was perturbed.", judge_steady_before},
        {"bite", "The perturbation really touched the application's traffic.", judge_bite},
        {"backend", "No real back-end failed by itself meanwhile.", judge_backend},
        {"status_during", "Meanwhile it answers rightly, or says honestly that it cannot.",
         judge_status_during},
        {"no_hang", "Every request is answered, whole and in time.", judge_no_hang},
        {"front_reachable", "It takes connections, and its process lives.", judge_front_reachable},
        {"recovery", "It is well again soon after.", judge_recovery},
        {"answers_after", "Its answers afterwards are those of before.", judge_answers_after},
        {"memory", "It gives memory back.", judge_memory},
        {"fds", "It closes what it opened.", judge_descriptors},
        {"threads", "It ends the threads that it began.", judge_threads},
        {"cpu_after", "It comes to rest.", judge_cpu_after},
        {"logged", "Its log tells of the back-end that failed.", judge_logged},
    }};
    return all;
}

std::span<const std::string_view> run_rules() {
    static constexpr std::array<std::string_view, 2> all = {"client_state", "command"};
    return all;
}

bool is_rule(std::string_view id) {
    return std::ranges::find(rules(), id, &Rule::id) != rules().end() ||
           std::ranges::find(run_rules(), id) != run_rules().end();
}

}  // namespace homespun::seism
