#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sys/scratch_folder_fixture.hpp"

namespace homespun::tests {

/// What a command printed and how it ended.
struct Finished {
    int status = -1;     ///< exit status, or -signal
    std::string output;  ///< standard output and error together
};

/// Runs the program under test to its end. `environment`: more of it, as NAME=VALUE.
Finished run_homespun(std::vector<std::string> arguments, const std::vector<std::string>& environment = {});

/// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

/// `homespun serve` on a port of its own, ended with the object.
class RunningServer {
  public:
    /// Waits until it answers; `ready()` tells whether it did.
    /// `environment`: more of it, as NAME=VALUE.
    RunningServer(const std::string& data, std::vector<std::string> more, std::uint16_t port = free_port(),
                  const std::vector<std::string>& environment = {});
    ~RunningServer();
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string root() const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// TERM, and wait: the exit status, or -signal.
    int stop();
    /// TERM, without waiting.
    void ask_to_stop() const;
    /// KILL, and wait.
    void kill_now();
    /// Exit status, or -signal, if it ends within `limit`; then it is no longer waited for.
    std::optional<int> ended(std::chrono::milliseconds limit);
    [[nodiscard]] std::string output() const;
    /// True when it answers on /__lbheartbeat__ within `seconds`.
    [[nodiscard]] bool answers(int seconds) const;

  private:
    sys::ScratchFolder scratch_;
    pid_t pid_ = -1;
    std::uint16_t port_;
    bool ready_ = false;
};

}  // namespace homespun::tests
