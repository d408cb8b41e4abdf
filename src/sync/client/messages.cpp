#include "sync/client/messages.hpp"

#include <fmt/format.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/hawk.hpp"
#include "base/json.hpp"
#include "net/http/url.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/auth/public_url.hpp"

namespace homespun::sync::client {

base::Result<ServerAddress> ServerAddress::parse(std::string_view url) {
    const auto parsed = auth::PublicUrl::parse(url);
    if (!parsed) return std::unexpected(parsed.error());
    const std::string host(net::http::without_brackets(parsed->host));
    return ServerAddress{net::Endpoint{host, parsed->port, {}, parsed->scheme == "https"}, parsed->path};
}

void sign(net::ClientRequest& request, const net::Endpoint& endpoint, std::string_view id,
          std::string_view key, const base::Clock& clock, base::Random& random, bool payload) {
    base::hawk::Header header;
    header.id = id;
    header.ts = std::to_string(clock.now_ms() / 1000);
    header.nonce = base::base64_encode(random.bytes(9), base::Base64::url_nopad);
    if (payload && !request.body.empty()) {
        header.hash =
            base::hawk::payload_hash(request.headers.find("Content-Type").value_or(""), request.body);
    }
    request.headers.set(
        "Authorization",
        base::hawk::sign(key, header, {request.method, request.target, endpoint.host, endpoint.port}));
}

std::string create_body(std::string_view email, std::string_view auth, std::string_view client_salt,
                        std::string_view invite) {
    std::string body;
    base::json::Writer writer(body);
    writer.begin_object()
        .member("email", email)
        .member("authPW", std::string_view(base::hex_encode(auth)))
        .member("version", 2)
        .member("clientSalt", client_salt);
    if (!invite.empty()) writer.member("invite", invite);
    writer.end_object();
    return body;
}

std::string login_body(std::string_view email, std::string_view auth) {
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("email", email)
        .member("authPW", std::string_view(base::hex_encode(auth)))
        .member("version", 2)
        .end_object();
    return body;
}

std::string key_id_header(std::string_view key_b, std::int64_t keys_changed_at_ms) {
    return accounts::sync_scoped_key(key_b, keys_changed_at_ms).kid;
}

base::Result<StorageAccess> parse_storage_access(std::string_view body) {
    const auto json = base::json::parse(body);
    const auto* id = json ? json->string("id") : nullptr;
    const auto* key = json ? json->string("key") : nullptr;
    const auto* uid = json ? json->integer("uid") : nullptr;
    const auto* endpoint = json ? json->string("api_endpoint") : nullptr;
    const auto* duration = json ? json->integer("duration") : nullptr;
    if (!id || !key || !uid || !endpoint || !duration) {
        return base::fail("the token server's answer lacks id, key, uid, api_endpoint or duration");
    }
    auto address = ServerAddress::parse(*endpoint);
    if (!address) return std::unexpected(address.error());
    return StorageAccess{*id, *key, static_cast<std::uint64_t>(*uid), std::move(*address), *duration};
}

std::string describe_failure(const net::http::ClientResponse& response) {
    constexpr std::size_t shown = 200;
    const auto json = base::json::parse(response.body);
    const auto* errno_ = json ? json->integer("errno") : nullptr;
    const auto* message = json ? json->string("message") : nullptr;
    if (errno_ && message) return fmt::format("{} errno {}: {}", response.status, *errno_, *message);
    return fmt::format("{}: {}", response.status, response.body.substr(0, shown));
}

}  // namespace homespun::sync::client
