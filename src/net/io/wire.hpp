#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/io/loop.hpp"
#include "net/io/tls_trust.hpp"

namespace homespun::net {

/// One connection of a client: a TCP or unix socket, with TLS over it once asked for. Lives on its loop's
/// thread. One operation at a time; errors are half sentences that say why ("no answer in time").
class Wire {
  public:
    struct Received {
        std::size_t size = 0;  ///< 0: the peer ended the connection as it should (with TLS: said so)
    };

    explicit Wire(Loop& loop);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Everything under way or begun later fails when the time is up; arming again begins anew.
    void arm(std::chrono::milliseconds timeout);
    void disarm();

    /// Looks the name up (without holding up the loop) and connects to the first address that answers.
    base::Task<base::Result<void>> connect(std::string host, std::uint16_t port);
    base::Task<base::Result<void>> connect_unix(std::string path);
    /// TLS from here on: the certificate must lead to `trust`, be in force and be made out to `host`, a name
    /// or a numeric address.
    base::Task<base::Result<void>> start_tls(TlsTrust& trust, std::string host);
    /// Sends all of it.
    base::Task<base::Result<void>> write(std::string_view bytes);
    base::Task<base::Result<Received>> read(std::span<char> buffer);
    [[nodiscard]] bool is_open() const;
    [[nodiscard]] bool timed_out() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace homespun::net
