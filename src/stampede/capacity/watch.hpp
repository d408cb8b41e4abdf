#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "stampede/capacity/remote_watch.hpp"
#include "stampede/results/run.hpp"
#include "sys/processes.hpp"

namespace homespun::stampede {

/// One thing to look at while a run goes: some of pid, port and directory, or a `stampede watch` elsewhere.
struct Watched {
    std::string name;
    std::vector<int> pids;  ///< with their descendants; found anew every few seconds
    std::uint16_t port = 0;
    std::string directory;
    std::optional<Target> remote = {};

    /// `service=pid:1234,port:5000,dir:/var/lib/x`; every part may be left out but one. Or
    /// `other=http://host:5099`.
    static base::Result<Watched> parse(std::string_view text);
};

/// Reads CPU, memory, disks, descriptors and queues of processes, a sample a second. Not thread-safe.
class Watch {
  public:
    explicit Watch(std::vector<Watched> what);
    /// The figures since the last call.
    std::vector<ServerSample> sample();
    /// Between the last two calls of `sample`: cores of this machine that were idle, and cores that something
    /// else used than what is watched here. Nothing when a rate is not known.
    struct Machine {
        double idle_cores = 0, other_cores = 0;
    };
    [[nodiscard]] std::optional<Machine> machine() const { return machine_; }

  private:
    struct Before {
        double cpu_seconds = 0;
        std::optional<std::uint64_t> read_bytes, written_bytes;
        std::chrono::steady_clock::time_point at;
        std::vector<int> tree;
        int age = 0;  ///< samples since the tree was read
        std::size_t processes = 0;
    };
    void sample_machine(const std::vector<ServerSample>& watched_here);
    ServerSample sample_one(const Watched& watched, Before& before);

    std::vector<Watched> what_;
    std::vector<Before> before_;
    std::vector<std::unique_ptr<RemoteWatch>> remote_;
    std::optional<sys::MachineTime> machine_before_;
    std::chrono::steady_clock::time_point machine_at_;
    std::optional<Machine> machine_;
};

/// What listens on the port of a loopback target, as "service"; nothing when it cannot be found.
std::optional<Watched> watch_listener(std::uint16_t port);

}  // namespace homespun::stampede
