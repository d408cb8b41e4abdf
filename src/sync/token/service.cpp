#include "sync/token/service.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/token/bearer.hpp"

namespace homespun::sync::token {
namespace {

using barrel::Context;
using barrel::Problem;
using net::http::Response;

/// The one error of an answer, to the letter of the sheet's table (18).
struct TokenError {
    int http = 401;
    std::string_view status = "error";
    std::string_view location = "body";
    std::string_view name = {};
    std::string_view description = "Unauthorized";
    std::string_view reason = {};  ///< for the log
};

Response error_response(const TokenError& error) {
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("status", error.status)
        .key("errors")
        .begin_array()
        .begin_object()
        .member("location", error.location)
        .member("name", error.name)
        .member("description", error.description)
        .end_object()
        .end_array()
        .end_object();
    Response response(error.http, "application/json", std::move(body));
    if (error.http == 503) response.headers.add("Retry-After", "10");
    return response;
}

Response refuse(Context& context, const TokenError& error) {
    context.set_reason(std::string(error.reason));
    return error_response(error);
}

/// Reasons of the authenticator, so that the error hook finds the sheet's words for them.
constexpr TokenError auth_errors[] = {
    {.description = "Unauthorized", .reason = "no_authorization"},
    {.description = "Unsupported", .reason = "unsupported_scheme"},
};

TokenError error_for(const Problem& problem) {
    for (const auto& known : auth_errors) {
        if (known.reason == problem.reason) return known;
    }
    switch (problem.status) {
        case 401:  // the verifier's word for why it refused goes to the log only
            return {.status = "invalid-credentials"};
        case 404:
            return {.http = 404, .location = "url", .description = "Not Found"};
        case 405:
            return {.http = 405, .location = "url", .description = "Method Not Allowed"};
        case 503:
            return {.http = 503, .description = "Resource is not available"};
        default:
            return {.http = problem.status,
                    .status = problem.status >= 500 ? "internal-error" : "error",
                    .location = problem.status >= 500 ? "internal" : "body",
                    .description = problem.status >= 500 ? "Server error" : "Bad Request"};
    }
}

TokenError error_for(RuleBreach breach) {
    TokenError error{.status = "invalid-client-state", .location = "header", .name = "X-Client-State"};
    switch (breach) {
        case RuleBreach::keys_changed_without_generation:
        case RuleBreach::old_keys_changed_at:
            return {.status = "invalid-keysChangedAt", .reason = "keys_changed_at"};
        case RuleBreach::old_generation:
            return {.status = "invalid-generation", .reason = "old_generation"};
        case RuleBreach::empty_client_state:
            error.description = "Unacceptable client-state value empty string";
            error.reason = "client_state_empty";
            return error;
        case RuleBreach::stale_client_state:
            error.description = "Unacceptable client-state value stale value";
            error.reason = "client_state_stale";
            return error;
        case RuleBreach::no_generation_change:
            error.description = "Unacceptable client-state value new value with no generation change";
            error.reason = "client_state_without_generation";
            return error;
        case RuleBreach::no_keys_changed_at_change:
            error.description = "Unacceptable client-state value new value with no keys_changed_at change";
            error.reason = "client_state_without_keys_change";
            return error;
    }
    return error;
}

TokenError new_users_disabled(std::string_view reason) {
    return {.http = 403,
            .status = "new-users-disabled",
            .description = "New users are not allowed",
            .reason = reason};
}

bool valid_client_state(std::string_view text) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !text.empty() && text.size() <= 32 && text.find_first_not_of(letters) == std::string_view::npos;
}

/// The headers that name the keys, checked in the sheet's order.
std::expected<KeyFacts, TokenError> key_facts(const Context& context, const auth::AccessGrant& grant) {
    const auto key_id_text = context.request().headers.find("X-KeyID");
    if (!key_id_text) {
        return std::unexpected(TokenError{.status = "invalid-key-id",
                                          .location = "header",
                                          .description = "Missing X-KeyID header",
                                          .reason = "key_id_missing"});
    }
    const auto key_id = protocol::KeyId::parse(*key_id_text);
    if (!key_id)
        return std::unexpected(TokenError{.status = "invalid-credentials", .reason = "key_id_malformed"});
    if (const auto state = context.request().headers.find("X-Client-State")) {
        if (!valid_client_state(*state)) {
            return std::unexpected(TokenError{.http = 400,
                                              .location = "header",
                                              .name = "X-Client-State",
                                              .description = "Invalid client state value",
                                              .reason = "client_state_malformed"});
        }
        if (*state != key_id->client_state) {
            return std::unexpected(
                TokenError{.status = "invalid-client-state", .reason = "client_state_mismatch"});
        }
    }
    KeyFacts facts;
    if (grant.generation && *grant.generation != 0) facts.generation = grant.generation;
    if (key_id->keys_changed_at != 0) facts.keys_changed_at = key_id->keys_changed_at;
    facts.client_state = key_id->client_state;
    return facts;
}

}  // namespace

TokenService::TokenService(TokenSettings settings, TokenStore& store, sys::BlockingPool& store_pool,
                           auth::AccessTokenVerifier& verifier, const protocol::Tokens& tokens,
                           const base::Clock& clock, base::Random& random, base::Logger& logger,
                           TokenMetrics metrics)
    : settings_(std::move(settings)),
      store_(store),
      store_pool_(store_pool),
      verifier_(verifier),
      tokens_(tokens),
      clock_(clock),
      random_(random),
      logger_(logger),
      metrics_(metrics) {}

