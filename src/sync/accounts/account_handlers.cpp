#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/accounts/fresh_session.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/accounts/oauth_rules.hpp"
#include "sync/accounts/request_body.hpp"
#include "sync/accounts/request_query.hpp"
#include "sync/auth/access_token.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::size_t uid_size = 16;
constexpr std::size_t most_invite = 128;
constexpr std::size_t most_user_agent = 256;

/// For lists people look at: what a client calls itself, cut and cleaned.
std::string user_agent_of(const net::http::Request& request) {
    std::string text(request.headers.find("User-Agent").value_or("").substr(0, most_user_agent));
    if (!base::is_utf8(text)) text.clear();
    return text;
}

std::optional<std::string> invite_handle(std::string_view code) {
    code = base::trim(code);
    if (code.empty() || code.size() > most_invite) return std::nullopt;
    return handle_of(code);
}

}  // namespace

// --- limits and decoys
// --------------------------------------------------------------------------------------------

std::expected<void, Refusal> Accounts::admit_address(RateLimit& limit, const Context& context) {
    // Behind a reverse proxy everybody has the proxy's address: then it says nothing.
    if (is_local_peer(context.request().remote)) return {};
    const auto admitted = limit.admit(address_key(context.request().remote), clock_.now_ms());
    if (!admitted) return std::unexpected(refusals::throttled(admitted.error().retry_after_s));
    return {};
}

std::expected<void, Refusal> Accounts::admit_login(const Context& context, const std::string& account) {
    if (auto admitted = admit_address(login_per_address_, context); !admitted) return admitted;
    const auto admitted = login_per_account_.admit(account, clock_.now_ms());
    if (admitted) return {};
    login_per_address_.refund(address_key(context.request().remote));
    return std::unexpected(refusals::throttled(admitted.error().retry_after_s));
}

std::string Accounts::decoy_salt(std::string_view email) const {
    constexpr std::size_t salt_size = 16;
    const auto digest = base::hmac_sha256(settings_.decoy_secret, "client salt\n" + base::to_lower(email));
    return client_salt_text(base::hex_encode(digest.substr(0, salt_size)));
}

PasswordRecord Accounts::decoy_password(std::string_view email) const {
    const auto digest = base::hmac_sha256(settings_.decoy_secret, "server salt\n" + base::to_lower(email));
    // No stretched password has a hash of zeros.
    return {settings_.stretch_cost, digest.substr(0, password_salt_size), std::string(key_size, '\0'),
            std::string(key_size, '\0')};
}

// --- sessions
// -----------------------------------------------------------------------------------------------------

Accounts::FreshSession Accounts::fresh_session(const Context& context, std::string_view wrapped_key_b) const {
    FreshSession session;
    session.made_at = clock_.now_ms();
    session.token = random_.bytes(key_size);
    const auto derived = derive_session_token(session.token);
    session.row = {handle_of(base::hex_encode(derived.id)), derived.key, user_agent_of(context.request())};
    if (query_value(context.request(), "keys") != "true") return session;
    session.key_fetch_token = random_.bytes(key_size);
    const auto fetch = derive_key_fetch_token(*session.key_fetch_token);
    session.key_fetch_row =
        NewKeyFetch{handle_of(base::hex_encode(fetch.id)), fetch.key,
                    make_key_bundle(fetch.request_key, {random_.bytes(key_size), std::string(wrapped_key_b)}),
                    session.made_at + key_fetch_lifetime_ms};
    return session;
}

net::http::Response Accounts::signed_in(std::string_view uid, const FreshSession& session) const {
    std::string body;
    base::json::Writer json(body);
    json.begin_object().member("uid", uid).member("sessionToken", base::hex_encode(session.token));
    if (session.key_fetch_token) json.member("keyFetchToken", base::hex_encode(*session.key_fetch_token));
    json.member("verified", true)
        .member("emailVerified", true)
        .member("sessionVerified", true)
        .member("authAt", session.made_at / 1000)
        .member("metricsEnabled", false)
        .end_object();
    return json_answer(std::move(body));
}

// --- sign-up
// ------------------------------------------------------------------------------------------------------

/// A free first account is for people at this machine. Who comes by a name that is not ours comes through a
/// proxy nobody told us of, or from a page that rebinds its own name to us.
SignUp Accounts::sign_up_for(const Context& context) const {
    const bool ours = public_urls_.knows(context.request());
    return settings_.sign_up == SignUp::first && !ours ? SignUp::closed : settings_.sign_up;
}

