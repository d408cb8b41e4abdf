#include "command_lease.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace homespun;

namespace {

/// The name, or the number where nobody has it.
std::string user_name(uid_t user) {
    const auto* known = ::getpwuid(user);
    return known != nullptr ? std::string(known->pw_name) : fmt::format("#{}", user);
}

}  // namespace

base::Result<void> may_write_files(const std::string& data) {
    struct stat directory{};
    const bool is_known = ::stat(data.c_str(), &directory) == 0;
    if (is_known && ::geteuid() == 0 && directory.st_uid != 0) {
        const auto owner = user_name(directory.st_uid);
        return base::fail(fmt::format(
            "{} belongs to {}, and what root writes there its server could not open; nothing was changed. "
            "Run the command as that user: sudo -u {} homespun …",
            data, owner, owner));
    }
    return {};
}

base::Result<sys::Lease> take_lease_to_write(const std::string& data) {
    if (auto fine = may_write_files(data); !fine) return std::unexpected(fine.error());
    return sys::Lease::take(data);
}
