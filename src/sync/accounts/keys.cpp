#include "sync/accounts/keys.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::string_view salt_prefix_v2 = "identity.mozilla.com/picl/v1/quickStretchV2:";
constexpr std::size_t salt_digits = 32;
constexpr std::size_t bundle_size = 3 * key_size;

std::string derive(std::string_view key, std::string_view label, std::size_t length) {
    std::string info(key_namespace);
    info += label;
    return base::hkdf_sha256(key, {}, info, length);
}

TokenCredentials derive_token(std::string_view token, std::string_view label) {
    const auto bytes = derive(token, label, 3 * key_size);
    return {bytes.substr(0, key_size), bytes.substr(key_size, key_size), bytes.substr(2 * key_size)};
}

/// The bundle's two keys: MAC (32 bytes) and pad (64 bytes).
std::pair<std::string, std::string> bundle_keys(std::string_view request_key) {
    const auto bytes = derive(request_key, "account/keys", 3 * key_size);
    return {bytes.substr(0, key_size), bytes.substr(key_size)};
}

}  // namespace

TokenCredentials derive_session_token(std::string_view token) {
    return derive_token(token, "sessionToken");
}
TokenCredentials derive_key_fetch_token(std::string_view token) {
    return derive_token(token, "keyFetchToken");
}

std::string make_key_bundle(std::string_view request_key, const AccountKeys& keys) {
    const auto [mac_key, pad] = bundle_keys(request_key);
    auto bundle = base::exclusive_or(keys.key_a + keys.wrapped_key_b, pad);
    bundle += base::hmac_sha256(mac_key, bundle);
    return bundle;
}

std::optional<AccountKeys> open_key_bundle(std::string_view request_key, std::string_view bundle) {
    if (bundle.size() != bundle_size) return std::nullopt;
    const auto [mac_key, pad] = bundle_keys(request_key);
    const auto encrypted = bundle.substr(0, 2 * key_size);
    if (!base::equal_constant_time(base::hmac_sha256(mac_key, encrypted), bundle.substr(2 * key_size))) {
        return std::nullopt;
    }
    const auto plain = base::exclusive_or(encrypted, pad);
    return AccountKeys{plain.substr(0, key_size), plain.substr(key_size)};
}

std::string quick_stretch_v1(std::string_view password, std::string_view email) {
    std::string salt(key_namespace);
    salt += "quickStretch:";
    salt += email;
    return base::pbkdf2_sha256(password, salt, stretch_rounds_v1, key_size);
}

std::string quick_stretch_v2(std::string_view password, std::string_view client_salt) {
    return base::pbkdf2_sha256(password, client_salt, stretch_rounds_v2, key_size);
}

PasswordHalves split_password(std::string_view quick_stretched) {
    // The small k of the second label is how it has always been.
    return {derive(quick_stretched, "authPW", key_size), derive(quick_stretched, "unwrapBkey", key_size)};
}

std::string client_salt_text(std::string_view hex) {
    std::string text(salt_prefix_v2);
    text += hex;
    return text;
}

bool is_client_salt(std::string_view text) {
    if (!text.starts_with(salt_prefix_v2)) return false;
    text.remove_prefix(salt_prefix_v2.size());
    return text.size() == salt_digits &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

ServerHalves split_server_stretch(std::string_view stretched) {
    return {derive(stretched, "verifyHash", key_size), derive(stretched, "wrapwrapKey", key_size)};
}

std::string sync_key(std::string_view key_b) {
    return derive(key_b, "oldsync", 2 * key_size);
}

ScopedKey sync_scoped_key(std::string_view key_b, std::int64_t rotated_at_ms) {
    const auto fingerprint = base::sha256(key_b).substr(0, 16);
    return {base::base64_encode(sync_key(key_b), base::Base64::url_nopad),
            std::to_string(rotated_at_ms) + "-" + base::base64_encode(fingerprint, base::Base64::url_nopad)};
}

std::string pkce_challenge(std::string_view verifier) {
    return base::base64_encode(base::sha256(verifier), base::Base64::url_nopad);
}

std::string handle_of(std::string_view shown) {
    return base::hex_encode(base::sha256(shown));
}

}  // namespace homespun::sync::accounts
