#include "net/io/splice_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace homespun::net {
namespace {

constexpr int pipe_bytes = 256 << 10;

}  // namespace

std::optional<SplicePipe> SplicePipe::open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
    SplicePipe pipe(ends[0], ends[1]);
    // Beyond pipe-user-pages-soft the kernel gives pipes of a page or two, which are worse than copying.
    if (::fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes) < pipe_bytes) return std::nullopt;
    return pipe;
}

SplicePipe::SplicePipe(SplicePipe&& other) noexcept
    : read_end_(std::exchange(other.read_end_, -1)),
      write_end_(std::exchange(other.write_end_, -1)),
      held_(std::exchange(other.held_, 0)) {}

SplicePipe::~SplicePipe() {
    if (read_end_ >= 0) ::close(read_end_);
    if (write_end_ >= 0) ::close(write_end_);
}

StreamSocket::Moved SplicePipe::fill(const StreamSocket& from) {
    const auto got = ::splice(from.descriptor(), nullptr, write_end_, nullptr, pipe_bytes,
                              SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got < 0) return {0, errno, false};
    held_ += static_cast<std::size_t>(got);
    return {static_cast<std::size_t>(got), 0, got == 0};
}

StreamSocket::Moved SplicePipe::drain(const StreamSocket& to) {
    const auto sent =
        ::splice(read_end_, nullptr, to.descriptor(), nullptr, held_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (sent < 0) return {0, errno, false};
    held_ -= static_cast<std::size_t>(sent);
    return {static_cast<std::size_t>(sent), 0, false};
}

std::size_t SplicePipe::read(std::span<char> into) {
    if (held_ == 0) return 0;
    const auto got = ::read(read_end_, into.data(), into.size());
    if (got <= 0) return 0;
    held_ -= static_cast<std::size_t>(got);
    return static_cast<std::size_t>(got);
}

}  // namespace homespun::net
