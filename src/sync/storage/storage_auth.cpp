#include "sync/storage/storage_auth.hpp"

#include "base/hawk.hpp"
#include "base/text.hpp"

namespace homespun::sync::storage {
namespace {

std::unexpected<barrel::Problem> refuse(std::string reason, std::string detail) {
    return std::unexpected(
        barrel::Problem{.status = 401, .reason = std::move(reason), .detail = std::move(detail)});
}

}  // namespace

std::expected<StorageUser, barrel::Problem> StorageAuth::authenticate(const barrel::Context& context) const {
    const auto& request = context.request();
    const auto now_ms = clock_.now_ms();
    const auto value = request.headers.find("Authorization");
    if (!value) return refuse("no_authorization", "no Authorization header");
    const auto header = base::hawk::parse_header(*value);
    if (!header) {
        if (header.error() == base::hawk::HeaderError::wrong_scheme)
            return refuse("wrong_scheme", "storage takes Hawk only");
        return refuse("hawk_malformed", "the Hawk header does not parse");
    }
    const auto token = tokens_.verify(header->id);
    if (!token) {
        if (token.error() == protocol::TokenFailure::malformed)
            return refuse("token_malformed", "the Hawk id is no token");
        return refuse("token_bad_signature", "the token was signed with none of our secrets");
    }
    const auto url = urls_.of(request);
    if (!url) return refuse("bad_host", "the Host header is no host and port");
    const auto target = url->path + request.target;
    const base::hawk::Request covered{request.method, target, url->host, url->port};
    // Clients differ in whether an IPv6 literal keeps its brackets.
    const bool bare_fits =
        url->host.starts_with('[') &&
        base::hawk::verify(
            (*token)->key, *header,
            {request.method, target, std::string_view(url->host).substr(1, url->host.size() - 2), url->port});
    if (!bare_fits && !base::hawk::verify((*token)->key, *header, covered)) {
        return refuse("bad_mac", "the MAC does not fit " + request.method + " at " + url->text() +
                                     "; behind a proxy set public_url to what clients see");
    }
    if (!base::hawk::verify_payload(*header, request.headers.find("Content-Type").value_or(""),
                                    request.body)) {
        return refuse("bad_payload_hash", "the payload hash does not fit the body");
    }
    const auto uid = base::parse_integer<std::uint64_t>(context.parameter("uid"));
    if (!uid || *uid != (*token)->payload.uid) return refuse("other_user", "the token is another user's");
    const auto now_s = now_ms / 1000;
    if ((*token)->payload.expires <= now_s) {
        const bool polls = context.contract() != nullptr && context.contract()->name == "info_collections" &&
                           (*token)->payload.expires + expired_grace_s > now_s;
        if (!polls) return refuse("token_expired", "the token has expired");
    }
    return StorageUser{*uid, protocol::Timestamp::from_ms(now_ms)};
}

}  // namespace homespun::sync::storage
