#include "faults/household.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/auth/access_token.hpp"

namespace homespun::tests {

using net::http::ClientResponse;
namespace accounts = sync::accounts;
namespace client = sync::client;

namespace {

constexpr const char* password = "correct horse battery";
const std::string salt = accounts::client_salt_text(std::string(32, '5'));

/// Stretching takes some hundred milliseconds, and all persons have the same password.
const std::string& auth_half() {
    static const std::string auth = accounts::split_password(accounts::quick_stretch_v2(password, salt)).auth;
    return auth;
}

}  // namespace

Household::Household(const std::string& root)
    : client_(*client::SyncClient::at(loop_, root, clock_, random_)),
      server_(*client::ServerAddress::parse(root)) {}

base::Result<client::SignedIn> Household::sign_up(const std::string& email) {
    return net::run_here(loop_, client_.sign_up(email, password));
}

base::Result<client::StorageAccess> Household::access(const client::SignedIn& account) {
    return net::run_here(loop_, client_.storage_access(account));
}

ClientResponse Household::send(net::ClientRequest request) {
    auto answer = net::run_here(loop_, http_.send(server_.endpoint, std::move(request)));
    return answer ? std::move(*answer) : ClientResponse{};
}

net::ClientRequest Household::post(const std::string& path, std::string body) {
    net::ClientRequest request;
    request.method = "POST";
    request.target = path;
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

ClientResponse Household::try_sign_up(const std::string& email) {
    return send(post("/auth/v1/account/create?keys=true", client::create_body(email, auth_half(), salt, {})));
}

ClientResponse Household::try_sign_in(const std::string& email) {
    return send(post("/auth/v1/account/login?keys=true", client::login_body(email, auth_half())));
}

ClientResponse Household::try_bearer(const client::SignedIn& account) {
    const auto session = accounts::derive_session_token(account.session_token);
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("grant_type", "fxa-credentials")
        .member("client_id", "5882386c6d801776")
        .member("scope", sync::auth::oldsync_scope)
        .end_object();
    auto request = post("/auth/v1/oauth/token", std::move(body));
    client::sign(request, server_.endpoint, base::hex_encode(session.id), session.key, clock_, random_, true);
    return send(std::move(request));
}

std::string Household::bearer(const client::SignedIn& account) {
    const auto answer = base::json::parse(try_bearer(account).body);
    const auto* token = answer ? answer->string("access_token") : nullptr;
    return token == nullptr ? std::string() : *token;
}

ClientResponse Household::try_token(const client::SignedIn& account, const std::string& bearer) {
    return try_token(bearer, client::key_id_header(account.key_b, account.keys_changed_at_ms));
}

ClientResponse Household::try_token(const std::string& bearer, const std::string& key_id) {
    net::ClientRequest request;
    request.target = "/token/1.0/sync/1.5";
    request.headers.add("Authorization", "Bearer " + bearer);
    request.headers.add("X-KeyID", key_id);
    return send(std::move(request));
}

ClientResponse Household::storage(const client::StorageAccess& access, const std::string& method,
                                  const std::string& path, const std::string& body) {
    auto answer = net::run_here(loop_, client_.storage(access, method, path, body));
    return answer ? std::move(*answer) : ClientResponse{};
}

ClientResponse Household::get(const std::string& path) {
    net::ClientRequest request;
    request.target = path;
    return send(std::move(request));
}

}  // namespace homespun::tests
