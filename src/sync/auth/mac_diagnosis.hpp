#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/hawk.hpp"
#include "net/http/message.hpp"
#include "sync/auth/public_url.hpp"

namespace homespun::sync::auth {

/// What a client did not sign as we expected, in the words of docs/reasons.md, and what to do about it.
struct MacDiagnosis {
    std::string
        reason;  ///< `mac_host`, `mac_port`, `mac_prefix`, `mac_method`, `mac_target`, `mac_key`, `bad_mac`
    std::string hint;  ///< for the log only: it repeats hosts and paths that the client has signed
};

/// Another key the client may have used, and what it is called.
struct OtherKey {
    std::string key;
    std::string_view what;
};

/// Finds out which part of the MAC's input disagreed, by trying what usually goes wrong: the host and port of
/// Host, of X-Forwarded-Host and of every public URL, the default ports, the prefix of a proxy, another
/// method, the query, a slash, a decoded path, another key. For requests that were refused already: some 150
/// HMACs at most, and none at all for targets above 2 KiB. `expected` is the URL that was checked. Pure.
MacDiagnosis diagnose_mac(const base::hawk::Header& header, std::string_view key,
                          const net::http::Request& request, const PublicUrl& expected,
                          const PublicUrls& known, std::span<const OtherKey> other_keys = {});

}  // namespace homespun::sync::auth
