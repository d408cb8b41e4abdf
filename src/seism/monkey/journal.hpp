#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "seism/monkey/schedule.hpp"
#include "seism/verdict/judgement.hpp"

namespace homespun::seism {

/// How an event of the monkey went.
struct MonkeyResult {
    JudgedTrial judged{};
    std::vector<std::uint64_t> bites{};  ///< of each perturbation of the event
};

/// A line of monkey.jsonl, with its end: what was done and when, what it touched, the verdict and every
/// finding that is not green. `now` is when it was judged.
[[nodiscard]] std::string journal_line(const Experiment& experiment, const MonkeyEvent& event,
                                       const MonkeyResult& result, std::chrono::system_clock::time_point now);
/// The same of an event that quiet hours left out.
[[nodiscard]] std::string quiet_line(const Experiment& experiment, const MonkeyEvent& event,
                                     std::chrono::system_clock::time_point now);

}  // namespace homespun::seism
