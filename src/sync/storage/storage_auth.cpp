#include "sync/storage/storage_auth.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/encoding.hpp"
#include "base/hawk.hpp"
#include "base/text.hpp"
#include "sync/auth/mac_diagnosis.hpp"

namespace homespun::sync::storage {
namespace {

std::unexpected<barrel::Problem> refuse(std::string reason, std::string hint) {
    return std::unexpected(
        barrel::Problem{.status = 401, .reason = std::move(reason), .hint = std::move(hint)});
}

bool is_write(std::string_view method) {
    return method == "PUT" || method == "POST" || method == "DELETE";
}

std::unexpected<barrel::Problem> refuse_mac(const protocol::Tokens& tokens, const auth::PublicUrls& urls,
                                            const net::http::Request& request,
                                            const base::hawk::Header& header,
                                            const protocol::VerifiedToken& token,
                                            const auth::PublicUrl& url) {
    std::vector<auth::OtherKey> keys;
    for (auto& key : tokens.keys_of(header.id, token.payload.salt))
        keys.push_back({std::move(key),
                        "a key derived from another of our secrets: do all token servers have the same?"});
    if (auto bytes = base::base64_decode(token.key, base::Base64::url))
        keys.push_back({std::move(*bytes), "the decoded bytes of the key; the key is its text"});
    auto diagnosis = auth::diagnose_mac(header, token.key, request, url, urls, keys);
    return refuse(std::move(diagnosis.reason), std::move(diagnosis.hint));
}

}  // namespace

StorageAuth::StorageAuth(const protocol::Tokens& tokens, const auth::PublicUrls& urls,
                         const base::Clock& clock, HawkRules rules)
    : tokens_(tokens), urls_(urls), clock_(clock), rules_(rules) {
    constexpr std::size_t most_nonces = 500'000;
    if (rules_.refuse_repeated_writes) nonces_ = std::make_unique<auth::NonceCache>(most_nonces);
}

std::optional<barrel::Problem> StorageAuth::check_age(const barrel::Context& context,
                                                      const base::hawk::Header& header,
                                                      std::int64_t expires_s, std::int64_t now_ms) const {
    auto until_s = expires_s;
    if (rules_.skew_s > 0) {
        const auto seconds = base::parse_integer<std::int64_t>(header.ts);
        constexpr std::int64_t latest_s = 1LL << 40;  // keeps the sum below from overflowing
        if (!seconds || *seconds < 0 || *seconds > latest_s ||
            std::abs(*seconds - now_ms / 1000) > rules_.skew_s) {
            return refuse("stale_timestamp", "signed at " + header.ts + ", it is " +
                                                 std::to_string(now_ms / 1000) +
                                                 ": hawk_skew allows less; the answer carries our time")
                .error();
        }
        until_s = std::min(until_s, *seconds + rules_.skew_s);
    }
    if (!nonces_ || !is_write(context.request().method)) return std::nullopt;
    constexpr std::int64_t second_ms = 1000;
    constexpr std::int64_t latest_expiry_s = 1LL << 40;
    if (nonces_->add(header.id, header.nonce, header.ts, now_ms,
                     std::min(until_s, latest_expiry_s) * second_ms))
        return std::nullopt;
    return refuse("repeated_nonce",
                  "the same signed write came before: sent twice by the client or a proxy, or replayed; "
                  "hawk_replay = \"allow\" takes it")
        .error();
}

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
        return refuse_mac(tokens_, urls_, request, *header, **token, *url);
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
    if (auto problem = check_age(context, *header, (*token)->payload.expires, now_ms))
        return std::unexpected(std::move(*problem));
    return StorageUser{*uid, protocol::Timestamp::from_ms(now_ms)};
}

}  // namespace homespun::sync::storage
