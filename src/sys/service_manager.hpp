#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace homespun::sys {

/// Where notifications go.
struct NotifyAddress {
    sockaddr_un address{};
    socklen_t length = 0;
};

/// The address that $NOTIFY_SOCKET names: a path from the root, or with `@` in front a name in Linux's
/// abstract namespace. The error says what is wrong with it.
base::Result<NotifyAddress> notify_address(std::string_view name);

/// How long the manager waits for a sign of life before it ends the service, by $WATCHDOG_USEC and
/// $WATCHDOG_PID (null where not set); nothing when it does not wait, or for another process.
std::optional<std::chrono::microseconds> watchdog_limit(const char* microseconds, const char* pid, pid_t own);

/// systemd, or whoever else started us with NOTIFY_SOCKET in the environment, and wants to know how the
/// service is doing: sd_notify(3), the protocol, without its library. Copy freely; thread-safe.
class ServiceManager {
  public:
    /// Nobody.
    ServiceManager() = default;
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; where the first is missing, that is nobody.
    static base::Result<ServiceManager> from_environment();

    /// Sends assignments, one a line: READY=1, STOPPING=1, WATCHDOG=1, STATUS=text. Waits at most a second;
    /// no error when there is nobody to tell.
    [[nodiscard]] base::Result<void> tell(std::string_view assignments) const;
    /// The longest time that may lie between two WATCHDOG=1; nothing when nobody waits for them.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  private:
    std::optional<NotifyAddress> address_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace homespun::sys
