#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "seism/experiment/experiment.hpp"
#include "sys/child.hpp"

namespace homespun::seism {

/// The application that is looked at: one that we start, or one that is there. Not thread-safe.
class Application {
  public:
    /// `upstream` is where it listens, with port 0 it is found: in what the processes that we start listen
    /// on, the first that speaks HTTP; what it writes is appended to the file `output` when we start it.
    Application(const AppPlan& plan, HostPort upstream, std::string output);

    /// Sleeps so long; false: the run must end.
    using Nap = std::function<bool(std::chrono::milliseconds)>;

    /// Starts it when that is ours to do, and waits until it serves. The error says what it did instead.
    /// `environment` is set for it besides our own.
    base::Result<void> start(const std::vector<std::pair<std::string, std::string>>& environment,
                             const Nap& nap);
    /// Known once it was started.
    [[nodiscard]] const HostPort& upstream() const { return upstream_; }
    /// Where it listens, too, of a `upstream` that was found.
    [[nodiscard]] const std::vector<HostPort>& others() const { return others_; }
    /// Of the process to watch; 0: not known (another machine's, another user's).
    [[nodiscard]] int pid() const { return pid_; }
    /// How the process ended since `start`, for people; nothing while it lives or is not known.
    [[nodiscard]] std::optional<std::string> ended();
    [[nodiscard]] bool is_ours() const { return !plan_.command.empty(); }
    /// Ends it when it is ours, with the signal of the plan, in the end by force.
    void stop();

  private:
    base::Result<void> wait_until_ready(const Nap& nap);
    bool serves();
    bool find_front();
    /// What is waited for, for people.
    [[nodiscard]] std::string awaited() const;
    base::Result<void> find();

    const AppPlan plan_;
    HostPort upstream_;
    std::vector<HostPort> others_;
    const std::string output_;
    std::optional<sys::Child> child_;
    int pid_ = 0;
    std::uint64_t started_ = 0;
};

}  // namespace homespun::seism
