#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "seism/experiment/experiment.hpp"
#include "seism/toxics/dice.hpp"

namespace homespun::seism {

/// What is done at one time: a perturbation for each of some backs.
struct MonkeyEvent {
    std::uint64_t number = 0;         ///< from 1
    std::chrono::milliseconds at{0};  ///< since the beginning, at the earliest
    std::vector<Perturbation> perturbations{};
    [[nodiscard]] std::string text() const;  ///< for people
};

/// Draws events without end. The seed decides all of it: every back has random numbers of its own, so that
/// what it draws does not depend on the others.
class MonkeySchedule {
  public:
    /// `experiment` outlives it; its perturbations are what is drawn from.
    explicit MonkeySchedule(const Experiment& experiment);
    MonkeyEvent next();

  private:
    const Experiment& experiment_;
    const Dice dice_;
    std::uint64_t number_ = 0;
    std::chrono::milliseconds at_{0};
};

/// Whether nothing is to be done at this time, by the clock of this place.
[[nodiscard]] bool is_quiet(const MonkeyPlan& plan, std::chrono::system_clock::time_point when);

}  // namespace homespun::seism
