#include "sys/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/key_pair.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sys {
namespace {

std::unexpected<base::Error> failure(std::string_view doing, const std::string& path) {
    return base::fail(fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(descriptor, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

base::Result<std::string> read_file(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return failure("read", path);
    std::string content;
    char buffer[16384];
    while (true) {
        const auto got = ::read(file.get(), buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure("read", path);
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
    }
}

base::Result<std::string> read_secret(const std::string& path) {
    auto text = read_file(path);
    if (!text) return text;
    const base::Wiped whole(std::move(*text));
    auto line = whole.view().substr(0, whole.view().find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return base::fail(fmt::format("the first line of {} is empty", path));
    return std::string(line);
}

base::Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
    const auto temporary = path + ".new";
    {
        const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
        if (file.get() < 0) return failure("write", temporary);
        // An old leftover keeps its mode on open: set it, before anything secret is inside.
        if (::fchmod(file.get(), mode) != 0 || !write_all(file.get(), content) || ::fsync(file.get()) != 0) {
            auto error = failure("write", temporary);
            ::unlink(temporary.c_str());
            return error;
        }
    }
    auto renamed = rename_durably(temporary, path);
    if (!renamed) ::unlink(temporary.c_str());  // there no more when only the directory was not synced
    return renamed;
}

base::Result<void> make_private_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::path whole;
    for (const auto& step : std::filesystem::path(path).lexically_normal()) {
        if (step.empty()) continue;  // behind a last slash
        whole /= step;
        if (std::filesystem::exists(whole, error)) continue;
        if (::mkdir(whole.c_str(), 0700) != 0 && errno != EEXIST) return failure("make the directory", whole);
    }
    if (!std::filesystem::is_directory(whole, error)) {
        return base::fail(fmt::format("{} is no directory; choose another with --data", path));
    }
    if (::access(whole.c_str(), R_OK | W_OK | X_OK) != 0) {
        return base::fail(fmt::format(
            "the data directory {} cannot be written: {}; change its owner or choose another with "
            "--data",
            path, std::strerror(errno)));
    }
    return {};
}

base::Result<void> make_private_file(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return failure("make", path);
    return {};
}

base::Result<void> copy_file(const std::string& from, const std::string& to) {
    const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (source.get() < 0) return failure("read", from);
    const Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (target.get() < 0) return failure("make", to);
    const auto give_up = [&to](std::unexpected<base::Error> why) {
        ::unlink(to.c_str());
        return why;
    };
    std::string buffer(std::size_t{1} << 20, '\0');
    while (true) {
        const auto got = ::read(source.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return give_up(failure("read", from));
        if (got == 0) break;
        if (!write_all(target.get(), std::string_view(buffer).substr(0, static_cast<std::size_t>(got))))
            return give_up(failure("write", to));
    }
    if (::fsync(target.get()) != 0) return give_up(failure("sync", to));
    return {};
}

base::Result<void> sync_path(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0 || ::fsync(file.get()) != 0) return failure("sync", path);
    return {};
}

base::Result<void> rename_durably(const std::string& from, const std::string& to, Taken taken) {
    const unsigned flags = taken == Taken::refuse ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0)
        return failure(fmt::format("rename {} to", from), to);
    const auto parent = std::filesystem::path(to).parent_path().string();
    return sync_path(parent.empty() ? "." : parent);
}

base::Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
    Descriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file.get() < 0) return failure("open", directory);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return failure("lock", directory);
    return DirectoryLock(std::move(file));
}

base::Result<FileLock> FileLock::wait(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) return failure("open", path);
    while (::flock(file.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return failure("lock", path);
    }
    return FileLock(std::move(file));
}

base::Result<Lease> Lease::take(const std::string& directory) {
    const auto path = directory + "/lease";
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) return failure("open", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && !HOMESPUN_PLANTED_FAULT("share_the_directory")) {
        char owner[32] = {};
        (void)!::pread(file.get(), owner, sizeof(owner) - 1, 0);
        return base::fail(
            fmt::format("the data directory {} is in use by process {}; stop that one or choose another with "
                        "--data",
                        directory, owner[0] != '\0' ? owner : "(unknown)"));
    }
    const auto mine = std::to_string(::getpid());
    (void)!::ftruncate(file.get(), 0);
    (void)!::pwrite(file.get(), mine.data(), mine.size(), 0);
    return Lease(std::move(file));
}

}  // namespace homespun::sys
