#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.hpp"

namespace homespun::net {

struct TlsContext;

/// A certificate authority of this program's own, made when it starts: whoever is told to trust it accepts
/// certificates for any name. For tools that stand between a client and its server in a test. Thread-safe.
class LocalAuthority {
  public:
    /// Makes a key (P-256) and a certificate that is good for `days`.
    static base::Result<std::unique_ptr<LocalAuthority>> make(int days = 30);
    /// The one that `pem` holds (certificate and key, as `private_pem` gives them).
    static base::Result<std::unique_ptr<LocalAuthority>> load(const std::string& pem);
    ~LocalAuthority();
    LocalAuthority(const LocalAuthority&) = delete;
    LocalAuthority& operator=(const LocalAuthority&) = delete;

    /// The certificate, for those who shall trust it.
    [[nodiscard]] std::string certificate_pem() const;
    /// Certificate and key: whoever has this can pretend to be anybody towards those who trust it.
    [[nodiscard]] std::string private_pem() const;

    /// For src/net only: settings of a server that shows a certificate for `host` or for the name that the
    /// client asks for. Made once a name.
    base::Result<const TlsContext*> context_for(const std::string& host);

  private:
    struct Impl;
    explicit LocalAuthority(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::net
