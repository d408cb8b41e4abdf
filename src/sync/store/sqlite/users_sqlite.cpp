#include "sync/store/sqlite/users_sqlite.hpp"

#include "base/crypto.hpp"
#include "sync/auth/password_schemes.hpp"
#include "sync/auth/stored_password.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using auth::BackendFailure;
using auth::BackendResult;
using Kind = BackendFailure::Kind;

BackendFailure busy(std::string_view reason) {
    return {Kind::busy, "sql: " + std::string(reason)};
}

}  // namespace

/// Runs `work` on the database's thread.
template <class Work>
auto UsersSqlite::ask(base::Executor& home, Work work)
    -> Answer<typename std::invoke_result_t<Work>::value_type> {
    auto outcome = co_await parts_.pool.run(home, std::move(work));
    if (!outcome) co_return std::unexpected(busy("too many requests wait for registration.db already"));
    if (!*outcome) co_return std::unexpected(BackendFailure{Kind::down, "sql: " + outcome->error().message});
    if constexpr (std::is_void_v<typename std::invoke_result_t<Work>::value_type>)
        co_return BackendResult<void>();
    else
        co_return std::move(**outcome);
}

UsersSqlite::Answer<std::string> UsersSqlite::stretch(base::Executor& home, std::string password) {
    auth::StoredPassword made{parts_.cost, parts_.random.bytes(accounts::password_salt_size), {}};
    auto halves = co_await passwords_.stretch(home, std::move(password), made.salt, made.cost);
    if (!halves) co_return std::unexpected(busy(halves.error().reason));
    made.hash = std::move(halves->verify_hash);
    co_return made.text();
}

UsersSqlite::Answer<UsersSqlite::Verdict> UsersSqlite::judge(base::Executor& home, std::string password,
                                                             std::string stored) {
    Verdict verdict;
    const auto ours = auth::StoredPassword::parse(stored);
    if (ours) {
        auto halves = co_await passwords_.stretch(home, password, ours->salt, ours->cost);
        if (!halves) co_return std::unexpected(busy(halves.error().reason));
        verdict.fits = base::equal_constant_time(halves->verify_hash, ours->hash);
    } else {
        auto fits =
            co_await parts_.password_pool.run(home, [&] { return auth::fits_old_hash(password, stored); });
        if (!fits) co_return std::unexpected(busy("too many passwords wait to be checked"));
        verdict.fits = *fits;
    }
    if (!verdict.fits || (ours && ours->cost == parts_.cost)) co_return verdict;
    auto better = co_await stretch(home, std::move(password));
    if (better) verdict.better = std::move(*better);  // else another time
    co_return verdict;
}

UsersSqlite::Answer<UsersSqlite::MaybeUser> UsersSqlite::find(base::Executor& home, std::string name) {
    auto row = co_await ask(home, [&] { return parts_.database.find(name); });
    if (!row) co_return std::unexpected(std::move(row.error()));
    co_return *row ? MaybeUser(std::move((*row)->user)) : MaybeUser();
}

UsersSqlite::Answer<UsersSqlite::MaybeUser> UsersSqlite::authenticate(base::Executor& home, std::string name,
                                                                      std::string password) {
    if (password.empty()) co_return MaybeUser();
    auto row = co_await ask(home, [&] { return parts_.database.find(name); });
    if (!row) co_return std::unexpected(std::move(row.error()));
    if (!*row || !(*row)->active) co_return MaybeUser();
    const auto& stored = (*row)->password;
    auto verdict = co_await judge(home, std::move(password), stored);
    if (!verdict) co_return std::unexpected(std::move(verdict.error()));
    if (!verdict->fits) co_return MaybeUser();
    if (!verdict->better.empty()) {
        // Who may log in is not kept out by a disk that takes no writes; the next login tries again.
        static_cast<void>(co_await ask(home, [&] {
            return parts_.database.replace_password((*row)->user.id, stored, verdict->better);
        }));
    }
    co_return MaybeUser(std::move((*row)->user));
}

UsersSqlite::Answer<UsersSqlite::MaybeUser> UsersSqlite::create(base::Executor& home, std::string name,
                                                                std::string password, std::string mail) {
    auto known = co_await ask(home, [&] { return parts_.database.find(name); });
    if (!known) co_return std::unexpected(std::move(known.error()));
    if (*known) co_return MaybeUser();
    auto stored = co_await stretch(home, std::move(password));
    if (!stored) co_return std::unexpected(std::move(stored.error()));
    auto id =
        co_await ask(home, [&] { return parts_.database.insert(name, *stored, mail, parts_.most_users); });
    if (!id) co_return std::unexpected(std::move(id.error()));
    if (!*id) {
        auto there = co_await find(home, name);
        if (there && !*there) {
            co_return std::unexpected(
                BackendFailure{Kind::refused, "sql: there are as many users as signup or users.most allow"});
        }
        if (!there) co_return std::unexpected(std::move(there.error()));
        co_return MaybeUser();
    }
    co_return MaybeUser(auth::BackendUser{.id = **id, .name = std::move(name), .mail = std::move(mail)});
}

UsersSqlite::Answer<void> UsersSqlite::set_password(base::Executor& home, auth::BackendUser user,
                                                    std::string password) {
    auto stored = co_await stretch(home, std::move(password));
    if (!stored) co_return std::unexpected(std::move(stored.error()));
    co_return co_await ask(home, [&] { return parts_.database.set_password(user.id, *stored); });
}

UsersSqlite::Answer<void> UsersSqlite::set_mail(base::Executor& home, auth::BackendUser user,
                                                std::string mail) {
    co_return co_await ask(home, [&] { return parts_.database.set_mail(user.id, mail); });
}

UsersSqlite::Answer<void> UsersSqlite::remove(base::Executor& home, auth::BackendUser user) {
    co_return co_await ask(home, [&] { return parts_.database.remove(user.id); });
}

}  // namespace homespun::sync::store::sqlite
