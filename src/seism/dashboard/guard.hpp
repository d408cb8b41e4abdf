#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "net/http/message.hpp"

namespace homespun::seism {

/// A request that is turned away, and what its sender is told.
struct TurnedAway {
    int status;
    std::string text;
};

/// Whether a request comes from somebody at this machine and, when a browser sends it, from our own page.
/// Nobody has to sign in, so this is all that stands between the proxies and any page the same browser has
/// open. Nothing: it does.
///
/// - `Host` must be a name of this machine. A page whose name was made to point here (DNS rebinding) has its
///   own name there. Any port: somebody may come through a tunnel.
/// - `Origin`, when it is there, must be that host; `Sec-Fetch-Site` must not tell of another site. A link
///   from elsewhere may lead to the page itself.
/// - What is no GET or HEAD must have the Origin, and `token` in X-Seism-Token: only our page knows it.
///
/// Pure.
[[nodiscard]] std::optional<TurnedAway> turn_away(const net::http::Request& request, std::string_view token);

}  // namespace homespun::seism
