#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/io/local_authority.hpp"
#include "net/io/tls_trust.hpp"

namespace homespun::net {

/// One side of a TLS connection without its socket: bytes of the peer in, bytes for the peer out. For engines
/// that poll themselves. One thread at a time.
class TlsSession {
  public:
    /// Whoever calls: the peer must be vouched for by `trust` and be `host`. Begins at once: there is output.
    static base::Result<TlsSession> client(const TlsTrust& trust, const std::string& host);
    /// Whoever is called: shows a certificate of `authority` for the name that the peer asks for, or for
    /// `host` when it asks for none. `authority` outlives it.
    static base::Result<TlsSession> server(LocalAuthority& authority, const std::string& host);
    TlsSession(TlsSession&&) noexcept;
    TlsSession& operator=(TlsSession&&) noexcept;
    ~TlsSession();

    /// Takes what the peer sent and appends what it says to `said`. An error ends the session.
    base::Result<void> receive(std::string_view bytes, std::string& said);
    /// Says something; only when established.
    void say(std::string_view text);
    /// Tells the peer that no more comes.
    void end();
    /// What must be sent to the peer; empties it.
    [[nodiscard]] std::string take_output();

    [[nodiscard]] bool is_established() const;
    /// The peer has said that no more comes.
    [[nodiscard]] bool has_ended() const;

  private:
    struct Impl;
    explicit TlsSession(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::net
