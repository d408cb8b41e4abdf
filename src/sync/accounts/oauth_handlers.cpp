#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/accounts/oauth_rules.hpp"
#include "sync/accounts/request_body.hpp"
#include "sync/accounts/service.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::size_t token_size = 32;
constexpr std::size_t most_token = 256;
constexpr std::size_t most_scope = 1024;
constexpr std::size_t most_state = 512;
constexpr std::size_t most_jwe = 8192;
constexpr std::size_t most_client_id = 64;

Refusal unknown_client() {
    return {400, error_number::unknown_client, "unknown_client", "Unknown client"};
}
Refusal no_scope() {
    return {400, error_number::invalid_scope, "invalid_scope", "None of the scopes is granted here"};
}
Refusal mismatch() {
    return {400, error_number::code_mismatch, "code_mismatch", "The code was made for somebody else"};
}

/// A compact JWE: base64url parts and dots. What is in it is between page and browser.
bool looks_like_jwe(std::string_view text) {
    return std::ranges::count(text, '.') == 4 && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

std::string read_client(RequestBody& body) {
    return body.text("client_id", most_client_id);
}

/// Lifetime asked for, cut to the longest; rejects what is not positive.
std::int64_t read_lifetime_s(RequestBody& body) {
    const auto asked = body.optional_integer("ttl");
    if (asked && *asked <= 0) body.reject("ttl");
    return std::min(asked.value_or(longest_access_token_s), longest_access_token_s);
}

/// Tokens on their way to the client (as text) and to the store (as handles).
struct Grant {
    std::string access_text;
    AccessToken access;
    std::optional<std::string> refresh_text;
    std::optional<RefreshToken> refresh;
    std::optional<std::string> keys_jwe;
    std::optional<std::int64_t> auth_at_ms;
};

struct GrantTerms {
    std::string uid, client_id, scope;
    std::optional<Holder> parent{};
    std::int64_t lifetime_s = longest_access_token_s;
    bool with_refresh_token = false;
};

Grant make_grant(base::Random& random, std::int64_t now, const GrantTerms& terms) {
    Grant grant;
    grant.access_text = base::hex_encode(random.bytes(token_size));
    grant.access = {.handle = handle_of(grant.access_text),
                    .uid = terms.uid,
                    .client_id = terms.client_id,
                    .scope = terms.scope,
                    .parent = terms.parent,
                    .created_at = now,
                    .expires_at = now + terms.lifetime_s * 1000};
    if (!terms.with_refresh_token) return grant;
    grant.refresh_text = base::hex_encode(random.bytes(token_size));
    grant.refresh = RefreshToken{.handle = handle_of(*grant.refresh_text),
                                 .client_id = terms.client_id,
                                 .scope = terms.scope,
                                 .created_at = now,
                                 .owner = {.uid = terms.uid}};
    if (terms.parent && terms.parent->kind == Holder::Kind::session)
        grant.refresh->session = terms.parent->handle;
    return grant;
}

net::http::Response write_grant(const Grant& grant) {
    std::string body;
    base::json::Writer json(body);
    json.begin_object()
        .member("access_token", grant.access_text)
        .member("token_type", "bearer")
        .member("scope", grant.access.scope)
        .member("expires_in", (grant.access.expires_at - grant.access.created_at) / 1000);
    if (grant.refresh_text) json.member("refresh_token", *grant.refresh_text);
    if (grant.auth_at_ms) json.member("auth_at", *grant.auth_at_ms / 1000);
    if (grant.keys_jwe) json.member("keys_jwe", *grant.keys_jwe);
    json.end_object();
    return json_answer(std::move(body));
}

const Caller* caller_of(const barrel::Context& context) {
    return context.identity<Caller>();
}

}  // namespace

// --- codes
// --------------------------------------------------------------------------------------------------------

