#include "sync/client/saved_login.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sync/client/legacy_sync_key.hpp"

namespace homespun::sync::client {
namespace {

constexpr std::int64_t file_format = 1;
constexpr std::size_t token_size = 32;
constexpr std::string_view format_name = "homespun_client";

std::string text_of(const base::json::Value& json, std::string_view name) {
    const auto* text = json.string(name);
    return text ? *text : std::string();
}

/// Bytes written in hex.
std::string bytes_of(const base::json::Value& json, std::string_view name) {
    return base::hex_decode(text_of(json, name)).value_or(std::string());
}

}  // namespace

std::string_view version_of(Protocol protocol) {
    return protocol == Protocol::accounts ? "1.5" : "1.1";
}

SavedLogin::~SavedLogin() {
    for (auto* secret : {&session_token, &key_bytes, &password, &sync_key})
        base::wipe(*secret);
}

base::Result<SavedLogin> SavedLogin::parse(std::string_view text) {
    const auto json = base::json::parse(text);
    const auto* format = json ? json->integer(format_name) : nullptr;
    if (format == nullptr) return base::fail("it is no login that `homespun client login` has saved");
    if (*format != file_format)
        return base::fail(
            fmt::format("it has format {}, this program knows {}: log in again", *format, file_format));
    SavedLogin login;
    login.server = text_of(*json, "server");
    login.account = text_of(*json, "account");
    login.crypto_keys = text_of(*json, "crypto_keys");
    const auto protocol = text_of(*json, "protocol");
    bool whole = !login.server.empty() && !login.account.empty();
    if (protocol == version_of(Protocol::accounts)) {
        login.session_token = bytes_of(*json, "session_token");
        login.key_id = text_of(*json, "key_id");
        login.key_bytes = bytes_of(*json, "keys");
        whole = whole && login.session_token.size() == token_size && !login.key_id.empty() &&
                login.key_bytes.size() == 2 * base::KeyPair::key_size;
    } else if (protocol == version_of(Protocol::users)) {
        login.protocol = Protocol::users;
        login.user = text_of(*json, "user");
        login.password = text_of(*json, "password");
        login.sync_key = text_of(*json, "sync_key");
        whole =
            whole && !login.user.empty() && !login.password.empty() && LegacySyncKey::parse(login.sync_key);
    } else {
        whole = false;
    }
    if (!whole) return base::fail("something in it is missing or damaged: log in again");
    return login;
}

std::string SavedLogin::to_json() const {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object()
        .member(format_name, file_format)
        .member("protocol", version_of(protocol))
        .member("server", std::string_view(server))
        .member("account", std::string_view(account));
    if (protocol == Protocol::accounts) {
        writer.member("session_token", std::string_view(base::hex_encode(session_token)))
            .member("key_id", std::string_view(key_id))
            .member("keys", std::string_view(base::hex_encode(key_bytes)));
    } else {
        writer.member("user", std::string_view(user))
            .member("password", std::string_view(password))
            .member("sync_key", std::string_view(sync_key));
    }
    writer.member("crypto_keys", std::string_view(crypto_keys)).end_object();
    return text += '\n';
}

base::Result<base::KeyPair> SavedLogin::person_keys() const {
    if (protocol == Protocol::users) {
        const auto key = LegacySyncKey::parse(sync_key);
        if (!key) return std::unexpected(key.error());
        return key->bundle(user);
    }
    auto keys = base::KeyPair::from_bytes(key_bytes);
    if (!keys) return base::fail("the keys must have 64 bytes");
    return std::move(*keys);
}

}  // namespace homespun::sync::client
