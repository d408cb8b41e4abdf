#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "seism/experiment/experiment.hpp"
#include "seism/recorder/golden.hpp"
#include "seism/recorder/record.hpp"
#include "seism/run/traffic.hpp"

namespace homespun::seism {

/// Makes the requests of an experiment's traffic at its rate, on a thread of its own, and records what
/// becomes of each. The rate does not wait for answers, so that a slow application is seen as slow by all who
/// would have come meanwhile. Connections are kept as long as the application keeps them; a request on a kept
/// one that turns out closed is made anew once.
class Driver final : public Traffic {
  public:
    /// `record` outlives it.
    static base::Result<std::unique_ptr<Driver>> start(const HostPort& to, const TrafficPlan& plan,
                                                       std::uint64_t seed, Record& record);
    /// Gives up what is under way, untold.
    ~Driver() override;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    void set_patience(std::chrono::milliseconds patience) override;
    [[nodiscard]] bool waits_for(Micros at) override;

  private:
    struct Impl;
    explicit Driver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::seism
