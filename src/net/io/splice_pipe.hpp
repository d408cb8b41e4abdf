#pragma once
#include <cstddef>
#include <optional>
#include <span>

#include "net/io/stream_socket.hpp"

namespace homespun::net {

/// Moves bytes from one socket to another by splice(2), without a copy in this process. Owns two descriptors.
/// It is filled only when it is empty: that a fill has nothing to take is then the socket's doing. Not
/// thread-safe.
class SplicePipe {
  public:
    /// Nothing: out of descriptors, or of what one user's pipes may hold.
    static std::optional<SplicePipe> open();
    SplicePipe(SplicePipe&& other) noexcept;
    SplicePipe& operator=(SplicePipe&&) = delete;
    ~SplicePipe();

    /// Takes what has come; as StreamSocket::receive.
    StreamSocket::Moved fill(const StreamSocket& from);
    /// Gives what it holds, as far as there is room; as StreamSocket::send.
    StreamSocket::Moved drain(const StreamSocket& to);
    /// Takes out what it holds, as bytes; 0 when it is empty.
    std::size_t read(std::span<char> into);
    [[nodiscard]] std::size_t held() const { return held_; }

  private:
    SplicePipe(int read_end, int write_end) : read_end_(read_end), write_end_(write_end) {}
    int read_end_, write_end_;
    std::size_t held_ = 0;
};

}  // namespace homespun::net
