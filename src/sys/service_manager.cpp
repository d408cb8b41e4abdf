#include "sys/service_manager.hpp"

#include <fmt/format.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.hpp"

namespace homespun::sys {

base::Result<NotifyAddress> notify_address(std::string_view name) {
    NotifyAddress to;
    to.address.sun_family = AF_UNIX;
    const bool abstract = name.starts_with('@');
    if (!abstract && !name.starts_with('/')) {
        return base::fail(
            fmt::format("NOTIFY_SOCKET must be a path from the root or @name, not \"{}\"", name));
    }
    // A path ends with a zero byte, an abstract name begins with one and ends where its length says.
    const std::size_t room = sizeof(to.address.sun_path) - (abstract ? 0 : 1);
    if (name.size() < 2 || name.size() > room) {
        return base::fail(
            fmt::format("NOTIFY_SOCKET must have 2 to {} bytes, \"{}\" has {}", room, name, name.size()));
    }
    std::memcpy(to.address.sun_path, name.data(), name.size());
    if (abstract) to.address.sun_path[0] = '\0';
    to.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
    return to;
}

std::optional<std::chrono::microseconds> watchdog_limit(const char* microseconds, const char* pid,
                                                        pid_t own) {
    if (microseconds == nullptr) return std::nullopt;
    if (pid != nullptr && base::parse_integer<pid_t>(pid) != own) return std::nullopt;
    const auto limit = base::parse_integer<std::int64_t>(microseconds);
    if (!limit || *limit <= 0) return std::nullopt;
    return std::chrono::microseconds(*limit);
}

base::Result<ServiceManager> ServiceManager::from_environment() {
    ServiceManager manager;
    const char* const name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr || *name == '\0') return manager;
    auto address = notify_address(name);
    if (!address) return std::unexpected(address.error());
    manager.address_ = *address;
    manager.watchdog_ = watchdog_limit(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), getpid());
    return manager;
}

base::Result<void> ServiceManager::tell(std::string_view assignments) const {
    if (!address_) return {};
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return base::fail(fmt::format("no socket for the service manager: {}", std::strerror(errno)));
    const timeval second{1, 0};  // a manager that does not read must not stop the service
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
    const auto sent = sendto(descriptor, assignments.data(), assignments.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address_->address), address_->length);
    const int reason = errno;
    close(descriptor);
    if (sent < 0)
        return base::fail(fmt::format("cannot tell the service manager: {}", std::strerror(reason)));
    return {};
}

}  // namespace homespun::sys
