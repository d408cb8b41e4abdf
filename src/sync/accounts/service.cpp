#include "sync/accounts/service.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/accounts/keys.hpp"

namespace homespun::sync::accounts {

using net::http::Response;

namespace {

/// After ten wrong passwords a guess costs a quarter of a minute, then more; a person has read the message by
/// then.
constexpr RateRule login_rule{.first_delay_ms = 15'000};
constexpr RateRule create_rule{.burst = 20, .window_ms = 3600'000};
/// Generous: only somebody who asks for addresses by the thousand shall notice.
constexpr RateRule status_rule{
    .burst = 120, .window_ms = 60'000, .first_delay_ms = 1'000, .longest_delay_ms = 30'000};

base::Error told(const StoreError& error) {
    return {"accounts: " + error.detail};
}

template <class T>
base::Result<T> to_result(StoreResult<T> outcome) {
    if (!outcome) return std::unexpected(told(outcome.error()));
    return std::move(*outcome);
}

}  // namespace

Accounts::Accounts(const AccountsParts& parts, AccountsSettings settings)
    : store_(parts.store, parts.store_pool, parts.logger),
      passwords_(parts.password_pool),
      clock_(parts.clock),
      random_(parts.random),
      logger_(parts.logger),
      public_urls_(parts.public_urls),
      settings_(std::move(settings)),
      doorkeeper_(store_, clock_, public_urls_),
      access_tokens_(store_, clock_),
      login_per_account_(login_rule),
      login_per_address_(login_rule),
      create_per_address_(create_rule),
      status_per_address_(status_rule) {}

// --- registration
// -------------------------------------------------------------------------------------------------

namespace {

/// What every answer of the accounts carries. `scheme` is how to authenticate.
void complete(Response& response, std::string_view scheme) {
    if (response.status == 401) response.headers.set("WWW-Authenticate", scheme);
    // Tokens and keys must not stay in any cache.
    if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Content-Type-Options", "nosniff");
}

/// Writes into a page where its scripts find the accounts: the pages themselves know the usual place only.
barrel::Alter tell_accounts(const std::string& base) {
    const auto attribute = "data-accounts=\"" + base::html_escape(base) + '"';
    return [attribute](barrel::Context&, std::string page) -> std::expected<std::string, barrel::Problem> {
        constexpr std::string_view usual = R"(data-accounts="/auth/v1")";
        const auto at = page.find(usual);
        if (at == std::string::npos)
            return std::unexpected(barrel::Problem{.detail = "the page has no data-accounts"});
        return page.replace(at, usual.size(), attribute);
    };
}

using Verdict = std::expected<void, barrel::Problem>;

base::Task<Verdict> welcome() {
    co_return Verdict{};
}

/// Makes an authenticator of `find`, which tells who it is or refuses. A coroutine with captures: it is kept
/// by the natives, which outlive every request. The refusal goes along for the hook, as it says more than a
/// problem can.
template <class Find>
barrel::Authenticator identify(Find find) {
    return [find](barrel::Context& context) -> base::Task<Verdict> {
        auto found = co_await find(context);
        if (found) {
            context.set_identity(std::move(*found));
            co_return Verdict{};
        }
        const auto& refusal = found.error();
        context.set_identity(refusal);
        barrel::Problem problem;
        problem.status = refusal.status;
        problem.reason = refusal.reason;
        problem.hint = refusal.hint;
        co_return std::unexpected(std::move(problem));
    };
}

void allow(const barrel::Context& context, Response& response) {
    if (response.status == 405) response.headers.set("Allow", context.allowed().to_string());
}

}  // namespace

/// Fills the natives of one service.
struct Accounts::Registrar {
    Accounts& accounts;
    barrel::Natives& natives;
    std::string_view scheme;  ///< a literal: kept by what is registered

    void handler(std::string_view name, Method method) const {
        natives.handler(std::string(name), [self = &accounts, own_scheme = scheme, method](Context& context) {
            return answer_with(context, own_scheme, (self->*method)(context));
        });
    }

    void refusal_hook() const {
        natives.hook("refusal", [own_scheme = scheme](Context& context, const barrel::Problem& problem) {
            const auto* refusal = context.identity<Refusal>();
            auto response = answer(refusal ? *refusal : to_refusal(problem));
            allow(context, response);
            complete(response, own_scheme);
            return response;
        });
    }
};

base::Task<Response> Accounts::answer_with(Context& context, std::string_view scheme, Outcome outcome) {
    auto result = co_await std::move(outcome);
    if (!result) {
        context.set_reason(result.error().reason);
        context.set_hint(result.error().hint);
    }
    auto response = result ? std::move(*result) : answer(result.error());
    complete(response, scheme);
    co_return response;
}

void Accounts::register_accounts(barrel::Natives& natives) {
    const Registrar to{*this, natives, "Hawk"};
    to.refusal_hook();
    const auto session = [this](Context& context) { return doorkeeper_.session(context); };
    natives.authenticator("session", identify(session));
    natives.authenticator("client", identify([this](Context& context) {
                              return doorkeeper_.session_or_refresh_token(context);
                          }));
    natives.authenticator("key-fetch",
                          identify([this](Context& context) { return doorkeeper_.key_fetch(context); }));
    natives.authenticator("session-if-any", [authenticate = identify(session)](Context& context) {
        return context.request().headers.has("Authorization") ? authenticate(context) : welcome();
    });

    to.handler("create", &Accounts::create);
    to.handler("create-status", &Accounts::create_status);
    to.handler("login", &Accounts::login);
    to.handler("credentials-status", &Accounts::credentials_status);
    to.handler("account-status", &Accounts::account_status);
    to.handler("keys", &Accounts::keys);
    to.handler("scoped-key-data", &Accounts::scoped_key_data);
    to.handler("email-status", &Accounts::email_status);
    to.handler("resend-code", &Accounts::resend_code);
    to.handler("session-status", &Accounts::session_status);
    to.handler("session-destroy", &Accounts::session_destroy);
    to.handler("attached-clients", &Accounts::attached_clients);
    to.handler("device", &Accounts::put_device);
    to.handler("devices", &Accounts::list_devices);
    to.handler("device-destroy", &Accounts::destroy_device);
    to.handler("device-commands", &Accounts::device_commands);
    to.handler("invoke-command", &Accounts::invoke_command);
    to.handler("notify", &Accounts::notify_devices);
    to.handler("authorization", &Accounts::authorization);
    to.handler("token", &Accounts::token);
    to.handler("token-destroy", &Accounts::destroy_token);
}

void Accounts::register_oauth(barrel::Natives& natives) {
    const Registrar to{*this, natives, "Bearer"};
    to.refusal_hook();
    to.handler("token-destroy", &Accounts::destroy_token);
    to.handler("introspect", &Accounts::introspect);
    to.handler("key-set", &Accounts::key_set);
}

void Accounts::register_profile(barrel::Natives& natives) {
    const Registrar to{*this, natives, "Bearer"};
    to.refusal_hook();
    to.handler("profile", &Accounts::profile);
}

void Accounts::register_pages(barrel::Natives& natives) {
    const Registrar to{*this, natives, "Bearer"};
    natives.hook("refusal", [](Context& context, const barrel::Problem& problem) {
        Response response(problem.status, "text/plain; charset=utf-8",
                          std::string(net::http::reason_phrase(problem.status)) + "\n");
        allow(context, response);
        response.headers.set("X-Content-Type-Options", "nosniff");
        return response;
    });
    natives.alter("tell-accounts", tell_accounts(settings_.addresses.auth + "/v1"));
    to.handler("client-configuration", &Accounts::client_configuration);
    to.handler("openid-configuration", &Accounts::openid_configuration);
}

// --- for the operator
// ---------------------------------------------------------------------------------------------

base::Task<base::Result<std::string>> Accounts::create_invite(base::Executor& home,
                                                              std::int64_t lifetime_ms) {
    constexpr std::size_t code_size = 15;  // 20 characters
    auto code = base::base64_encode(random_.bytes(code_size), base::Base64::url_nopad);
    const auto now = clock_.now_ms();
    const auto done = co_await store_.run(home, [&](AccountsStore& store) {
        return store.add_invite(handle_of(code), now, now + lifetime_ms);
    });
    if (!done) co_return std::unexpected(told(done.error()));
    logger_.info("invite_made");
    co_return code;
}

base::Task<base::Result<std::vector<Invite>>> Accounts::list_invites(base::Executor& home) {
    auto list = co_await store_.run(home, [](AccountsStore& store) { return store.list_invites(); });
    co_return to_result(std::move(list));
}

base::Task<base::Result<std::vector<AccountSummary>>> Accounts::list_accounts(base::Executor& home) {
    auto list = co_await store_.run(home, [](AccountsStore& store) { return store.list_accounts(); });
    co_return to_result(std::move(list));
}

namespace {

/// Does `act(store, uid)` with the account of that address; false when there is none.
template <class Act>
StoreResult<bool> with_account(AccountsStore& store, std::string_view email, Act act) {
    const auto found = store.find_account(email);
    if (!found) return std::unexpected(found.error());
    if (!*found) return false;
    return act(store, (*found)->uid);
}

}  // namespace

base::Task<base::Result<std::optional<std::string>>> Accounts::uid_of(base::Executor& home,
                                                                      std::string email) {
    const auto found =
        co_await store_.run(home, [&](AccountsStore& store) { return store.find_account(email); });
    if (!found) co_return std::unexpected(told(found.error()));
    co_return *found ? std::optional((*found)->uid) : std::nullopt;
}

base::Task<base::Result<bool>> Accounts::revoke_access(base::Executor& home, std::string email) {
    std::string uid;
    auto done = co_await store_.run(home, [&](AccountsStore& store) {
        return with_account(store, email, [&uid](AccountsStore& s, std::string_view its_uid) {
            uid = its_uid;
            return s.revoke_access(its_uid);
        });
    });
    if (done && *done) logger_.info("access_revoked", {{"uid", std::string_view(uid)}});
    co_return to_result(std::move(done));
}

base::Task<base::Result<bool>> Accounts::remove_account(base::Executor& home, std::string email) {
    std::string uid;
    auto done = co_await store_.run(home, [&](AccountsStore& store) {
        return with_account(store, email, [&uid](AccountsStore& s, std::string_view its_uid) {
            uid = its_uid;
            return s.remove_account(its_uid);
        });
    });
    if (done && *done) logger_.info("account_removed", {{"uid", std::string_view(uid)}});
    co_return to_result(std::move(done));
}

base::Task<base::Result<std::vector<SeededAccount>>> Accounts::seed(base::Executor& home, std::size_t count) {
    std::vector<SeededAccount> seeded;
    const auto now = clock_.now_ms();
    for (std::size_t i = 0; i < count; ++i) {
        const auto plan = plan_seed(random_, now);
        const auto done = co_await store_.run(home, [&](AccountsStore& store) -> StoreResult<void> {
            auto made = store.create_account(SignUp::open, std::nullopt, plan.account, plan.session,
                                             std::nullopt, now);
            if (!made) return made;
            return store.add_tokens(plan.token, std::nullopt);
        });
        if (!done) co_return std::unexpected(told(done.error()));
        seeded.push_back(plan.seeded);
    }
    logger_.info("accounts_seeded", {{"count", static_cast<std::int64_t>(count)}});
    co_return seeded;
}

base::Task<base::Result<std::int64_t>> Accounts::purge(base::Executor& home) {
    const auto purged =
        co_await store_.run(home, [&](AccountsStore& store) { return store.purge(clock_.now_ms()); });
    if (!purged) co_return std::unexpected(told(purged.error()));
    co_return purged->rows;
}

}  // namespace homespun::sync::accounts
