#pragma once
#include <memory>
#include <string>

#include "net/io/local_authority.hpp"
#include "net/io/tls_trust.hpp"

namespace homespun::seism {

/// How a proxy ends TLS in its middle.
struct TlsPlan {
    std::shared_ptr<net::LocalAuthority> authority;  ///< shows certificates to clients
    std::shared_ptr<net::TlsTrust> trust;            ///< vouches for the server
    std::string server_name;                         ///< that the server's certificate must be made out to
};

}  // namespace homespun::seism
