#include "sync/protocol/token.hpp"

#include <fmt/format.h>

#include <mutex>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::sync::protocol {
namespace {

constexpr std::size_t signature_size = 32;

std::string derive_key(std::string_view master, std::string_view salt, std::string_view id) {
    std::string info = "services.mozilla.com/tokenlib/v1/derive/";
    info += id;
    return base::base64_encode(base::hkdf_sha256(master, salt, info, 32), base::Base64::url);
}

std::optional<TokenPayload> parse_payload(std::string_view text) {
    const auto json = base::json::parse(text);
    if (!json) return std::nullopt;
    const auto* uid = json->integer("uid");
    const auto* salt = json->string("salt");
    const auto* expires = json->member("expires");
    if (uid == nullptr || *uid < 0 || salt == nullptr || expires == nullptr) return std::nullopt;
    TokenPayload payload;
    payload.uid = static_cast<std::uint64_t>(*uid);
    payload.salt = *salt;
    if (const auto* whole = expires->integer()) {
        payload.expires = *whole;
    } else if (const auto* real = expires->real(); real != nullptr && *real >= 0 && *real < 1e15) {
        payload.expires = static_cast<std::int64_t>(*real);
    } else {
        return std::nullopt;
    }
    const auto copy = [&](std::string_view name, std::string& into) {
        if (const auto* value = json->string(name)) into = *value;
    };
    copy("node", payload.node);
    copy("fxa_uid", payload.fxa_uid);
    copy("fxa_kid", payload.fxa_kid);
    copy("hashed_fxa_uid", payload.hashed_fxa_uid);
    copy("hashed_device_id", payload.hashed_device_id);
    return payload;
}

std::string payload_text(const TokenPayload& payload) {
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("uid", payload.uid)
        .member("node", std::string_view(payload.node))
        .member("expires", payload.expires)
        .member("fxa_uid", std::string_view(payload.fxa_uid))
        .member("fxa_kid", std::string_view(payload.fxa_kid))
        .member("hashed_fxa_uid", std::string_view(payload.hashed_fxa_uid))
        .member("hashed_device_id", std::string_view(payload.hashed_device_id))
        .member("salt", std::string_view(payload.salt))
        // Existing storage servers look for this very word; a compatible token server says it.
        .member("tokenserver_origin", "rust")
        .end_object();
    return text;
}

}  // namespace

Tokens::Tokens(std::vector<std::string> secrets) {
    replace_secrets(std::move(secrets));
}

void Tokens::replace_secrets(std::vector<std::string> secrets) {
    std::vector<Secret> fresh;
    for (auto& master : secrets) {
        auto signing_key = base::hkdf_sha256(master, {}, "services.mozilla.com/tokenlib/v1/signing", 32);
        fresh.push_back({std::move(master), std::move(signing_key)});
    }
    const std::unique_lock lock(mutex_);
    secrets_ = std::move(fresh);
    for (auto& part : cache_)
        part.known.clear();  // nobody is looking: they would hold the lock shared
}

TokenPair Tokens::make(const TokenPayload& payload) const {
    const std::shared_lock lock(mutex_);
    const auto& secret = secrets_.front();
    auto signed_text = payload_text(payload);
    signed_text += base::hmac_sha256(secret.signing_key, signed_text);
    TokenPair pair;
    pair.id = base::base64_encode(signed_text, base::Base64::url);
    pair.key = derive_key(secret.master, payload.salt, pair.id);
    return pair;
}

std::expected<std::shared_ptr<const VerifiedToken>, TokenFailure> Tokens::verify(std::string_view id) const {
    const std::shared_lock lock(mutex_);
    auto& part = part_of(id);
    {
        const std::lock_guard part_lock(part.mutex);
        if (const auto known = part.known.find(id); known != part.known.end()) return known->second;
    }
    const auto bytes = base::base64_decode(id, base::Base64::url);
    if (!bytes || bytes->size() <= signature_size) return std::unexpected(TokenFailure::malformed);
    const auto text = std::string_view(*bytes).substr(0, bytes->size() - signature_size);
    const auto signature = std::string_view(*bytes).substr(text.size());
    for (const auto& secret : secrets_) {
        if (!base::equal_constant_time(signature, base::hmac_sha256(secret.signing_key, text))) continue;
        auto payload = parse_payload(text);
        if (!payload) return std::unexpected(TokenFailure::malformed);
        auto key = derive_key(secret.master, payload->salt, id);
        auto verified = std::make_shared<const VerifiedToken>(std::move(*payload), std::move(key));
        const std::lock_guard part_lock(part.mutex);
        if (part.known.size() >= cached_per_part) part.known.clear();
        part.known.emplace(std::string(id), verified);
        return verified;
    }
    return std::unexpected(TokenFailure::bad_signature);
}

std::vector<std::string> Tokens::keys_of(std::string_view id, std::string_view salt) const {
    const std::shared_lock lock(mutex_);
    std::vector<std::string> keys;
    for (const auto& secret : secrets_)
        keys.push_back(derive_key(secret.master, salt, id));
    return keys;
}

std::string hashed_fxa_uid(std::string_view metrics_secret, std::string_view fxa_uid) {
    return base::hex_encode(base::hmac_sha256(metrics_secret, fxa_uid)).substr(0, 32);
}

std::string hashed_device_id(std::string_view metrics_secret, std::string_view hashed_uid) {
    return base::hex_encode(base::hmac_sha256(metrics_secret, std::string(hashed_uid) + "none"))
        .substr(0, 32);
}

std::optional<KeyId> KeyId::parse(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    const auto number = base::parse_integer<std::int64_t>(text.substr(0, dash));
    const auto state = base::base64_decode(text.substr(dash + 1), base::Base64::url_nopad);
    if (!number || !state) return std::nullopt;
    return KeyId{*number, base::hex_encode(*state)};
}

std::string KeyId::format(std::int64_t number, std::string_view client_state_hex) {
    const auto state = base::hex_decode(client_state_hex).value_or("");
    return fmt::format("{:013}-{}", number, base::base64_encode(state, base::Base64::url_nopad));
}

}  // namespace homespun::sync::protocol
