#pragma once
#include <chrono>

#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// Where requests come from, and who puts them on record. Thread-safe.
class Traffic {
  public:
    virtual ~Traffic() = default;
    /// How long an answer may take before it counts as none.
    virtual void set_patience(std::chrono::milliseconds patience) = 0;
    /// Whether a request that started before `at` is still under way.
    [[nodiscard]] virtual bool waits_for(Micros at) = 0;
};

}  // namespace homespun::seism
