#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "seism/experiment/experiment.hpp"
#include "seism/recorder/record.hpp"

namespace homespun::seism {

/// The proxies between the application and its back-ends, and what they see. One perturbation of a back at a
/// time. The calls are for one thread.
class BackProxies {
  public:
    /// Takes the ports. The error says which is not free. `record` outlives it.
    static base::Result<std::unique_ptr<BackProxies>> open(const Experiment& experiment, Record& record);
    /// Takes back what is perturbed, ends all connections, frees the ports.
    ~BackProxies();
    BackProxies(const BackProxies&) = delete;
    BackProxies& operator=(const BackProxies&) = delete;

    /// Switches it on, after it is on record: no request can be misfiled. Nothing else is armed at
    /// this back.
    base::Result<void> arm(const Perturbation& perturbation);
    /// Switches off what is armed at this back, and tells what it did. `settled` is left open. At a closed
    /// port nobody sees who knocks: bites are then those connections that ended with it, and as many as the
    /// application made in as long a time before (`usual_connections`).
    Cycle stop(std::size_t back, std::uint64_t usual_connections);

    /// Why a real back-end could not be reached since `from`; nothing when each could.
    [[nodiscard]] std::optional<std::string> failed_since(Micros from) const;
    /// `failed_since` needs nothing from before that time.
    void forget(Micros before);
    /// Where a back's proxy listens, with the port that was free where none was asked for.
    [[nodiscard]] HostPort listen(std::size_t back) const;
    /// Connections that the application has made to a back, so far.
    [[nodiscard]] std::uint64_t accepted(std::size_t back) const;

  private:
    struct Impl;
    explicit BackProxies(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::seism
