#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/io/loop.hpp"
#include "sys/service_manager.hpp"

namespace homespun::barrel {

/// What a worker says of its own life.
enum class Life : char {
    ready = 'R',     ///< it serves
    alive = 'A',     ///< all its loops turn
    stopping = 'S',  ///< it takes no more work
};

/// What the service manager is told of it: `READY=1` and the like, with `status`, one line for people, unless
/// that is empty.
std::string notification(Life life, std::string_view status);

/// Tells the service manager; what cannot be told goes to standard error.
void notify(const sys::ServiceManager& manager, std::string_view assignments);

/// The manager that the environment names; a name that cannot be is told on standard error, and there is
/// none.
sys::ServiceManager service_manager();

/// How often to give a sign of life to a manager that waits for them: at half the time it waits. 0: it does
/// not.
std::chrono::milliseconds pulse_of(const sys::ServiceManager& manager);

/// Finds out whether all loops still turn. Of one thread; the loops outlive its last `beat`. What that gave
/// them may be left over when both have ended.
class Pulse {
  public:
    explicit Pulse(std::vector<net::Loop*> loops);
    /// True when every loop has come to what the last call gave it; then gives them something anew.
    bool beat();

  private:
    std::vector<net::Loop*> loops_;
    std::shared_ptr<std::atomic<std::size_t>> outstanding_;  // what a loop was given may outlive us
};

/// Who hears of a worker's life.
using Tell = std::function<void(Life, std::string_view status)>;

/// Says that the worker is ready, then every `pulse` (0: never) that it is alive if all loops turn, and when
/// SIGTERM or SIGINT has come, that it is stopping; then returns. The signals must be blocked.
void live_until_told(const Tell& tell, std::chrono::milliseconds pulse, std::vector<net::Loop*> loops,
                     std::string_view status);

}  // namespace homespun::barrel
