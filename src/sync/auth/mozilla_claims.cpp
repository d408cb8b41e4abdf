#include "sync/auth/mozilla_claims.hpp"

#include <algorithm>

namespace homespun::sync::auth {
namespace {

using base::json::Value;

constexpr std::string_view event_prefix = "https://schemas.accounts.firefox.com/event/";
constexpr std::size_t longest_account = 128;

/// It becomes the first part of `users.email`: nothing may make another account of it.
bool is_account(const std::string* text) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return text && !text->empty() && text->size() <= longest_account &&
           text->find_first_not_of(letters) == std::string::npos;
}

/// Scopes come as a text with blanks or commas, or as a list; given back with blanks. Empty: of another kind.
std::string scopes_of(const Value* value) {
    std::string scopes;
    const auto add = [&scopes](std::string_view text) {
        if (!scopes.empty()) scopes += ' ';
        scopes += text;
    };
    if (!value) return scopes;
    if (const auto* text = value->string()) {
        scopes = *text;
        std::ranges::replace_if(
            scopes, [](char c) { return c == ',' || c == '\t' || c == '\n' || c == '\r'; }, ' ');
    } else if (const auto* list = value->array()) {
        for (const auto& entry : *list) {
            if (!entry.string()) return {};
            add(*entry.string());
        }
    }
    return scopes;
}

/// False when it is there and no number that a generation can be.
bool read_generation(const Value* value, std::optional<std::int64_t>& generation) {
    if (!value || value->is_null()) return true;
    if (!value->integer() || *value->integer() < 0) return false;
    generation = *value->integer();
    return true;
}

/// `exp` and `nbf` against the clock; a missing `exp` counts as `without`.
std::string_view time_problem(const Value& claims, std::int64_t now_ms, std::string_view without) {
    const auto now = now_ms / 1000;
    if (const auto* begin = claims.member("nbf")) {
        if (!begin->integer()) return "jwt_claims";
        if (*begin->integer() > now + clock_leeway_s) return "jwt_not_yet_valid";
    }
    const auto* end = claims.member("exp");
    if (!end) return without;
    if (!end->integer()) return "jwt_claims";
    return *end->integer() <= now - clock_leeway_s ? "jwt_expired" : "";
}

bool is_issued_by(const Value& claims, std::string_view issuer) {
    const auto* text = claims.string("iss");
    return text && *text == issuer;
}

bool is_meant_for(const Value& claims, std::string_view audience) {
    const auto* value = claims.member("aud");
    if (!value || audience.empty()) return false;
    if (value->string()) return *value->string() == audience;
    return value->array() && std::ranges::any_of(*value->array(), [&](const Value& entry) {
               return entry.string() && *entry.string() == audience;
           });
}

std::expected<AccessGrant, std::string_view> make_grant(const Value& facts, const char* account,
                                                        const char* generation, std::string_view scope,
                                                        std::string_view bad_facts,
                                                        std::string_view bad_scope) {
    AccessGrant grant;
    if (!is_account(facts.string(account)) || !read_generation(facts.member(generation), grant.generation))
        return std::unexpected(bad_facts);
    grant.account = *facts.string(account);
    if (const auto* client = facts.string("client_id")) grant.client_id = *client;
    grant.scope = scopes_of(facts.member("scope"));
    if (!has_scope(grant.scope, scope)) return std::unexpected(bad_scope);
    return grant;
}

}  // namespace

std::expected<AccessGrant, std::string_view> read_access_claims(const Jwt& token,
                                                                const TokenDemands& demands) {
    if (token.type != "at+jwt") return std::unexpected("jwt_type");
    if (!is_issued_by(token.claims, demands.issuer)) return std::unexpected("jwt_issuer");
    if (const auto problem = time_problem(token.claims, demands.now_ms, "jwt_claims"); !problem.empty())
        return std::unexpected(problem);
    return make_grant(token.claims, "sub", "fxa-generation", demands.scope, "jwt_claims", "jwt_scope");
}

std::expected<AccessGrant, std::string_view> read_verdict(std::string_view body, std::string_view scope) {
    const auto verdict = base::json::parse(body);
    if (!verdict) return std::unexpected("verify_answer");
    return make_grant(*verdict, "user", "generation", scope, "verify_answer", "verify_scope");
}

std::expected<std::vector<AccountEvent>, std::string_view> read_account_events(const Jwt& token,
                                                                               std::string_view issuer,
                                                                               std::string_view audience,
                                                                               std::int64_t now_ms) {
    // Signed with the same keys: an access token is no event.
    if (token.type != "" && token.type != "jwt" && token.type != "secevent+jwt")
        return std::unexpected("jwt_type");
    const auto& claims = token.claims;
    if (!is_issued_by(claims, issuer)) return std::unexpected("jwt_issuer");
    if (!is_meant_for(claims, audience)) return std::unexpected("jwt_audience");
    if (const auto problem = time_problem(claims, now_ms, ""); !problem.empty())
        return std::unexpected(problem);
    const auto* listed = claims.member("events");
    const auto* account = claims.string("sub");
    if (!listed || !listed->object() || !is_account(account)) return std::unexpected("jwt_claims");
    std::vector<AccountEvent> events;
    for (const auto& [name, facts] : *listed->object()) {
        if (!name.starts_with(event_prefix)) continue;
        const auto what = std::string_view(name).substr(event_prefix.size());
        if (what == "delete-user") {
            events.push_back({AccountEvent::Kind::deleted, *account});
        } else if (what == "password-change") {
            const auto* changed = facts.integer("changeTime");
            if (!changed || *changed <= 0) return std::unexpected("jwt_claims");
            events.push_back({AccountEvent::Kind::password_changed, *account, *changed});
        }
    }
    return events;
}

}  // namespace homespun::sync::auth
