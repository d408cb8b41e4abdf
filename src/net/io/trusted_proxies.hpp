#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http/headers.hpp"

namespace homespun::net {

/// Which peers may say whom they speak for. Immutable, thread-safe.
class TrustedProxies {
  public:
    TrustedProxies() = default;
    /// Each entry is an address (`10.0.0.1`, `::1`), a network (`10.0.0.0/8`, `fd00::/8`) or `unix`, which
    /// means every peer of a unix socket.
    static base::Result<TrustedProxies> parse(const std::vector<std::string>& entries);

    /// Whom a request is from: `peer`, or, when that is a trusted proxy, the rightmost address of
    /// X-Forwarded-For (without one: of Forwarded, RFC 7239) that is no trusted proxy itself; the leftmost
    /// when all are. Each hop adds the peer it saw at the right, so that what a client makes up stands left
    /// of it. An entry that is no address ends the search: then the hop that wrote it counts. An IPv4 address
    /// in IPv6's form comes out as IPv4.
    [[nodiscard]] std::string client_of(const std::string& peer, const http::Headers& headers) const;
    [[nodiscard]] bool trusts(std::string_view peer) const;
    [[nodiscard]] bool empty() const { return networks_.empty() && !unix_; }

  private:
    using Bytes = std::array<unsigned char, 16>;  ///< IPv4 as ::ffff:a.b.c.d
    struct Network {
        Bytes address;
        int bits;
    };
    std::vector<Network> networks_;
    bool unix_ = false;
};

}  // namespace homespun::net
