#include "seism/recorder/observation.hpp"

#include <array>

namespace homespun::seism {

std::string_view word_of(Phase phase) {
    constexpr std::array<std::string_view, 3> words = {"before", "during", "after"};
    return words[static_cast<std::size_t>(phase)];
}

std::string_view word_of(Outcome outcome) {
    constexpr std::array<std::string_view, 11> words = {
        "ok",          "http_error", "connect_refused", "connect_timeout", "reset_before", "reset_mid",
        "empty_reply", "truncated",  "malformed",       "no_response",     "client_gone"};
    return words[static_cast<std::size_t>(outcome)];
}

std::string_view word_of(PerturbationEvent::Type type) {
    constexpr std::array<std::string_view, 5> words = {"perturbation.armed", "perturbation.bite",
                                                       "perturbation.stop", "backend.down", "backend.up"};
    return words[static_cast<std::size_t>(type)];
}

std::uint64_t Trial::bites() const {
    std::uint64_t sum = 0;
    for (const auto& cycle : cycles)
        sum += cycle.bites;
    return sum;
}

}  // namespace homespun::seism