Accounts::Outcome Accounts::authorization(Context& context) {
    const auto& caller = *context.identity<Caller>();
    RequestBody body(context.request().body);
    Code code;
    code.client_id = read_client(body);
    const auto response_type = body.optional_text("response_type", 32).value_or("code");
    const auto state = body.text("state", most_state);
    code.scope = grantable_scopes(body.text("scope", most_scope));
    const auto access_type = body.optional_text("access_type", 32).value_or("online");
    code.challenge = body.text("code_challenge", 128);
    const auto method = body.text("code_challenge_method", 32);
    code.keys_jwe = body.optional_text("keys_jwe", most_jwe);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (response_type != "code") body.reject("response_type");
    if (access_type != "online" && access_type != "offline") body.reject("access_type");
    if (method != "S256") body.reject("code_challenge_method");
    if (!is_pkce_challenge(code.challenge)) body.reject("code_challenge");
    if (code.keys_jwe && !looks_like_jwe(*code.keys_jwe)) body.reject("keys_jwe");
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (find_client(code.client_id) == nullptr) co_return std::unexpected(unknown_client());
    if (code.scope.empty()) co_return std::unexpected(no_scope());
    const auto url = public_urls_.of(context.request());
    if (!url) co_return std::unexpected(refusals::invalid("Host"));

    code.uid = caller.owner.uid;
    code.session = caller.holder.handle;
    code.offline = access_type == "offline";
    code.auth_at = caller.auth_at;
    code.expires_at = clock_.now_ms() + code_lifetime_ms;
    const auto text = base::hex_encode(random_.bytes(token_size));
    const auto done = co_await store_.run(
        home_of(context), [&](AccountsStore& store) { return store.add_code(handle_of(text), code); });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    std::string answer;
    base::json::Writer(answer)
        .begin_object()
        .member("code", text)
        .member("state", state)
        .member("redirect", url->text() + "/oauth/success/" + code.client_id)
        .end_object();
    co_return json_answer(std::move(answer));
}

// --- tokens
// -------------------------------------------------------------------------------------------------------

Accounts::Outcome Accounts::token(Context& context) {
    RequestBody body(context.request().body);
    const auto grant_type = body.optional_text("grant_type", 64).value_or("authorization_code");
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (grant_type == "authorization_code") co_return co_await redeem_code(context, body);
    if (grant_type == "fxa-credentials") co_return co_await grant_from_session(context, body);
    if (grant_type == "refresh_token") co_return co_await grant_from_refresh_token(context, body);
    co_return std::unexpected(refusals::invalid("grant_type"));
}

Accounts::Outcome Accounts::redeem_code(Context& context, RequestBody& body) {
    const auto client = read_client(body);
    const auto text = body.text("code", most_token);
    const auto verifier = body.text("code_verifier", most_token);
    const auto lifetime_s = read_lifetime_s(body);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (!is_pkce_verifier(verifier)) co_return std::unexpected(refusals::invalid("code_verifier"));
    if (find_client(client) == nullptr) co_return std::unexpected(unknown_client());

    const auto now = clock_.now_ms();
    // Taken before it is judged: a code shown with the wrong verifier has been seen by the wrong eyes.
    auto code = co_await store_.run(
        home_of(context), [&](AccountsStore& store) { return store.take_code(handle_of(text), now); });
    if (!code && code.error().kind == StoreFailure::not_found) {
        co_return std::unexpected(Refusal{400, error_number::unknown_code, "unknown_code",
                                          "The code is unknown, used or has expired"});
    }
    if (!code) co_return std::unexpected(refusals::of(code.error()));
    const auto* caller = caller_of(context);
    if (code->client_id != client || (caller && caller->owner.uid != code->uid))
        co_return std::unexpected(mismatch());
    if (pkce_challenge(verifier) != code->challenge) {
        co_return std::unexpected(
            Refusal{400, error_number::wrong_pkce, "wrong_pkce", "The verifier does not fit the challenge"});
    }
    GrantTerms terms{.uid = code->uid, .client_id = client, .scope = code->scope};
    terms.lifetime_s = lifetime_s;
    terms.with_refresh_token = code->offline;
    if (caller) terms.parent = caller->holder;
    auto grant = make_grant(random_, now, terms);
    // Without a session of its own the client lives by the refresh token, and so does the access token.
    if (!caller && grant.refresh)
        grant.access.parent = Holder{Holder::Kind::refresh_token, grant.refresh->handle};
    grant.keys_jwe = std::move(code->keys_jwe);
    grant.auth_at_ms = code->auth_at;
    const auto done = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.add_tokens(grant.access, grant.refresh);
    });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    co_return write_grant(grant);
}

