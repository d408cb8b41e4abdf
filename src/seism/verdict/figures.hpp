#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// A phase of a trial in numbers.
struct PhaseFigures {
    std::size_t requests = 0;
    std::map<std::string, std::size_t> outcomes;  ///< by the outcome's word
    std::map<int, std::size_t> statuses;
    Micros p50 = 0, p95 = 0, p99 = 0;  ///< of the answered
    double cpu = 0, cpu_p95 = 0, cpu_max = 0;
    double resident = 0, resident_max = 0;  ///< bytes; median and largest
    double proportional = 0;                ///< bytes; 0: not known
    double descriptors = 0, threads = 0;    ///< medians
};
[[nodiscard]] PhaseFigures figures_of(const Trial& trial, Phase phase);

/// The application's samples of a phase of all cycles; those without a process are left out.
[[nodiscard]] std::vector<const Sample*> samples_in(const Trial& trial, Phase phase);
/// The last ones of a cycle's `after` (up to five, a second): what it settled to.
[[nodiscard]] std::vector<const Sample*> settled_samples(const Trial& trial, std::size_t cycle);

[[nodiscard]] Micros p99_of(const Trial& trial, Phase phase);

}  // namespace homespun::seism
