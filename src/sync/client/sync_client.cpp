#include "sync/client/sync_client.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "net/http/url.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/auth/access_token.hpp"

namespace homespun::sync::client {
namespace {

constexpr std::string_view desktop_client_id = "5882386c6d801776";

/// Copies a member that must be hex of 32 bytes.
base::Result<std::string> hex_member(const base::json::Value& answer, std::string_view name) {
    const auto* text = answer.string(name);
    const auto bytes = text ? base::hex_decode(*text) : std::nullopt;
    if (!bytes || bytes->size() != accounts::key_size)
        return base::fail(fmt::format("the server's answer has no usable {}", name));
    return *bytes;
}

/// Of an answer that must be 200 with JSON.
base::Result<base::json::Value> good_json(std::string_view what, const net::http::ClientResponse& response) {
    if (response.status != 200) return base::fail(fmt::format("{}: {}", what, describe_failure(response)));
    auto json = base::json::parse(response.body);
    if (!json) return base::fail(fmt::format("{} answered no JSON: {}", what, json.error().message));
    return std::move(*json);
}

/// The e-mail address as the server spells it, when that is why it refused the login.
std::optional<std::string> servers_spelling(const net::http::ClientResponse& response) {
    constexpr std::int64_t wrong_spelling = 120;
    const auto json = base::json::parse(response.body);
    const auto* number = json ? json->integer("errno") : nullptr;
    const auto* email = json ? json->string("email") : nullptr;
    if (number == nullptr || *number != wrong_spelling || email == nullptr) return std::nullopt;
    return *email;
}

}  // namespace

base::Result<SyncClient> SyncClient::at(net::Loop& loop, std::string_view root, const base::Clock& clock,
                                        base::Random& random) {
    auto address = ServerAddress::parse(root);
    if (!address) return std::unexpected(address.error());
    return SyncClient(loop, std::move(*address), clock, random);
}

net::ClientRequest SyncClient::request(std::string method, std::string_view target, std::string body) const {
    net::ClientRequest request;
    request.method = std::move(method);
    request.target = root_.path + std::string(target);
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

base::Task<base::Result<base::json::Value>> SyncClient::call(net::ClientRequest request) {
    const auto what = request.method + " " + request.target;
    const auto response = co_await http_->send(root_.endpoint, std::move(request));
    if (!response) co_return std::unexpected(response.error());
    co_return good_json(what, *response);
}

base::Task<base::Result<base::json::Value>> SyncClient::log_in(std::string email, std::string auth) {
    constexpr std::string_view target = "/auth/v1/account/login?keys=true";
    for (bool again = false;; again = true) {
        const auto response =
            co_await http_->send(root_.endpoint, request("POST", target, login_body(email, auth)));
        if (!response) co_return std::unexpected(response.error());
        auto spelling = again ? std::nullopt : servers_spelling(*response);
        if (!spelling) co_return good_json(fmt::format("POST {}{}", root_.path, target), *response);
        email = std::move(*spelling);
    }
}

base::Task<base::Result<base::json::Value>> SyncClient::call_as(std::string session_token,
                                                                net::ClientRequest request) {
    const auto session = accounts::derive_session_token(session_token);
    sign(request, root_.endpoint, base::hex_encode(session.id), session.key, *clock_, *random_, true);
    co_return co_await call(std::move(request));
}

base::Task<base::Result<SignedIn>> SyncClient::sign_up(std::string email, std::string password,
                                                       std::string invite) {
    const auto salt = accounts::client_salt_text(base::hex_encode(random_->bytes(16)));
    const auto halves = accounts::split_password(accounts::quick_stretch_v2(password, salt));
    auto answer = co_await call(
        request("POST", "/auth/v1/account/create?keys=true", create_body(email, halves.auth, salt, invite)));
    if (!answer) co_return std::unexpected(answer.error());
    co_return co_await finish_sign_in(std::move(*answer), halves.unwrap);
}

base::Task<base::Result<SignedIn>> SyncClient::sign_in(std::string email, std::string password) {
    std::string status_body;
    base::json::Writer(status_body).begin_object().member("email", std::string_view(email)).end_object();
    const auto status =
        co_await call(request("POST", "/auth/v1/account/credentials/status", std::move(status_body)));
    if (!status) co_return std::unexpected(status.error());
    const auto* salt = status->string("clientSalt");
    if (salt == nullptr || !accounts::is_client_salt(*salt))
        co_return base::fail("the server's answer has no usable clientSalt");
    const auto halves = accounts::split_password(accounts::quick_stretch_v2(password, *salt));
    auto answer = co_await log_in(std::move(email), halves.auth);
    if (!answer) co_return std::unexpected(answer.error());
    co_return co_await finish_sign_in(std::move(*answer), halves.unwrap);
}

base::Task<base::Result<SignedIn>> SyncClient::finish_sign_in(base::json::Value answer,
                                                              std::string unwrap_key) {
    const auto session = hex_member(answer, "sessionToken");
    if (!session) co_return std::unexpected(session.error());
    auto account = co_await learn_keys(std::move(answer), *session, std::move(unwrap_key));
    if (!account) (void)co_await sign_out(*session);  // nobody will ever use it
    co_return account;
}

base::Task<base::Result<SignedIn>> SyncClient::learn_keys(base::json::Value answer, std::string session_token,
                                                          std::string unwrap_key) {
    SignedIn account;
    const auto* uid = answer.string("uid");
    if (uid == nullptr) co_return base::fail("the server's answer has no uid");
    account.uid = *uid;
    account.session_token = std::move(session_token);
    const auto key_fetch = hex_member(answer, "keyFetchToken");
    if (!key_fetch) co_return std::unexpected(key_fetch.error());

    const auto fetch = accounts::derive_key_fetch_token(*key_fetch);
    auto keys_request = request("GET", "/auth/v1/account/keys");
    sign(keys_request, root_.endpoint, base::hex_encode(fetch.id), fetch.key, *clock_, *random_, true);
    const auto keys = co_await call(std::move(keys_request));
    if (!keys) co_return std::unexpected(keys.error());
    const auto* bundle_hex = keys->string("bundle");
    const auto bundle = bundle_hex ? base::hex_decode(*bundle_hex) : std::nullopt;
    const auto opened = bundle ? accounts::open_key_bundle(fetch.request_key, *bundle) : std::nullopt;
    if (!opened) co_return base::fail("the key bundle does not open: it was changed on its way");
    account.key_b = base::exclusive_or(opened->wrapped_key_b, unwrap_key);

    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("client_id", desktop_client_id)
        .member("scope", auth::oldsync_scope)
        .end_object();
    const auto scoped = co_await call_as(
        account.session_token, request("POST", "/auth/v1/account/scoped-key-data", std::move(body)));
    if (!scoped) co_return std::unexpected(scoped.error());
    const auto* data = scoped->member(auth::oldsync_scope);
    const auto* rotated = data ? data->integer("keyRotationTimestamp") : nullptr;
    if (rotated == nullptr) co_return base::fail("the server's answer has no keyRotationTimestamp");
    account.keys_changed_at_ms = *rotated;
    co_return account;
}

base::Task<base::Result<StorageAccess>> SyncClient::storage_access(const SignedIn& account) {
    co_return co_await storage_access(account.session_token,
                                      key_id_header(account.key_b, account.keys_changed_at_ms));
}

base::Task<base::Result<StorageAccess>> SyncClient::storage_access(std::string session_token,
                                                                   std::string key_id) {
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("grant_type", "fxa-credentials")
        .member("client_id", desktop_client_id)
        .member("scope", auth::oldsync_scope)
        .end_object();
    const auto grant =
        co_await call_as(std::move(session_token), request("POST", "/auth/v1/oauth/token", std::move(body)));
    if (!grant) co_return std::unexpected(grant.error());
    const auto* access = grant->string("access_token");
    if (access == nullptr) co_return base::fail("the server's answer has no access_token");

    auto token_request = request("GET", "/token/1.0/sync/1.5");
    token_request.headers.add("Authorization", "Bearer " + *access);
    token_request.headers.add("X-KeyID", key_id);
    const auto response = co_await http_->send(root_.endpoint, std::move(token_request));
    if (!response) co_return std::unexpected(response.error());
    if (response->status != 200) co_return base::fail("token server: " + describe_failure(*response));
    auto storage = parse_storage_access(response->body);
    if (storage && root_.endpoint.tls && !storage->endpoint.endpoint.tls) {
        co_return base::fail(fmt::format(
            "the server sends its users on to {}, without TLS: nothing is sent there",
            net::http::authority(storage->endpoint.endpoint.host, storage->endpoint.endpoint.port, false)));
    }
    co_return storage;
}

base::Task<base::Result<void>> SyncClient::sign_out(std::string session_token) {
    const auto answer =
        co_await call_as(std::move(session_token), request("POST", "/auth/v1/session/destroy", "{}"));
    if (!answer) co_return std::unexpected(answer.error());
    co_return base::Result<void>();
}

base::Task<base::Result<net::http::ClientResponse>> SyncClient::storage(const StorageAccess& access,
                                                                        std::string method, std::string path,
                                                                        std::string body,
                                                                        net::http::Headers headers) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.target = access.endpoint.path + path;
    request.headers = std::move(headers);
    if (!body.empty() && !request.headers.has("Content-Type"))
        request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    sign(request, access.endpoint.endpoint, access.id, access.key, *clock_, *random_, false);
    co_return co_await http_->send(access.endpoint.endpoint, std::move(request));
}

}  // namespace homespun::sync::client
