#include "sys/cef_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace homespun::sys {
namespace {

std::string host_name() {
    std::array<char, 65> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != 0 ? name.data() : "localhost";
}

int open_log(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

bool is_at(int descriptor, const std::string& path) {
    struct stat ours{}, theirs{};
    return ::fstat(descriptor, &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

}  // namespace

CefFile::CefFile(std::string path, base::cef::Device device, const base::Clock& clock, base::Logger& logger)
    : path_(std::move(path)),
      host_(host_name()),
      device_(std::move(device)),
      clock_(clock),
      logger_(logger) {}

CefFile::~CefFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

base::Result<std::unique_ptr<CefFile>> CefFile::open(std::string path, base::cef::Device device,
                                                     const base::Clock& clock, base::Logger& logger) {
    std::unique_ptr<CefFile> file{new CefFile(std::move(path), std::move(device), clock, logger)};
    file->descriptor_ = open_log(file->path_);
    if (file->descriptor_ < 0) return base::fail("cannot write " + file->path_ + ": " + std::strerror(errno));
    return file;
}

int CefFile::current() {
    if (descriptor_ >= 0 && is_at(descriptor_, path_)) return descriptor_;
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = open_log(path_);
    return descriptor_;
}

void CefFile::lost(int error) {
    if (!losing_)
        logger_.error("cef_lost", {{"file", path_}, {"error", std::string_view{std::strerror(error)}}});
    losing_ = true;
}

void CefFile::write(const base::cef::Event& event) {
    auto line = base::cef::format(device_, clock_.now_ms(), host_, event);
    if (line.dropped > 0)
        logger_.warning("cef_shortened", {{"name", event.name}, {"dropped", std::int64_t(line.dropped)}});
    line.text += '\n';
    const std::lock_guard lock{mutex_};
    const int descriptor = current();
    if (descriptor < 0) return lost(errno);
    const auto size = ::write(descriptor, line.text.data(), line.text.size());
    if (size != static_cast<ssize_t>(line.text.size())) return lost(size < 0 ? errno : ENOSPC);
    losing_ = false;
}

CefSyslog::CefSyslog(base::cef::Device device, const base::Clock& clock)
    : host_(host_name()), device_(std::move(device)), clock_(clock) {}

void CefSyslog::write(const base::cef::Event& event) {
    const auto line = base::cef::format(device_, clock_.now_ms(), host_, event);
    ::syslog(LOG_LOCAL4 | LOG_INFO, "%s", line.text.c_str());
}

}  // namespace homespun::sys
