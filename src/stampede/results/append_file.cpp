#include "stampede/results/append_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace homespun::stampede {
namespace {

std::unexpected<base::Error> failure(std::string_view doing, const std::string& path) {
    return base::fail(fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      size_before_(other.size_before_) {}

AppendFile::~AppendFile() {
    close();
}

void AppendFile::close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

base::Result<void> AppendFile::open() {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) return failure("write", path_);
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) {
        auto error = failure("write", path_);
        close();
        return error;
    }
    size_ = size_before_ = status.st_size;
    return {};
}

base::Result<void> AppendFile::append(std::string_view text) {
    if (descriptor_ < 0) {
        if (auto opened = open(); !opened) return opened;
    }
    if (!write_all(descriptor_, text)) {
        auto error = failure("write", path_);
        // Half a line would spoil the next one. What cannot be cut back is a device, not a file.
        (void)!::ftruncate(descriptor_, size_);
        return error;
    }
    size_before_ = size_;
    size_ += static_cast<std::int64_t>(text.size());
    return {};
}

void AppendFile::undo() {
    if (descriptor_ >= 0) (void)!::ftruncate(descriptor_, size_before_);
    size_ = size_before_;
}

base::Result<FileLock> FileLock::take(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return failure("write", path);
    FileLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return failure("lock", path);
        char owner[32] = {};
        (void)!::pread(descriptor, owner, sizeof(owner) - 1, 0);
        return base::fail(
            fmt::format("{} is held by process {}", path, owner[0] != '\0' ? owner : "(unknown)"));
    }
    const auto mine = std::to_string(::getpid());
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, mine.data(), mine.size(), 0) != static_cast<ssize_t>(mine.size())) {
        return failure("write", path);
    }
    return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace homespun::stampede
