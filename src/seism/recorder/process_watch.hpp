#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// Reads CPU, memory, descriptors and threads of a process and its descendants. Not thread-safe.
class ProcessWatch {
  public:
    explicit ProcessWatch(int pid);

    /// The figures since the last call. `proportional`: Pss as well, which takes the kernel milliseconds.
    Sample sample(Micros at, bool proportional = false);
    [[nodiscard]] int pid() const { return pid_; }

  private:
    int pid_;
    std::uint64_t started_;  ///< of the process, in ticks since the machine began: tells a reused number
    std::vector<int> tree_;
    int age_ = 0;  ///< samples since the tree was read
    double cpu_seconds_ = 0;
    std::size_t processes_ = 0;
    std::chrono::steady_clock::time_point read_at_;
};

}  // namespace homespun::seism
