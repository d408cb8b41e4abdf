// Preloaded (LD_PRELOAD) into a server under test: makes its disk fail, for files below one directory.
//
//   HOMESPUN_DISK_BELOW   the directory
//   HOMESPUN_DISK_FAULT   a file; while it exists, its first word says what is wrong:
//                         ENOSPC  no write finds room (as on a copy-on-write file system)
//                         EROFS   the file system has become read-only
//                         EACCES  nothing may be made or opened for writing; what is open goes on
//                         EIO     syncs fail
//   HOMESPUN_KILL_WRITE   END:N: at the nth write to a file whose name ends in END, half of it is done and
//   the
//                         process ends by SIGKILL
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

template <class Function>
Function next_of(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

#define NEXT(name) static const auto next = next_of<decltype(&name)>(#name)

std::string_view setting(const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? std::string_view() : text;
}

std::string path_of(int descriptor) {
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    char path[4096];
    const auto length = readlink(link.c_str(), path, sizeof(path));
    return {path, length > 0 ? static_cast<std::size_t>(length) : 0};
}

/// The errno in force, 0 when all is well.
int fault() {
    static const std::string marker(setting("HOMESPUN_DISK_FAULT"));
    static const auto open_file = next_of<int (*)(const char*, int, ...)>("open64");
    if (marker.empty()) return 0;
    const int file = open_file(marker.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char word[16] = {};
    const auto length = read(file, word, sizeof(word) - 1);
    close(file);
    const std::string_view text(word, length > 0 ? static_cast<std::size_t>(length) : 0);
    if (text.starts_with("ENOSPC")) return ENOSPC;
    if (text.starts_with("EROFS")) return EROFS;
    if (text.starts_with("EACCES")) return EACCES;
    return text.starts_with("EIO") ? EIO : 0;
}

bool is_below(std::string_view path) {
    static const std::string below(setting("HOMESPUN_DISK_BELOW"));
    return !below.empty() && path.starts_with(below);
}

bool refuse(int error) {
    errno = error;
    return true;
}

bool refuses_write(int descriptor) {
    const int error = fault();
    if (error != ENOSPC && error != EROFS) return false;
    return is_below(path_of(descriptor)) && refuse(error);
}

bool refuses_open(const char* path, int flags) {
    const int error = fault();
    if (error == 0 || error == EIO || !is_below(path)) return false;
    const bool makes = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    const bool writes = (flags & O_ACCMODE) != O_RDONLY && error != ENOSPC;
    return (makes || writes) && refuse(error);
}

/// Of names: making, removing, renaming.
bool refuses_change(const char* path, bool needs_room) {
    const int error = fault();
    if (error == 0 || error == EIO || (error == ENOSPC && !needs_room)) return false;
    return is_below(path) && refuse(error);
}

bool refuses_sync(int descriptor) {
    return fault() == EIO && is_below(path_of(descriptor)) && refuse(EIO);
}

/// Whether this is the write at which the process is to end.
bool is_last_write(int descriptor) {
    static const std::string order(setting("HOMESPUN_KILL_WRITE"));
    static const auto colon = order.find(':');
    static std::atomic<int> writes{0};
    if (colon == std::string::npos) return false;
    if (!path_of(descriptor).ends_with(order.substr(0, colon))) return false;
    return ++writes == std::atoi(order.c_str() + colon + 1);
}

}  // namespace

extern "C" {

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t at) {
    NEXT(pwrite64);
    if (is_last_write(descriptor)) {
        next(descriptor, bytes, count / 2, at);
        raise(SIGKILL);
    }
    return refuses_write(descriptor) ? -1 : next(descriptor, bytes, count, at);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
    NEXT(write);
    return refuses_write(descriptor) ? -1 : next(descriptor, bytes, count);
}

int ftruncate64(int descriptor, off64_t size) noexcept {
    NEXT(ftruncate64);
    return refuses_write(descriptor) ? -1 : next(descriptor, size);
}

int fdatasync(int descriptor) {
    NEXT(fdatasync);
    return refuses_sync(descriptor) ? -1 : next(descriptor);
}

int fsync(int descriptor) {
    NEXT(fsync);
    return refuses_sync(descriptor) ? -1 : next(descriptor);
}

int open64(const char* path, int flags, ...) {
    NEXT(open64);
    va_list more;
    va_start(more, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return refuses_open(path, flags) ? -1 : next(path, flags, mode);
}

int open(const char* path, int flags, ...) {
    NEXT(open);
    va_list more;
    va_start(more, flags);
    const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return refuses_open(path, flags) ? -1 : next(path, flags, mode);
}

int mkdir(const char* path, mode_t mode) noexcept {
    NEXT(mkdir);
    return refuses_change(path, true) ? -1 : next(path, mode);
}

int unlink(const char* path) noexcept {
    NEXT(unlink);
    return refuses_change(path, false) ? -1 : next(path);
}

int rename(const char* from, const char* to) noexcept {
    NEXT(rename);
    return refuses_change(to, true) ? -1 : next(from, to);
}
}
