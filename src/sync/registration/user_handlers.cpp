#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/auth/basic_auth.hpp"
#include "sync/auth/security_event.hpp"
#include "sync/auth/user_name.hpp"
#include "sync/registration/service.hpp"

// User API 1.0 and misc API (sheet sync-legacy, 2.2 and 2.4).
namespace homespun::sync::registration {
namespace {

using auth::BackendFailure;
using auth::BackendUser;
using auth::WeaveAnswers;
using net::http::Response;

constexpr int clear_severity = 9;

/// 400 with a response code of the sheet's section 3.
struct Refused {
    int code;
    std::string_view reason;
};
constexpr Refused bad_captcha{2, "captcha"};
constexpr Refused unknown_user{3, "unknown_user"};
constexpr Refused name_taken{4, "name_taken"};
constexpr Refused not_json{6, "body_not_json"};
constexpr Refused no_password{7, "no_password"};
constexpr Refused weak_password{9, "weak_password"};
constexpr Refused bad_reset_code{10, "bad_reset_code"};
constexpr Refused bad_mail{12, "no_mail_address"};
constexpr Refused other_mail{15, "mail_of_another_name"};

Response refuse(barrel::Context& context, const Refused& its) {
    context.set_reason(std::string(its.reason));
    return WeaveAnswers::code(its.code);
}

Response text(std::string body) {
    return {200, "text/plain", std::move(body)};
}

Response no_such_user(barrel::Context& context) {
    context.set_reason("unknown_user");
    return WeaveAnswers::status(404);
}

/// The body of a creation, in the order in which the reference checks it.
struct Creation {
    std::string password, mail, challenge, response;
};
std::expected<Creation, Refused> read_creation(std::string_view body, std::string_view name,
                                               bool strict_names) {
    const auto json = base::json::parse(body);
    if (!json || json->object() == nullptr) return std::unexpected(not_json);
    const auto member = [&](std::string_view its) {
        const auto* value = json->string(its);
        return value ? *value : std::string();
    };
    Creation read{member("password"), member("email"), member("captcha-challenge"),
                  member("captcha-response")};
    if (!auth::is_mail_address(read.mail)) return std::unexpected(bad_mail);
    if (strict_names && auth::user_name(read.mail) != name) return std::unexpected(other_mail);
    if (read.password.empty()) return std::unexpected(no_password);
    if (!auth::is_strong_password(read.password, name)) return std::unexpected(weak_password);
    return read;
}

}  // namespace

RegistrationService::Answer RegistrationService::user_exists(Context& context) {
    const std::string name(context.parameter("user"));
    if (!auth::is_user_name(name)) co_return refuse(context, unknown_user);
    auto user = co_await find(context, name);
    if (!user) co_return std::move(user.error());
    co_return text(*user ? "1" : "0");
}

RegistrationService::Answer RegistrationService::create_user(Context& context) {
    const auto& request = context.request();
    const std::string name(context.parameter("user"));
    if (!auth::is_user_name(name)) co_return refuse(context, unknown_user);
    auto known = co_await find(context, name);
    if (!known) co_return std::move(known.error());
    if (*known) co_return refuse(context, name_taken);
    auto read = read_creation(request.body, name, settings_.strict_names);
    if (!read) co_return refuse(context, read.error());
    if (!is_human(context, read->challenge, read->response)) co_return refuse(context, bad_captcha);
    // Nobody has checked that the address is theirs: it counts only where the name is made of it.
    const auto proven = auth::user_name(read->mail) == name ? read->mail : std::string();
    if (!settings_.sign_up || !settings_.admission.new_users() || !settings_.admission.allows(name, proven)) {
        co_return parts_.answers.failure(
            context,
            {BackendFailure::Kind::refused, "signup, users.new or users.allow do not let this user be made"});
    }
    // Behind a reverse proxy everybody looks the same: that is its own to limit, or trusted_proxies to tell.
    if (!accounts::is_local_peer(request.remote)) {
        if (auto refused = over_limit(context, creations_, accounts::address_key(request.remote)))
            co_return std::move(*refused);
    }
    auto made = co_await parts_.backend.create(*request.executor, name, std::move(read->password),
                                               std::move(read->mail));
    if (!made) co_return parts_.answers.failure(context, made.error());
    if (!*made) co_return refuse(context, name_taken);
    co_return text(name);
}

RegistrationService::Answer RegistrationService::delete_user(Context& context) {
    const auto user = *context.identity<BackendUser>();
    const auto login = auth::parse_basic(context.request().headers.find("Authorization").value_or(""));
    auto removed = co_await remove(context, user, login ? login->password : std::string());
    if (!removed) co_return std::move(removed.error());
    co_return text("1");
}

RegistrationService::Answer RegistrationService::user_node(Context& context) {
    auto user = co_await find(context, std::string(context.parameter("user")));
    if (!user) co_return std::move(user.error());
    if (!*user) co_return no_such_user(context);
    auto node = (*user)->node.empty() ? root_url(context) : (*user)->node;
    if (node.empty()) co_return Response(200, "application/json", "null");
    if (!node.ends_with('/')) node += '/';
    co_return text(std::move(node));
}

RegistrationService::Answer RegistrationService::send_reset_code(Context& context) {
    auto user = co_await find(context, std::string(context.parameter("user")));
    if (!user) co_return std::move(user.error());
    if (!*user) co_return refuse(context, unknown_user);
    if (!auth::is_mail_address((*user)->mail)) co_return refuse(context, bad_mail);
    if (!is_human(context)) co_return refuse(context, bad_captcha);
    auto sent = co_await mail_code(context, **user);
    if (!sent) co_return std::move(sent.error());
    co_return text("success");
}

RegistrationService::Answer RegistrationService::clear_reset_code(Context& context) {
    const auto& user = *context.identity<BackendUser>();
    if (!is_human(context)) co_return refuse(context, bad_captcha);
    const auto cleared = co_await parts_.codes.clear(*context.request().executor, user.id);
    if (!cleared) co_return parts_.answers.failure(context, cleared.error());
    parts_.security.write(auth::security_event(context.request(), "User requested password reset clear",
                                               clear_severity, "PasswordResetCleared", user.name));
    co_return text("success");
}

RegistrationService::Answer RegistrationService::change_mail(Context& context) {
    const auto& user = *context.identity<BackendUser>();
    std::string mail(base::trim(context.request().body));
    if (!auth::is_mail_address(mail)) co_return refuse(context, bad_mail);
    const auto done = co_await parts_.backend.set_mail(*context.request().executor, user, mail);
    settle(user, done);
    if (!done) co_return parts_.answers.failure(context, done.error());
    co_return text(std::move(mail));
}

/// By the code that was mailed, or else by the old password.
RegistrationService::Step<BackendUser> RegistrationService::who_may_change(Context& context) {
    const auto code = context.request().headers.find("X-Weave-Password-Reset");
    if (!code) {
        auto known = co_await parts_.auth.authenticate(context);
        if (!known) co_return std::unexpected(parts_.answers.problem(context, known.error()));
        co_return *context.identity<BackendUser>();
    }
    auto user = co_await find(context, std::string(context.parameter("user")));
    if (!user) co_return std::unexpected(std::move(user.error()));
    if (!*user) co_return std::unexpected(no_such_user(context));
    auto taken = co_await take_code(context, **user, std::string(*code));
    if (!taken) co_return std::unexpected(std::move(taken.error()));
    if (!*taken) co_return std::unexpected(refuse(context, bad_reset_code));
    co_return std::move(**user);
}

RegistrationService::Answer RegistrationService::change_password(Context& context) {
    const auto& password = context.request().body;
    if (!auth::is_strong_password(password, context.parameter("user"))) {
        context.set_reason("weak_password");
        co_return Response(400, "text/plain",
                           "400 Bad Request: Password should be at least 8 characters and not the same as "
                           "your username");
    }
    auto user = co_await who_may_change(context);
    if (!user) co_return std::move(user.error());
    auto done = co_await set_password(context, *user, password);
    if (!done) {
        if (context.request().headers.find("X-Weave-Password-Reset"))
            done.error().headers.set("X-Weave-Alert", "The reset code is used up. Please ask for a new one.");
        co_return std::move(done.error());
    }
    co_return text("success");
}

RegistrationService::Answer RegistrationService::captcha_html(Context& context) {
    if (parts_.captcha == nullptr) {
        context.set_reason("no_captcha");
        co_return WeaveAnswers::status(404);
    }
    co_return Response(200, "text/html; charset=utf-8", parts_.captcha->html());
}

}  // namespace homespun::sync::registration
