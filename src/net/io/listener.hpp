#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::net {

/// Where to listen: `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000`, or `unix:/path/to/socket`.
struct Address {
    std::string host;  ///< numeric; empty for a unix socket
    std::uint16_t port = 0;
    std::string unix_path;

    static base::Result<Address> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    /// 127.0.0.0/8, ::1 and unix sockets: nobody from outside gets here.
    [[nodiscard]] bool is_loopback() const;
};

/// A bound, listening socket. Owns its descriptor (close-on-exec); a unix socket's file is left in place, for
/// the worker it was handed to may still use it.
class Listener {
  public:
    /// Port 0 takes a free one; `address()` then has it. A stale unix socket file (nobody answers) is
    /// replaced.
    static base::Result<Listener> open(const Address& address, int backlog = 2048);
    /// Takes over a descriptor that listens already (handed in by a parent).
    static base::Result<Listener> adopt(int descriptor);
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&& other) noexcept;
    ~Listener();

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] const Address& address() const { return address_; }
    int release();

  private:
    Listener(int descriptor, Address address) : descriptor_(descriptor), address_(std::move(address)) {}
    int descriptor_ = -1;
    Address address_;
};

}  // namespace homespun::net