Accounts::Outcome Accounts::create_status(Context& context) {
    if (auto admitted = admit_address(status_per_address_, context); !admitted) {
        co_return std::unexpected(admitted.error());
    }
    const auto code = query_value(context.request(), "invite");
    const auto invite = invite_handle(code.value_or(""));
    const auto rule = sign_up_for(context);
    const auto verdict = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.sign_up_verdict(rule, invite, clock_.now_ms());
    });
    if (!verdict) co_return std::unexpected(refusals::of(verdict.error()));
    using Verdict = SignUpVerdict;
    const auto said = *verdict == Verdict::closed && code && !code->empty() ? Verdict::bad_invite : *verdict;
    const bool open = said == Verdict::first || said == Verdict::open || said == Verdict::invite;
    const std::string_view reason = said == Verdict::first    ? "first"
                                    : said == Verdict::open   ? "open"
                                    : said == Verdict::invite ? "invite"
                                    : said == Verdict::closed ? "closed"
                                                              : "bad-invite";
    std::string body;
    base::json::Writer(body).begin_object().member("open", open).member("reason", reason).end_object();
    co_return json_answer(std::move(body));
}

base::Task<std::expected<void, Refusal>> Accounts::may_sign_up(Context& context,
                                                               const std::optional<std::string>& invite,
                                                               const std::string& email) {
    const auto rule = sign_up_for(context);
    const auto judged = co_await store_.run(home_of(context), [&](AccountsStore& store) -> StoreResult<void> {
        const auto verdict = store.sign_up_verdict(rule, invite, clock_.now_ms());
        if (!verdict) return std::unexpected(verdict.error());
        if (*verdict == SignUpVerdict::closed)
            return std::unexpected(StoreError{StoreFailure::sign_up_closed, {}});
        if (*verdict == SignUpVerdict::bad_invite)
            return std::unexpected(StoreError{StoreFailure::bad_invite, {}});
        const auto known = store.find_account(email);
        if (!known) return std::unexpected(known.error());
        if (*known) return std::unexpected(StoreError{StoreFailure::exists, {}});
        return {};
    });
    if (!judged) co_return std::unexpected(refusals::of(judged.error()));
    co_return std::expected<void, Refusal>{};
}

Accounts::Outcome Accounts::create(Context& context) {
    RequestBody body(context.request().body);
    body.require_newer_stretch();
    Account account;
    account.email = body.email();
    const auto auth_pw = body.bytes("authPW", key_size);
    account.client_salt = body.text("clientSalt", 128);
    if (!body.refusal() && !is_client_salt(account.client_salt)) body.reject("clientSalt");
    const auto code = body.optional_text("invite", most_invite);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (auto admitted = admit_address(create_per_address_, context); !admitted) {
        co_return std::unexpected(admitted.error());
    }
    // Asked before the costly stretch, and once more, for good, inside the transaction that makes the
    // account.
    const auto invite = invite_handle(code.value_or(""));
    if (auto may = co_await may_sign_up(context, invite, account.email); !may)
        co_return std::unexpected(may.error());

    account.password = {
        settings_.stretch_cost, random_.bytes(password_salt_size), {}, random_.bytes(key_size)};
    const auto halves =
        co_await passwords_.stretch(home_of(context), auth_pw, account.password.salt, account.password.cost);
    if (!halves) co_return std::unexpected(refusals::unavailable(halves.error().reason));
    account.password.verify_hash = halves->verify_hash;
    account.uid = base::hex_encode(random_.bytes(uid_size));
    account.generation = account.keys_changed_at = account.created_at = clock_.now_ms();
    const auto session =
        fresh_session(context, base::exclusive_or(account.password.wrapwrap_kb, halves->wrapwrap_key));
    const auto rule = sign_up_for(context);
    const auto made = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.create_account(rule, invite, account, session.row, session.key_fetch_row,
                                    account.created_at);
    });
    if (!made) co_return std::unexpected(refusals::of(made.error()));
    logger_.info("account_created", {{"uid", std::string_view(account.uid)}});
    co_return signed_in(account.uid, session);
}

// --- sign-in
// ------------------------------------------------------------------------------------------------------

Accounts::Outcome Accounts::credentials_status(Context& context) {
    RequestBody body(context.request().body);
    const auto email = body.email();
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (auto admitted = admit_address(status_per_address_, context); !admitted) {
        co_return std::unexpected(admitted.error());
    }
    const auto found = co_await store_.run(home_of(context),
                                           [&](AccountsStore& store) { return store.find_account(email); });
    if (!found) co_return std::unexpected(refusals::of(found.error()));
    // Made in either case, so that the time taken tells nothing.
    const auto decoy = decoy_salt(email);
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("upgradeNeeded", false)
        .member("currentVersion", "v2")
        .member("clientSalt", *found ? (*found)->client_salt : decoy)
        .end_object();
    co_return json_answer(std::move(text));
}

