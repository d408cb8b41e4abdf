#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::net {

/// A numeric TCP address, ready for the kernel.
class TcpAddress {
  public:
    /// A host name (looked up, blocking; the first answer counts) or numeric address.
    static base::Result<TcpAddress> resolve(const std::string& host, std::uint16_t port);
    /// As `resolve`, for numeric hosts only: looks nothing up.
    static std::optional<TcpAddress> numeric(const std::string& host, std::uint16_t port);
    [[nodiscard]] bool is_ipv4_loopback() const;
    /// 127.0.0.1 + `number`, port chosen by the kernel: loopback has 16 million source addresses, each with
    /// its own 28,000 ports.
    static TcpAddress loopback_source(std::uint32_t number);
    /// `127.0.0.1:80`
    [[nodiscard]] std::string text() const;

  private:
    friend class StreamSocket;
    alignas(8) unsigned char storage_[28]{};
    unsigned size_ = 0;
};

/// A non-blocking TCP socket for engines that poll themselves. Owns its descriptor. Every call gives errno
/// as a value: 0 is success.
class StreamSocket {
  public:
    StreamSocket() = default;
    StreamSocket(StreamSocket&& other) noexcept;
    StreamSocket& operator=(StreamSocket&& other) noexcept;
    ~StreamSocket() { close(); }

    /// Takes over a connected, non-blocking socket with the options it has.
    static StreamSocket adopt(int descriptor);
    /// Begins to connect; the socket is writable when it is done (`error()` tells how). `source` is bound
    /// first when given. EMFILE/ENFILE: out of descriptors; EADDRNOTAVAIL: out of local ports.
    int connect(const TcpAddress& to, const TcpAddress* source = nullptr);
    /// 0: connected. EINPROGRESS: not yet. Else why it failed.
    [[nodiscard]] int error() const;

    struct Moved {
        std::size_t bytes = 0;
        int error = 0;     ///< EAGAIN: nothing now
        bool end = false;  ///< the peer has closed
    };
    /// `more`: the kernel may keep the last ones back until the next call, an end, `push`, or for 0.2 s.
    Moved send(std::string_view bytes, bool more = false);
    /// Sends what it keeps back.
    void push();
    Moved receive(std::span<char> into);

    /// Tells the peer that no more comes (FIN); it may go on sending.
    void end_sending();
    void close();
    /// Drops the connection with a reset: leaves no TIME_WAIT behind.
    void abort();
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  private:
    int descriptor_ = -1;
};

}  // namespace homespun::net