Accounts::Outcome Accounts::grant_from_session(Context& context, RequestBody& body) {
    const auto* caller = caller_of(context);
    if (!caller) co_return std::unexpected(refusals::invalid_token("no_authorization"));
    GrantTerms terms{.uid = caller->owner.uid, .client_id = read_client(body), .scope = {}};
    terms.scope = grantable_scopes(body.text("scope", most_scope));
    terms.lifetime_s = read_lifetime_s(body);
    terms.with_refresh_token = body.optional_text("access_type", 32) == "offline";
    terms.parent = caller->holder;
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (find_client(terms.client_id) == nullptr) co_return std::unexpected(unknown_client());
    if (terms.scope.empty()) co_return std::unexpected(no_scope());
    auto grant = make_grant(random_, clock_.now_ms(), terms);
    grant.auth_at_ms = caller->auth_at;
    const auto done = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.add_tokens(grant.access, grant.refresh);
    });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    co_return write_grant(grant);
}

Accounts::Outcome Accounts::grant_from_refresh_token(Context& context, RequestBody& body) {
    const auto client = read_client(body);
    const auto text = body.text("refresh_token", most_token);
    const auto scope = body.optional_text("scope", most_scope);
    const auto lifetime_s = read_lifetime_s(body);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    const auto now = clock_.now_ms();
    const auto found = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.find_refresh_token(handle_of(text), now);
    });
    if (!found) co_return std::unexpected(refusals::of(found.error()));
    if (!*found || (*found)->client_id != client) {
        co_return std::unexpected(refusals::invalid_token("unknown_refresh_token"));
    }
    const auto& refresh = **found;
    GrantTerms terms{.uid = refresh.owner.uid, .client_id = client, .scope = refresh.scope};
    if (scope && !scope->empty()) terms.scope = narrowed_scopes(*scope, refresh.scope);
    terms.lifetime_s = lifetime_s;
    terms.parent = Holder{Holder::Kind::refresh_token, refresh.handle};
    if (terms.scope.empty()) co_return std::unexpected(no_scope());
    const auto grant = make_grant(random_, now, terms);
    const auto done = co_await store_.run(home_of(context), [&](AccountsStore& store) -> StoreResult<void> {
        if (auto added = store.add_tokens(grant.access, grant.refresh); !added) return added;
        return store.touch(*terms.parent, now);
    });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    co_return write_grant(grant);
}

Accounts::Outcome Accounts::destroy_token(Context& context) {
    RequestBody body(context.request().body);
    std::vector<std::string> handles;
    // Different clients name it differently; knowing the token is all the right one needs.
    for (const auto* name : {"token", "access_token", "refresh_token"}) {
        if (const auto text = body.optional_text(name, most_token); text && !text->empty()) {
            handles.push_back(handle_of(*text));
        }
    }
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (handles.empty()) co_return std::unexpected(refusals::missing("token"));
    const auto done = co_await store_.run(home_of(context), [&](AccountsStore& store) -> StoreResult<void> {
        for (const auto& handle : handles) {
            if (auto gone = store.destroy_token(handle); !gone) return std::unexpected(gone.error());
        }
        return {};
    });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    // Unknown tokens too: Firefox breaks off its sign-in when this fails.
    co_return json_answer("{}");
}

Accounts::Outcome Accounts::introspect(Context& context) {
    RequestBody body(context.request().body);
    const auto text = body.text("token", most_token);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    const auto now = clock_.now_ms();
    std::string answer = R"({"active":false})";
    const auto done = co_await store_.run(home_of(context), [&](AccountsStore& store) -> StoreResult<void> {
        const auto write = [&](std::string_view uid, std::string_view client, std::string_view scope,
                               std::string_view type) {
            answer.clear();
            base::json::Writer(answer)
                .begin_object()
                .member("active", true)
                .member("sub", uid)
                .member("client_id", client)
                .member("scope", scope)
                .member("token_type", type)
                .end_object();
        };
        const auto handle = handle_of(text);
        const auto access = store.find_access_token(handle, now);
        if (!access) return std::unexpected(access.error());
        if (*access) {
            write((*access)->uid, (*access)->client_id, (*access)->scope, "access_token");
            return {};
        }
        const auto refresh = store.find_refresh_token(handle, now);
        if (!refresh) return std::unexpected(refresh.error());
        if (*refresh) write((*refresh)->owner.uid, (*refresh)->client_id, (*refresh)->scope, "refresh_token");
        return {};
    });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    co_return json_answer(std::move(answer));
}

Accounts::Outcome Accounts::key_set(Context&) {
    // Our tokens are opaque: there is nothing to verify with a key.
    co_return json_answer(R"({"keys":[]})");
}

}  // namespace homespun::sync::accounts
