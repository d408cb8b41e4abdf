#include "sync/auth/remote_access_tokens.hpp"

#include <fmt/format.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::size_t largest_answer = 1024 * 1024;

std::unexpected<AccessRefusal> invalid(std::string_view reason) {
    return std::unexpected(AccessRefusal{AccessFailure::invalid, reason});
}
std::unexpected<AccessRefusal> unavailable(std::string_view reason) {
    return std::unexpected(AccessRefusal{AccessFailure::unavailable, reason});
}

/// One of those who ask at the same time, while it lives.
struct Turn {
    explicit Turn(std::atomic<int>& its_count) : count(its_count), number(++its_count) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { --count; }
    std::atomic<int>& count;
    const int number;
};

/// What to say of a token that no key of ours is for, when nobody else can be asked.
AccessRefusal undecided(const KeySource::Keys& keys) {
    switch (keys.freshness) {
        case KeySource::Freshness::current:
            return {AccessFailure::invalid, reason_of(JwtProblem::unknown_key)};
        case KeySource::Freshness::not_asked_again:
            return {AccessFailure::unavailable, "keys_not_asked_again"};
        case KeySource::Freshness::unavailable:
            break;
    }
    return {AccessFailure::unavailable, "keys_unavailable"};
}

std::expected<void, JwtProblem> check_signature(const Jwt& token, const KeySource::Keys& keys) {
    if (!keys.keys) return std::unexpected(JwtProblem::unknown_key);
    return check_signature(token, *keys.keys);
}

}  // namespace

base::Result<std::unique_ptr<RemoteAccessTokens>> RemoteAccessTokens::open(RemoteSettings settings,
                                                                           net::Loop& loop,
                                                                           const base::Clock& clock,
                                                                           base::Logger& logger) {
    settings.client.max_response_bytes = largest_answer;
    auto tokens =
        std::unique_ptr<RemoteAccessTokens>(new RemoteAccessTokens(std::move(settings), loop, clock, logger));
    if (const auto& problem = tokens->client_.problem()) return std::unexpected(*problem);
    auto keys = KeySource::open(tokens->settings_.keys, loop, tokens->client_, clock, logger);
    if (!keys) return std::unexpected(keys.error());
    tokens->keys_ = std::move(*keys);
    return tokens;
}

base::Task<AccessVerdict> RemoteAccessTokens::verify(base::Executor& home, std::string token,
                                                     std::string_view scope) {
    const auto jwt = parse_jwt(token);
    if (!jwt) {
        const auto reason = reason_of(jwt.error());
        if (jwt.error() != JwtProblem::not_a_jwt) co_return invalid(reason);
        co_return co_await ask(home, std::move(token), scope, {AccessFailure::invalid, reason});
    }
    const auto keys = co_await keys_->keys_for(home, jwt->key_id);
    if (const auto checked = check_signature(*jwt, keys); !checked) {
        if (checked.error() != JwtProblem::unknown_key) co_return invalid(reason_of(checked.error()));
        co_return co_await ask(home, std::move(token), scope, undecided(keys));
    }
    auto grant = read_access_claims(*jwt, {settings_.issuer, scope, clock_.now_ms()});
    if (!grant) co_return invalid(grant.error());
    grant->email_domain = settings_.email_domain;
    co_return std::move(*grant);
}

base::Task<std::expected<std::vector<AccountEvent>, AccessRefusal>> RemoteAccessTokens::events(
    base::Executor& home, std::string token) {
    const auto jwt = parse_jwt(token);
    if (!jwt) co_return invalid(reason_of(jwt.error()));
    const auto keys = co_await keys_->keys_for(home, jwt->key_id);
    if (const auto checked = check_signature(*jwt, keys); !checked) {
        if (checked.error() == JwtProblem::unknown_key) co_return std::unexpected(undecided(keys));
        co_return invalid(reason_of(checked.error()));
    }
    auto events = read_account_events(*jwt, settings_.issuer, settings_.client_id, clock_.now_ms());
    if (!events) co_return invalid(events.error());
    co_return std::move(*events);
}

