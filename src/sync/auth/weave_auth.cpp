#include "sync/auth/weave_auth.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "sync/auth/basic_auth.hpp"
#include "sync/auth/security_event.hpp"
#include "sync/auth/user_name.hpp"

namespace homespun::sync::auth {
namespace {

using barrel::Problem;

/// Beyond so many wrong passwords in a quarter of an hour each further one costs a wait.
constexpr accounts::RateRule guess_rule{.burst = 20};

// Severities and signatures of the events (sheet sync-legacy, 10.4).
constexpr int malformed_severity = 7;
constexpr int failed_severity = 5;
constexpr int lockout_severity = 1;
constexpr const char* auth_failure = "AuthFail";

std::unexpected<Problem> refuse(std::string reason, std::string detail) {
    return std::unexpected(Problem{.status = 401, .reason = std::move(reason), .detail = std::move(detail)});
}

/// `kzyv… (ann@example.com)` for an address, else the name.
std::string told_name(const std::string& name) {
    if (!name.contains('@')) return name;
    return fmt::format("{} ({})", user_name(name).value_or("?"), name);
}

}  // namespace

WeaveAuth::WeaveAuth(Parts parts, std::int64_t remember_ms)
    : parts_(parts),
      memory_(remember_ms, parts.random),
      tries_(accounts::shared_rule),
      guesses_(guess_rule) {}

base::Task<std::expected<void, Problem>> WeaveAuth::authenticate(barrel::Context& context) {
    const auto& request = context.request();
    const auto tell = [&](const char* event, std::string user = {}) {
        parts_.security.write(
            security_event(request, event, malformed_severity, auth_failure, std::move(user)));
    };
    const auto value = request.headers.find("Authorization");
    if (!value) {
        tell("No Authorization header was provided");
        auto refusal = refuse("no_authorization", "no Authorization header");
        refusal.error().headers.emplace_back("WWW-Authenticate", "Basic realm=\"Sync\"");
        co_return refusal;
    }
    auto read = parse_basic(*value);
    if (!read) {
        switch (read.error()) {
            case BasicFault::other_scheme:
                tell("Authorization header contains unknown protocol");
                co_return refuse("unsupported_scheme", "Basic is spoken here");
            case BasicFault::badly_encoded:
                tell("Authorization header is badly encoded");
                co_return refuse("basic_malformed", "the Basic header is no base64 of name:password");
            case BasicFault::bad_name:
                tell("Username contains invalid characters");
                co_return refuse("basic_name", "the name in the Basic header can be no user's");
            case BasicFault::password_not_utf8:
                break;
        }
        tell("Password is not utf-8 encoded");
        co_return refuse("basic_not_utf8", "the password in the Basic header is no UTF-8");
    }
    if (read->name != context.parameter("user")) {
        tell("Username Does Not Match URL", told_name(read->name));
        co_return refuse("other_user", "the Basic header names another user than the URL");
    }
    auto user = co_await check(context, std::move(read->name), std::move(read->password));
    if (!user) co_return std::unexpected(std::move(user.error()));
    if (!*user) co_return refuse("wrong_login", "no such user, or another password");
    context.set_identity(std::move(**user));
    co_return std::expected<void, Problem>();
}

Problem WeaveAuth::lockout(const barrel::Context& context, const std::string& name,
                           accounts::RateLimit::Refused wait) const {
    parts_.security.write(
        security_event(context.request(), "Account Lockout Hit", lockout_severity, "AccountLockout", name));
    Problem problem{.status = 503, .detail = "too many wrong passwords for this name"};
    problem.reason = "guesses";
    problem.headers.emplace_back("Retry-After", std::to_string(wait.retry_after_s));
    return problem;
}

base::Task<std::expected<std::optional<BackendUser>, Problem>> WeaveAuth::check(barrel::Context& context,
                                                                                std::string name,
                                                                                std::string password) {
    using Outcome = std::expected<std::optional<BackendUser>, Problem>;
    const auto& request = context.request();
    const auto now_ms = parts_.clock.now_ms();
    const auto who = accounts::address_key(request.remote) + " " + name;
    const bool shared = accounts::is_local_peer(request.remote);
    if (const auto admitted = tries_.admit(who, now_ms); !admitted)
        co_return std::unexpected(lockout(context, name, admitted.error()));
    if (auto known = memory_.find(name, password, now_ms)) {
        tries_.refund(who);
        co_return Outcome(std::move(known));
    }
    if (!shared) {
        if (const auto admitted = guesses_.admit(who, now_ms); !admitted)
            co_return std::unexpected(lockout(context, name, admitted.error()));
    }
    const auto asked_at = memory_.moment();
    auto user = co_await parts_.backend.authenticate(*request.executor, name, password);
    if (!user || *user) {
        tries_.refund(who);
        if (!shared) guesses_.refund(who);
    }
    if (!user) co_return std::unexpected(parts_.answers.problem_of(user.error()));
    if (*user) {
        memory_.remember(**user, password, asked_at, now_ms);
    } else {
        parts_.security.write(security_event(request, "User Authentication Failed", failed_severity,
                                             auth_failure, told_name(name)));
    }
    co_return Outcome(std::move(*user));
}

}  // namespace homespun::sync::auth