void TokenService::register_natives(barrel::Natives& natives) {
    natives.authenticator("access_token", [this](Context& context) { return authenticate(context); });
    natives.handler("issue_token", [this](Context& context) { return issue(context); });
    natives.handler("token_root", [](Context&) -> base::Task<Response> {
        co_return Response(200, "application/json", R"({"services":{"sync":"1.5"}})");
    });
    const auto problem = [](Context& context, const Problem& problem) {
        const auto error = error_for(problem);
        if (context.reason().empty()) context.set_reason(std::string(problem.reason));
        return error_response(error);
    };
    natives.hook("token_problem", problem);
    natives.finish([this](const Context&, Response& response) {
        response.headers.set("X-Timestamp", std::to_string(clock_.now_ms() / 1000));
        response.headers.set("X-Content-Type-Options", "nosniff");
        if (response.status == 401) response.headers.set("WWW-Authenticate", "Bearer");
    });
}

base::Task<std::expected<void, Problem>> TokenService::authenticate(Context& context) const {
    auto token = bearer_token(context);
    if (!token) co_return std::unexpected(token.error());
    auto grant =
        co_await verifier_.verify(*context.request().executor, std::move(*token), auth::oldsync_scope);
    if (!grant) co_return std::unexpected(problem_of(grant.error()));
    context.set_identity(std::move(*grant));
    co_return std::expected<void, Problem>();
}

base::Task<Response> TokenService::issue(Context& context) const {
    const auto& grant = *context.identity<auth::AccessGrant>();
    const auto facts = key_facts(context, grant);
    if (!facts) co_return refuse(context, facts.error());
    if (context.parameter("application") != "sync") {
        co_return refuse(context, {.http = 404,
                                   .location = "url",
                                   .name = "application",
                                   .description = "Unsupported application",
                                   .reason = "unknown_application"});
    }
    if (context.parameter("version") != "1.5") {
        const std::string version(context.parameter("version"));
        co_return refuse(context, {.http = 404,
                                   .location = "url",
                                   .name = version,
                                   .description = "Unsupported application version",
                                   .reason = "unknown_version"});
    }
    if (!settings_.admission.allows(grant.account, grant.email))
        co_return refuse(context, new_users_disabled("not_on_the_list"));
    const auto email = fmt::format("{}@{}", grant.account, grant.email_domain);
    const auto now = clock_.now_ms();
    auto work = [this, &email, &facts, now] {
        return store_.assign(email, *facts, now, settings_.admission);
    };
    auto assigned = co_await store_pool_.run(*context.request().executor, std::move(work));
    if (!assigned) {
        co_return refuse(
            context, {.http = 503, .description = "Resource is not available", .reason = "token_store_busy"});
    }
    if (*assigned) {
        metrics_.issued.add();
        if ((*assigned)->created) {
            metrics_.users_created.add();
            logger_.info("storage_user_created", {{"uid", static_cast<std::int64_t>((*assigned)->uid)},
                                                  {"node", std::string_view((*assigned)->node)}});
        }
        co_return answer(context, grant, **assigned);
    }

    const auto& failure = assigned->error();
    if (const auto* breach = std::get_if<RuleBreach>(&failure)) co_return refuse(context, error_for(*breach));
    if (std::holds_alternative<NewUsersDisabled>(failure)) {
        co_return refuse(context, new_users_disabled("new_users_disabled"));
    }
    TokenError server_error{
        .http = 503, .status = "internal-error", .location = "internal", .description = "Server error"};
    if (std::holds_alternative<NoNodeLeft>(failure)) {
        server_error.reason = "no_node_left";
        co_return refuse(context, server_error);
    }
    if (std::holds_alternative<RetiredWithoutNode>(failure)) {
        server_error.http = 500;
        server_error.reason = "retired_without_node";
        co_return refuse(context, server_error);
    }
    logger_.error("token_store_failed", {{"error", std::get<Unavailable>(failure).detail}});
    co_return refuse(
        context, {.http = 503, .description = "Resource is not available", .reason = "token_store_failed"});
}

std::int64_t TokenService::duration_for(const Context& context) const {
    for (const auto& [name, value, has_value] : base::parse_query(context.request().query())) {
        if (name != "duration") continue;
        const auto wanted = base::parse_integer<std::int64_t>(value);
        if (wanted && *wanted >= 1 && *wanted <= settings_.duration_s) return *wanted;
    }
    return settings_.duration_s;
}

Response TokenService::answer(const Context& context, const auth::AccessGrant& grant,
                              const Assignment& assignment) const {
    const auto duration = duration_for(context);
    protocol::TokenPayload payload;
    payload.uid = assignment.uid;
    payload.node = assignment.node;
    payload.expires = clock_.now_ms() / 1000 + duration;
    payload.salt = base::hex_encode(random_.bytes(3));
    payload.fxa_uid = grant.account;
    payload.fxa_kid = protocol::KeyId::format(assignment.keys_changed_at.value_or(assignment.generation),
                                              assignment.client_state);
    payload.hashed_fxa_uid = protocol::hashed_fxa_uid(settings_.metrics_secret, grant.account);
    payload.hashed_device_id = protocol::hashed_device_id(settings_.metrics_secret, payload.hashed_fxa_uid);
    const auto pair = tokens_.make(payload);
    const auto endpoint = fmt::format("{}/1.5/{}", assignment.node, assignment.uid);
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("id", std::string_view(pair.id))
        .member("key", std::string_view(pair.key))
        .member("uid", assignment.uid)
        .member("api_endpoint", std::string_view(endpoint))
        .member("duration", duration)
        .member("hashed_fxa_uid", std::string_view(payload.hashed_fxa_uid))
        .member("hashalg", "sha256")
        .member("node_type", "sqlite")
        .end_object();
    return Response(200, "application/json", std::move(body));
}

}  // namespace homespun::sync::token
