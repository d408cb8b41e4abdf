#include "sync/registration/service.hpp"

#include "base/crypto.hpp"
#include "sync/auth/security_event.hpp"
#include "sync/auth/user_name.hpp"
#include "sync/registration/fields.hpp"

namespace homespun::sync::registration {
namespace {

using auth::BackendFailure;

constexpr std::int64_t hour_ms = 3600'000;
constexpr accounts::RateRule creation_rule{.burst = 20, .window_ms = hour_ms};
constexpr accounts::RateRule mail_rule{.burst = 5, .window_ms = hour_ms};
constexpr accounts::RateRule guess_rule{.burst = 10};

constexpr int code_severity = 5;
constexpr int lockout_severity = 1;

}  // namespace

RegistrationService::RegistrationService(Parts parts, RegistrationSettings settings)
    : parts_(parts),
      settings_(std::move(settings)),
      creations_(creation_rule),
      mails_(mail_rule),
      guesses_(guess_rule),
      shared_guesses_(accounts::shared_rule) {}

void RegistrationService::add_problems(barrel::Natives& natives) {
    natives.hook("weave_problem", [this](Context& context, const barrel::Problem& problem) {
        return parts_.answers.problem(context, problem);
    });
}

void RegistrationService::add_common(barrel::Natives& natives) {
    add_problems(natives);
    natives.finish([this](const Context&, Response& response) {
        auth::WeaveAnswers::add_timestamp(response, parts_.clock.now_ms());
    });
}

void RegistrationService::register_users(barrel::Natives& natives) {
    const auto handler = [&](const char* name, Answer (RegistrationService::*function)(Context&)) {
        natives.handler(name, [this, function](Context& context) -> Answer {
            if (context.request().method == "HEAD") co_return auth::WeaveAnswers::no_head();
            co_return co_await (this->*function)(context);
        });
    };
    natives.authenticator("weave_user",
                          [this](Context& context) { return parts_.auth.authenticate(context); });
    handler("user_exists", &RegistrationService::user_exists);
    handler("create_user", &RegistrationService::create_user);
    handler("delete_user", &RegistrationService::delete_user);
    handler("user_node", &RegistrationService::user_node);
    handler("send_reset_code", &RegistrationService::send_reset_code);
    handler("clear_reset_code", &RegistrationService::clear_reset_code);
    handler("change_mail", &RegistrationService::change_mail);
    handler("change_password", &RegistrationService::change_password);
    add_common(natives);
}

void RegistrationService::register_misc(barrel::Natives& natives) {
    natives.handler("captcha_html", [this](Context& context) { return captcha_html(context); });
    add_common(natives);
}

void RegistrationService::register_forms(barrel::Natives& natives) {
    const auto handler = [&](const char* name, Answer (RegistrationService::*function)(Context&)) {
        natives.handler(name, [this, function](Context& context) { return (this->*function)(context); });
    };
    handler("show_reset_form", &RegistrationService::show_reset_form);
    handler("take_reset_form", &RegistrationService::take_reset_form);
    handler("show_delete_form", &RegistrationService::show_delete_form);
    handler("take_delete_form", &RegistrationService::take_delete_form);
    add_problems(natives);
}

RegistrationService::Step<std::optional<auth::BackendUser>> RegistrationService::find(Context& context,
                                                                                      std::string name) {
    if (!auth::is_user_name(name)) co_return std::optional<auth::BackendUser>();
    auto user = co_await parts_.backend.find(*context.request().executor, std::move(name));
    if (!user) co_return std::unexpected(parts_.answers.failure(context, user.error()));
    co_return std::move(*user);
}

bool RegistrationService::is_human(const Context& context, std::string_view challenge,
                                   std::string_view response) const {
    if (parts_.captcha == nullptr) return true;
    const auto secret = context.request().headers.find("X-Weave-Secret");
    if (secret && !settings_.shared_secret.empty() &&
        base::equal_constant_time(*secret, settings_.shared_secret))
        return true;
    if (parts_.captcha->passes(challenge, response)) return true;
    parts_.security.write(auth::security_event(context.request(), "Captcha Failed", code_severity,
                                               "CaptchaFail", std::string(context.parameter("user"))));
    return false;
}

bool RegistrationService::is_human(const Context& context) const {
    const Fields fields(context.request().query());
    return is_human(context, fields.find("captcha-challenge").value_or(""),
                    fields.find("captcha-response").value_or(""));
}

/// The 503 of somebody who did this too often.
std::optional<net::http::Response> RegistrationService::over_limit(Context& context,
                                                                   accounts::RateLimit& limit,
                                                                   std::string_view key) const {
    const auto admitted = limit.admit(key, parts_.clock.now_ms());
    if (admitted) return std::nullopt;
    barrel::Problem problem{.status = 503, .detail = "done too often from this address or for this name"};
    problem.reason = "too_often";
    problem.headers.emplace_back("Retry-After", std::to_string(admitted.error().retry_after_s));
    return parts_.answers.problem(context, problem);
}

RegistrationService::Step<bool> RegistrationService::take_code(Context& context,
                                                               const auth::BackendUser& user,
                                                               std::string code) {
    const auto& request = context.request();
    // A code that could do nothing stays good.
    if (const auto may = parts_.backend.may_change(); !may)
        co_return std::unexpected(parts_.answers.failure(context, may.error()));
    const auto who = accounts::address_key(request.remote) + " " + user.name;
    auto& guesses = accounts::is_local_peer(request.remote) ? shared_guesses_ : guesses_;
    if (auto refused = over_limit(context, guesses, who)) {
        parts_.security.write(auth::security_event(request, "Account Lockout Hit", lockout_severity,
                                                   "AccountLockout", user.name));
        co_return std::unexpected(std::move(*refused));
    }
    auto taken = co_await parts_.codes.take(*request.executor, user.id, code);
    if (!taken) {
        guesses.refund(who);
        co_return std::unexpected(parts_.answers.failure(context, taken.error()));
    }
    if (*taken) {
        guesses.refund(who);
        co_return true;
    }
    auto event = auth::security_event(request, "Invalid Reset Code submitted", code_severity,
                                      "InvalidResetCode", user.name);
    event.extensions.emplace_back("submitedtoken", std::move(code));  // spelt so since 2010
    parts_.security.write(event);
    co_return false;
}

RegistrationService::Step<std::monostate> RegistrationService::mail_code(Context& context,
                                                                         const auth::BackendUser& user) {
    auto& home = *context.request().executor;
    if (parts_.mailer == nullptr) {
        co_return std::unexpected(parts_.answers.failure(
            context, {BackendFailure::Kind::refused, "no mail can be sent: smtp.host is not set"}));
    }
    if (auto refused = over_limit(context, mails_, user.name)) co_return std::unexpected(std::move(*refused));
    auto code = co_await parts_.codes.give(home, user.id);
    if (!code) co_return std::unexpected(parts_.answers.failure(context, code.error()));
    auto sent = co_await parts_.mailer->send(home, reset_mail(root_url(context), user, *code));
    if (!sent) {
        mails_.refund(user.name);
        co_return std::unexpected(parts_.answers.failure(context, sent.error()));
    }
    co_return std::monostate();
}

void RegistrationService::settle(const auth::BackendUser& user, const auth::BackendResult<void>& done) {
    if (done)
        parts_.auth.forget(user.name);
    else
        parts_.auth.distrust(user.name);
}

/// The code goes first: it must not outlive the password for which it stood in.
RegistrationService::Step<std::monostate> RegistrationService::set_password(Context& context,
                                                                            const auth::BackendUser& user,
                                                                            std::string password) {
    auto& home = *context.request().executor;
    auto done = co_await parts_.codes.clear(home, user.id);
    if (done) {
        done = co_await parts_.backend.set_password(home, user, std::move(password));
        settle(user, done);
    }
    if (!done) co_return std::unexpected(parts_.answers.failure(context, done.error()));
    co_return std::monostate();
}

/// Whoever may not be removed keeps everything. Then the records go first: a user who is still there can try
/// again.
RegistrationService::Step<std::monostate> RegistrationService::remove(Context& context,
                                                                      const auth::BackendUser& user,
                                                                      std::string password) {
    auto& home = *context.request().executor;
    auto done = co_await parts_.backend.may_remove(home, user);
    if (done) done = co_await parts_.records.remove(home, user, std::move(password), root_url(context) + "/");
    if (done) done = co_await parts_.codes.clear(home, user.id);
    if (done) {
        done = co_await parts_.backend.remove(home, user);
        settle(user, done);
    }
    // They have left, even when this fails; nobody is given their number again.
    if (done) static_cast<void>(co_await parts_.records.sweep(home, user));
    if (!done) co_return std::unexpected(parts_.answers.failure(context, done.error()));
    co_return std::monostate();
}

std::string RegistrationService::root_url(const Context& context) const {
    const auto url = parts_.public_urls.of(context.request());
    return url ? url->text() : std::string();
}

}  // namespace homespun::sync::registration
