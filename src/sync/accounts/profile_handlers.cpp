#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/accounts/service.hpp"

namespace homespun::sync::accounts {
namespace {

/// RFC 9110 section 13.1.2: a list of tags, or `*`; weak comparison.
bool matches(std::string_view list, std::string_view tag) {
    for (auto candidate : base::split(list, ',')) {
        candidate = base::trim(candidate);
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == tag || candidate == "*") return true;
    }
    return false;
}

std::string write_profile(const Owner& owner, const std::string& root) {
    std::string body;
    base::json::Writer json(body);
    json.begin_object().member("uid", owner.uid).member("sub", owner.uid).member("email", owner.email);
    json.key("displayName").null();
    json.member("avatar", root + "/assets/logo.svg").member("avatarDefault", true).member("locale", "en-US");
    json.key("amrValues").begin_array().value("pwd").end_array();
    json.member("twoFactorAuthentication", false).end_object();
    return body;
}

}  // namespace

Accounts::Outcome Accounts::profile(Context& context) {
    const auto bearer = bearer_of(context.request());
    if (!bearer) co_return std::unexpected(refusals::invalid_token("no_authorization"));
    const auto handle = handle_of(*bearer);
    const auto now = clock_.now_ms();
    const auto found = co_await store_.run(
        home_of(context), [&](AccountsStore& store) { return store.find_access_token(handle, now); });
    if (!found) co_return std::unexpected(refusals::of(found.error()));
    if (!*found || !auth::has_scope((*found)->scope, auth::profile_scope)) {
        co_return std::unexpected(refusals::invalid_token("wrong_access_token"));
    }
    const auto url = public_urls_.of(context.request());
    if (!url) co_return std::unexpected(refusals::invalid("Host"));
    auto body = write_profile((*found)->owner, url->text());

    constexpr std::size_t tag_digits = 32;
    const auto tag = '"' + base::hex_encode(base::sha256(body)).substr(0, tag_digits) + '"';
    const auto known = context.request().headers.find("If-None-Match");
    auto response = known && matches(*known, tag) ? Response(304) : json_answer(std::move(body));
    response.headers.set("ETag", tag);
    response.headers.set("Cache-Control", "private, no-cache");
    co_return response;
}

}  // namespace homespun::sync::accounts
