#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "net/http/parser.hpp"
#include "net/io/client.hpp"

/// The pure half of our Sync client: what to send and what the answers mean (accounts sheet, 4-8). No I/O.
namespace homespun::sync::client {

/// Where a server is, cut out of a URL: whom to connect to and what to sign.
struct ServerAddress {
    net::Endpoint endpoint;
    std::string path;  ///< prefix without trailing slash
    /// `http[s]://host[:port][/path]`.
    static base::Result<ServerAddress> parse(std::string_view url);
};

/// A session and the keys of its account.
struct SignedIn {
    std::string uid;            ///< 32 hex digits
    std::string session_token;  ///< 32 bytes
    std::string key_b;          ///< 32 bytes; never leaves the client
    std::int64_t keys_changed_at_ms = 0;
};

/// What the token server handed out.
struct StorageAccess {
    std::string id, key;  ///< of Hawk; the key is used as text
    std::uint64_t uid = 0;
    ServerAddress endpoint;
    std::int64_t duration_s = 0;
};

/// Adds a Hawk header to `request`, whose target and body are final. `payload` covers the body with a hash,
/// which the accounts want and storage ignores. The id is hex of 32 bytes for sessions, the token itself for
/// storage.
void sign(net::ClientRequest& request, const net::Endpoint& endpoint, std::string_view id,
          std::string_view key, const base::Clock& clock, base::Random& random, bool payload);

/// Body of account/create; `auth` and `client_salt` as keys.hpp makes them.
std::string create_body(std::string_view email, std::string_view auth, std::string_view client_salt,
                        std::string_view invite);
std::string login_body(std::string_view email, std::string_view auth);

/// The value of X-KeyID for these keys.
std::string key_id_header(std::string_view key_b, std::int64_t keys_changed_at_ms);

/// The answer of the token server.
base::Result<StorageAccess> parse_storage_access(std::string_view body);

/// "400 errno 103: …" of an accounts error, or the status with the beginning of the body.
std::string describe_failure(const net::http::ClientResponse& response);

}  // namespace homespun::sync::client
