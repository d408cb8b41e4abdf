#include "sync/auth/user_name.hpp"
#include "sync/registration/fields.hpp"
#include "sync/registration/form_pages.hpp"
#include "sync/registration/service.hpp"

// The pages for people (sheet sync-legacy, 2.4). The texts of the refusals are those of the old servers.
namespace homespun::sync::registration {
namespace {

using net::http::Response;

Response html(std::string body, int status = 200) {
    return {status, "text/html; charset=utf-8", std::move(body)};
}

/// A page instead of an answer for programs.
Response failed(const Response& answer, std::string page) {
    auto made = html(std::move(page), answer.status);
    if (const auto wait = answer.headers.find("Retry-After"))
        made.headers.set("Retry-After", std::string(*wait));
    return made;
}

constexpr const char* no_such_account = "We are unable to locate your account";

}  // namespace

RegistrationService::Answer RegistrationService::show_reset_form(Context& context) {
    const Fields fields(context.request().query());
    const auto name = fields.given("username");
    const auto key = fields.given("key");
    if (name && key) co_return html(new_password_page({}, *name, *key));
    co_return html(ask_name_page({}));
}

RegistrationService::Answer RegistrationService::take_reset_form(Context& context) {
    const Fields fields(context.request().body);
    const auto name = fields.given("username");
    const auto key = fields.given("key");
    if (key) co_return co_await check_reset_form(context, name.value_or(""), *key);
    if (fields.find("password") || fields.find("confirm") || fields.find("key")) {
        context.set_reason("bad_reset_code");
        co_return html(ask_name_page("The key is missing. Please check the link you used."), 400);
    }
    if (!name) co_return html(ask_name_page("Username not provided"));
    auto user = co_await find(context, auth::user_name(*name).value_or(""));
    if (!user) co_return std::move(user.error());
    if (!*user) co_return html(ask_name_page(no_such_account));
    if (!auth::is_mail_address((*user)->mail))
        co_return html(ask_name_page("There is no e-mail address on file for your account"));
    auto sent = co_await mail_code(context, **user);
    if (!sent) co_return std::move(sent.error());
    co_return html(
        say_page("A link is on its way",
                 "It went to the e-mail address of your account and is good for the next 6 hours."));
}

RegistrationService::Answer RegistrationService::check_reset_form(Context& context, std::string name,
                                                                  std::string key) {
    const auto again = [&](std::string_view problem) { return html(new_password_page(problem, name, key)); };
    const Fields fields(context.request().body);
    const auto password = fields.given("password");
    if (name.empty()) co_return again("Username not provided. Please check the link you used.");
    auto user = co_await find(context, auth::user_name(name).value_or(""));
    if (!user) co_return std::move(user.error());
    if (!*user) co_return again(no_such_account);
    if (!password) co_return again("Password not provided. Please check the link you used.");
    if (*password != fields.find("confirm")) co_return again("Password and confirmation do not match");
    if (!auth::is_strong_password(*password, (*user)->name)) {
        co_return again("Password should be at least 8 characters and not the same as your username");
    }
    auto taken = co_await take_code(context, **user, key);
    if (!taken) co_return std::move(taken.error());
    if (!*taken) co_return again("Key does not match with username. Please request a new key.");
    auto done = co_await set_password(context, **user, *password);
    if (!done) {
        co_return failed(done.error(),
                         ask_name_page("The password could not be set, and the link is used up. "
                                       "Please request a new link."));
    }
    co_return html(say_page("Password successfully changed", "You can use the new one from now on."));
}

RegistrationService::Answer RegistrationService::show_delete_form(Context& /*context*/) {
    co_return html(delete_page({}));
}

RegistrationService::Answer RegistrationService::take_delete_form(Context& context) {
    const Fields fields(context.request().body);
    const auto name = fields.given("username");
    const auto password = fields.given("password");
    if (!name || !password) co_return html(delete_page("Missing data"));
    auto user = co_await parts_.auth.check(context, auth::user_name(*name).value_or(""), *password);
    if (!user) co_return parts_.answers.problem(context, user.error());
    if (!*user) co_return html(delete_page("Bad credentials"));
    auto removed = co_await remove(context, **user, *password);
    if (!removed) co_return failed(removed.error(), delete_page("Deletion failed."));
    co_return html(say_page("Account removed.", "Everything that it had stored here is gone too."));
}

}  // namespace homespun::sync::registration
