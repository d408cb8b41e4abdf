#include "sync/accounts/doorkeeper.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/auth/access_token.hpp"
#include "sync/auth/mac_diagnosis.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::size_t id_digits = 64;
constexpr std::size_t most_token = 256;
constexpr std::size_t most_nonces = 100'000;
constexpr std::string_view session_prefix = "fxs_";
constexpr std::string_view key_fetch_prefix = "fxk_";

bool is_id(std::string_view text) {
    return text.size() == id_digits &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::optional<std::string_view> bearer_of(const net::http::Request& request) {
    constexpr std::string_view scheme = "bearer ";
    const auto value = request.headers.find("Authorization");
    if (!value || value->size() <= scheme.size() || !base::iequals(value->substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    const auto token = base::trim(value->substr(scheme.size()));
    if (token.empty() || token.size() > most_token) return std::nullopt;
    return token;
}

Doorkeeper::Doorkeeper(StoreQueue store, const base::Clock& clock, const auth::PublicUrls& public_urls)
    : store_(store), clock_(clock), public_urls_(public_urls), nonces_(most_nonces) {}

std::expected<Doorkeeper::Shown, Refusal> Doorkeeper::read(const barrel::Context& context,
                                                           std::string_view prefix) {
    const auto value = context.request().headers.find("Authorization");
    if (!value) return std::unexpected(refusals::invalid_token("no_authorization"));
    if (const auto bearer = bearer_of(context.request())) {
        if (!bearer->starts_with(prefix) || !is_id(bearer->substr(prefix.size()))) {
            return std::unexpected(refusals::invalid_token("wrong_bearer"));
        }
        return Shown{std::string(bearer->substr(prefix.size())), std::nullopt};
    }
    auto header = base::hawk::parse_header(*value);
    if (!header) {
        return std::unexpected(header.error() == base::hawk::HeaderError::malformed
                                   ? refusals::bad_signature("bad_hawk_header")
                                   : refusals::invalid_token("wrong_scheme"));
    }
    if (!is_id(header->id)) return std::unexpected(refusals::invalid_token("wrong_hawk_id"));
    auto id = header->id;
    return Shown{std::move(id), std::move(*header)};
}

std::optional<Refusal> Doorkeeper::check_mac(const barrel::Context& context, const base::hawk::Header& header,
                                             std::string_view key) const {
    const auto& request = context.request();
    const auto url = public_urls_.of(request);
    if (!url) return refusals::bad_signature("bad_host");
    const auto target = url->path + request.target;
    const auto fits = [&](std::string_view host) {
        return base::hawk::verify(key, header, {request.method, target, host, url->port});
    };
    if (fits(url->host)) return std::nullopt;
    // Clients disagree on whether the brackets of an IPv6 literal belong to the host.
    if (url->host.starts_with('[') && fits(std::string_view(url->host).substr(1, url->host.size() - 2)))
        return std::nullopt;
    auto diagnosis = auth::diagnose_mac(header, key, request, *url, public_urls_);
    auto refusal = refusals::bad_signature(std::move(diagnosis.reason));
    refusal.hint = std::move(diagnosis.hint);
    return refusal;
}

std::expected<void, Refusal> Doorkeeper::check_hawk(const barrel::Context& context,
                                                    const base::hawk::Header& header, std::string_view key) {
    if (auto refusal = check_mac(context, header, key)) return std::unexpected(std::move(*refusal));
    const auto& request = context.request();
    if (!request.body.empty() && !header.hash)
        return std::unexpected(refusals::bad_signature("no_payload_hash"));
    if (!base::hawk::verify_payload(header, request.headers.find("Content-Type").value_or(""),
                                    request.body)) {
        return std::unexpected(refusals::bad_signature("bad_payload_hash"));
    }
    const auto now = clock_.now_ms();
    const auto seconds = base::parse_integer<std::int64_t>(header.ts);
    constexpr std::int64_t latest_s = 1LL << 40;  // keeps the product below from overflowing
    if (!seconds || *seconds < 0 || *seconds > latest_s || std::abs(*seconds * 1000 - now) > window_ms) {
        return std::unexpected(
            Refusal{401, error_number::stale_timestamp, "stale_timestamp", "Stale timestamp"});
    }
    if (!nonces_.add(header.id, header.nonce, header.ts, now, *seconds * 1000 + window_ms)) {
        return std::unexpected(
            Refusal{401, error_number::repeated_nonce, "repeated_nonce", "The nonce was used before"});
    }
    return {};
}

base::Task<void> Doorkeeper::note_use(const barrel::Context& context, const Holder& holder,
                                      std::int64_t last_used_at) {
    const auto now = clock_.now_ms();
    if (now - last_used_at < touch_after_ms) co_return;
    // When it cannot be noted, the request itself may still succeed.
    (void)co_await store_.run(home_of(context),
                              [&](AccountsStore& store) { return store.touch(holder, now); });
}

Doorkeeper::Found<Caller> Doorkeeper::session(const barrel::Context& context) {
    const auto shown = read(context, session_prefix);
    if (!shown) co_return std::unexpected(shown.error());
    const auto found = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.find_session(handle_of(shown->id), clock_.now_ms());
    });
    if (!found) co_return std::unexpected(refusals::of(found.error()));
    if (!*found) co_return std::unexpected(refusals::invalid_token("unknown_session"));
    const auto& session = **found;
    if (shown->hawk) {
        if (auto checked = check_hawk(context, *shown->hawk, session.key); !checked) {
            co_return std::unexpected(checked.error());
        }
    }
    const Holder holder{Holder::Kind::session, session.handle};
    co_await note_use(context, holder, session.last_used_at);
    co_return Caller{holder, session.owner, session.device, session.created_at};
}

Doorkeeper::Found<Caller> Doorkeeper::refresh_token(const barrel::Context& context, std::string token) {
    const auto found = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.find_refresh_token(handle_of(token), clock_.now_ms());
    });
    if (!found) co_return std::unexpected(refusals::of(found.error()));
    if (!*found) co_return std::unexpected(refusals::invalid_token("unknown_refresh_token"));
    const auto& refresh = **found;
    // One for the profile alone shall not open the devices.
    if (!auth::has_scope(refresh.scope, auth::oldsync_scope))
        co_return std::unexpected(refusals::invalid_token("wrong_scope"));
    const Holder holder{Holder::Kind::refresh_token, refresh.handle};
    co_await note_use(context, holder, refresh.last_used_at);
    co_return Caller{holder, refresh.owner, refresh.device, refresh.created_at};
}

Doorkeeper::Found<Caller> Doorkeeper::session_or_refresh_token(const barrel::Context& context) {
    const auto bearer = bearer_of(context.request());
    if (bearer && !bearer->starts_with(session_prefix))
        co_return co_await refresh_token(context, std::string(*bearer));
    co_return co_await session(context);
}

Doorkeeper::Found<KeyFetcher> Doorkeeper::key_fetch(const barrel::Context& context) {
    const auto shown = read(context, key_fetch_prefix);
    if (!shown) co_return std::unexpected(shown.error());
    auto handle = handle_of(shown->id);
    const auto found = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.find_key_fetch(handle, clock_.now_ms());
    });
    if (!found) co_return std::unexpected(refusals::of(found.error()));
    if (!*found) co_return std::unexpected(refusals::invalid_token("unknown_key_fetch_token"));
    if (shown->hawk) {
        if (auto checked = check_hawk(context, *shown->hawk, (*found)->key); !checked) {
            co_return std::unexpected(checked.error());
        }
    }
    co_return KeyFetcher{std::move(handle)};
}

}  // namespace homespun::sync::accounts