base::Task<std::expected<Accounts::CheckedPassword, Refusal>> Accounts::check_password(Context& context,
                                                                                       std::string email,
                                                                                       std::string auth_pw) {
    const auto give_back = [&](Refusal refusal) {
        login_per_account_.refund(base::to_lower(email));
        login_per_address_.refund(address_key(context.request().remote));
        return std::unexpected(std::move(refusal));
    };
    auto found = co_await store_.run(home_of(context),
                                     [&](AccountsStore& store) { return store.find_account(email); });
    if (!found) co_return give_back(refusals::of(found.error()));
    const auto record = *found ? (*found)->password : decoy_password(email);
    const auto halves =
        co_await passwords_.stretch(home_of(context), std::move(auth_pw), record.salt, record.cost);
    if (!halves) co_return give_back(refusals::unavailable(halves.error().reason));
    if (!base::equal_constant_time(halves->verify_hash, record.verify_hash) || !*found) {
        logger_.warning("sign_in_failed", {{"remote", std::string_view(context.request().remote)}});
        co_return std::unexpected(Refusal{400, error_number::wrong_password, "wrong_password",
                                          "Incorrect password or unknown account"});
    }
    login_per_account_.forget(base::to_lower(email));
    login_per_address_.refund(address_key(context.request().remote));
    CheckedPassword checked{std::move(**found), {}};
    checked.wrapped_key_b = base::exclusive_or(record.wrapwrap_kb, halves->wrapwrap_key);
    co_return checked;
}

Accounts::Outcome Accounts::login(Context& context) {
    RequestBody body(context.request().body);
    body.require_newer_stretch();
    const auto email = body.email();
    const auto auth_pw = body.bytes("authPW", key_size);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (auto admitted = admit_login(context, base::to_lower(email)); !admitted) {
        co_return std::unexpected(admitted.error());
    }
    const auto checked = co_await check_password(context, email, auth_pw);
    if (!checked) co_return std::unexpected(checked.error());
    const auto& account = checked->account;
    // Told only to somebody who knows the password, or it would tell that the account exists.
    if (account.email != email) {
        Refusal refusal{400, error_number::wrong_spelling, "wrong_spelling",
                        "The address is spelt differently"};
        refusal.email = account.email;
        co_return std::unexpected(std::move(refusal));
    }
    const auto session = fresh_session(context, checked->wrapped_key_b);
    const auto started = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.start_session(account.uid, account.generation, session.row, session.key_fetch_row,
                                   session.made_at);
    });
    if (!started) co_return std::unexpected(refusals::of(started.error()));
    logger_.info("signed_in", {{"uid", std::string_view(account.uid)}});
    co_return signed_in(account.uid, session);
}

// --- about the account
// --------------------------------------------------------------------------------------------

Accounts::Outcome Accounts::account_status(Context& context) {
    if (auto admitted = admit_address(status_per_address_, context); !admitted) {
        co_return std::unexpected(admitted.error());
    }
    const auto uid = query_value(context.request(), "uid");
    if (!uid) co_return std::unexpected(refusals::missing("uid"));
    const auto bytes = base::hex_decode(*uid);
    // A "no" makes Firefox drop the account: it is said only about something that could be one.
    if (!bytes || bytes->size() != uid_size) co_return std::unexpected(refusals::invalid("uid"));
    const auto exists = co_await store_.run(
        home_of(context), [&](AccountsStore& store) { return store.account_exists(base::to_lower(*uid)); });
    if (!exists) co_return std::unexpected(refusals::of(exists.error()));
    std::string body;
    base::json::Writer(body).begin_object().member("exists", *exists).end_object();
    co_return json_answer(std::move(body));
}

Accounts::Outcome Accounts::keys(Context& context) {
    const auto handle = context.identity<KeyFetcher>()->handle;
    const auto bundle = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.take_key_fetch(handle, clock_.now_ms());
    });
    if (!bundle) co_return std::unexpected(refusals::of(bundle.error()));
    std::string body;
    base::json::Writer(body).begin_object().member("bundle", base::hex_encode(*bundle)).end_object();
    co_return json_answer(std::move(body));
}

Accounts::Outcome Accounts::scoped_key_data(Context& context) {
    RequestBody body(context.request().body);
    const auto client = body.text("client_id", 64);
    const auto scope = body.text("scope", 1024);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (find_client(client) == nullptr) {
        co_return std::unexpected(
            Refusal{400, error_number::unknown_client, "unknown_client", "Unknown client"});
    }
    std::string text;
    base::json::Writer json(text);
    json.begin_object();
    if (auth::has_scope(scope, auth::oldsync_scope)) {
        // Firefox wants the member; its value takes no part in the key of this scope.
        const std::string no_secret(2 * key_size, '0');
        json.key(auth::oldsync_scope)
            .begin_object()
            .member("identifier", auth::oldsync_scope)
            .member("keyRotationSecret", no_secret)
            .member("keyRotationTimestamp", context.identity<Caller>()->owner.keys_changed_at)
            .end_object();
    }
    json.end_object();
    co_return json_answer(std::move(text));
}

Accounts::Outcome Accounts::email_status(Context& context) {
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("email", context.identity<Caller>()->owner.email)
        .member("verified", true)
        .member("sessionVerified", true)
        .member("emailVerified", true)
        .end_object();
    co_return json_answer(std::move(body));
}

Accounts::Outcome Accounts::resend_code(Context&) {
    co_return json_answer("{}");
}

}  // namespace homespun::sync::accounts