base::Task<AccessVerdict> RemoteAccessTokens::ask(base::Executor& home, std::string token,
                                                  std::string_view scope, AccessRefusal otherwise) {
    if (!settings_.verify_url) co_return std::unexpected(otherwise);
    if (token.empty() || token.size() > max_jwt_size || !base::is_utf8(token))
        co_return invalid(reason_of(JwtProblem::not_a_jwt));
    const auto key = base::sha256(fmt::format("{}\n{}", scope, token));
    if (auto known = remembered(key)) co_return std::move(*known);
    // Whoever sends us rubbish makes us ask: not for more than this at once.
    const Turn turn(questions_);
    if (turn.number > most_questions) co_return unavailable("verify_busy");
    co_await base::yield_to(loop_);
    auto response = co_await question(token);
    co_await base::yield_to(home);
    if (!response) {
        logger_.warning("verify_failed", {{"error", response.error().message}});
        co_return unavailable("verify_unavailable");
    }
    // Any 4xx is a no (sync-1.5 sheet, 17.1), save those that ask to come again: a 401 of ours makes Firefox
    // forget its login. Of a token it does not take the endpoint says 400 or 401; other numbers mean that we
    // ask the wrong address or in the wrong way, which the operator must hear of.
    if (const auto status = response->status; status != 200) {
        if (status != 400 && status != 401)
            logger_.warning("verify_failed", {{"status", std::int64_t{status}}});
        const bool no = status / 100 == 4 && status != 408 && status != 429;
        co_return no ? invalid("verify_refused") : unavailable("verify_unavailable");
    }
    auto grant = read_verdict(response->body, scope);
    if (!grant) co_return invalid(grant.error());
    grant->email_domain = settings_.email_domain;
    remember(key, *grant);
    co_return std::move(*grant);
}

base::Task<base::Result<net::http::ClientResponse>> RemoteAccessTokens::question(std::string_view token) {
    net::ClientRequest request;
    request.method = "POST";
    request.target = settings_.verify_url->target;
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Accept", "application/json");
    request.headers.add("Connection", "close");
    base::json::Writer(request.body).begin_object().member("token", token).end_object();
    return client_.send(net::Endpoint::of(*settings_.verify_url), std::move(request), KeySource::patience);
}

std::optional<AccessGrant> RemoteAccessTokens::remembered(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = verdicts_.find(key);
    if (found == verdicts_.end()) return std::nullopt;
    // A clock set back must not make a verdict older than it may be.
    const auto left = found->second.until_ms - clock_.now_ms();
    if (left > 0 && left <= verdict_lifetime_ms) return found->second.grant;
    verdicts_.erase(found);
    return std::nullopt;
}

void RemoteAccessTokens::remember(const std::string& key, const AccessGrant& grant) {
    const auto now = clock_.now_ms();
    const std::lock_guard lock(mutex_);
    if (verdicts_.size() >= most_verdicts)
        std::erase_if(verdicts_, [now](const auto& entry) { return entry.second.until_ms <= now; });
    if (verdicts_.size() < most_verdicts)
        verdicts_.insert_or_assign(key, Verdict{grant, now + verdict_lifetime_ms});
}

base::Task<AccessVerdict> EitherAccessTokens::verify(base::Executor& home, std::string token,
                                                     std::string_view scope) {
    // Ours are 32 bytes in hex. Mozilla's opaque ones look the same: what we do not know may be theirs.
    const auto bytes = base::hex_decode(token);
    if (bytes && bytes->size() == 32) {
        auto verdict = co_await own_.verify(home, token, scope);
        if (verdict || verdict.error().failure == AccessFailure::unavailable) co_return verdict;
    }
    co_return co_await remote_.verify(home, std::move(token), scope);
}

}  // namespace homespun::sync::auth
