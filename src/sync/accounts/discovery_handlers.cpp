#include "base/json.hpp"
#include "sync/accounts/service.hpp"

namespace homespun::sync::accounts {
namespace {

/// A service's base address: below our root, unless another server has it.
std::string absolute(const std::string& root, const std::string& address) {
    return address.starts_with("http://") || address.starts_with("https://") ? address : root + address;
}

net::http::Response document(std::string body) {
    auto response = json_answer(std::move(body));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

}  // namespace

Accounts::Outcome Accounts::client_configuration(Context& context) {
    const auto url = public_urls_.of(context.request());
    if (!url) co_return std::unexpected(refusals::invalid("Host"));
    const auto root = url->text();
    const auto& at = settings_.addresses;
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("auth_server_base_url", absolute(root, at.auth))
        .member("oauth_server_base_url", absolute(root, at.oauth))
        .member("profile_server_base_url", absolute(root, at.profile))
        .member("sync_tokenserver_base_url", absolute(root, at.token))
        .end_object();
    co_return document(std::move(body));
}

Accounts::Outcome Accounts::openid_configuration(Context& context) {
    const auto url = public_urls_.of(context.request());
    if (!url) co_return std::unexpected(refusals::invalid("Host"));
    const auto root = url->text();
    const auto& at = settings_.addresses;
    std::string body;
    base::json::Writer json(body);
    json.begin_object()
        .member("issuer", root)
        .member("authorization_endpoint", root + "/authorization")
        .member("token_endpoint", absolute(root, at.auth) + "/v1/oauth/token")
        .member("introspection_endpoint", absolute(root, at.oauth) + "/v1/introspect")
        .member("revocation_endpoint", absolute(root, at.oauth) + "/v1/destroy")
        .member("jwks_uri", absolute(root, at.oauth) + "/v1/jwks")
        .member("userinfo_endpoint", absolute(root, at.profile) + "/v1/profile");
    json.key("response_types_supported").begin_array().value("code").end_array();
    json.key("code_challenge_methods_supported").begin_array().value("S256").end_array();
    json.key("token_endpoint_auth_methods_supported").begin_array().value("none").end_array();
    json.end_object();
    co_return document(std::move(body));
}

}  // namespace homespun::sync::accounts
