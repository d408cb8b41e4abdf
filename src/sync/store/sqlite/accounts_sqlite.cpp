#include "sync/store/sqlite/accounts_sqlite.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "sync/store/sqlite/accounts_schema.hpp"
#include "sync/store/sqlite/accounts_tables.hpp"

namespace homespun::sync::store::sqlite {

using accounts::Account;
using accounts::StoreFailure;
using accounts::StoreResult;

namespace {

constexpr std::int64_t newer_kdf = 2;
constexpr std::int64_t used_invites_stay_ms = 30LL * 24 * 3600 * 1000;

Account read_account(const Statement& row) {
    Account account;
    account.uid = row.text(0);
    account.email = row.text(1);
    account.client_salt = row.text(2);
    account.password.cost = {static_cast<std::uint32_t>(row.integer(3)),
                             static_cast<std::uint32_t>(row.integer(4)),
                             static_cast<std::uint32_t>(row.integer(5))};
    account.password.salt = row.text(6);
    account.password.verify_hash = row.text(7);
    account.password.wrapwrap_kb = row.text(8);
    account.generation = row.integer(9);
    account.keys_changed_at = row.integer(10);
    account.created_at = row.integer(11);
    return account;
}

/// Makes the file with rights for its owner alone: SQLite would follow the umask, and its other files follow
/// this one.
base::Result<void> make_private_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return base::fail(fmt::format("cannot open {}: {}", path, std::strerror(errno)));
    ::close(descriptor);
    return {};
}

}  // namespace

base::Result<std::unique_ptr<accounts::AccountsStore>> open_accounts(const std::string& path,
                                                                     const OpenOptions& options) {
    if (options.vfs == nullptr && !options.read_only) {
        if (auto made = make_private_file(path); !made) return std::unexpected(made.error());
    }
    auto database = Database::open(path, options);
    if (!database) return base::fail(database.error().message);
    if (auto prepared = prepare_accounts_schema(*database, path); !prepared)
        return std::unexpected(prepared.error());
    return std::make_unique<AccountsTables>(std::move(*database));
}

SqlResult<accounts::SignUpVerdict> AccountsTables::judge_sign_up(accounts::SignUp rule,
                                                                 const std::optional<std::string>& invite,
                                                                 std::int64_t now) {
    using accounts::SignUp;
    using Verdict = accounts::SignUpVerdict;
    // A good invite is used up even where none is needed: who sees the link later makes no account with it.
    if (invite) {
        const auto good = read_number(
            database_, "SELECT count(*) FROM invite WHERE handle = ? AND used_at IS NULL AND expires_at > ?",
            *invite, now);
        if (!good) return std::unexpected(good.error());
        if (*good > 0) return Verdict::invite;
    }
    if (rule == SignUp::open) return Verdict::open;
    if (rule == SignUp::first) {
        const auto any = read_number(database_, "SELECT EXISTS (SELECT 1 FROM account)");
        if (!any) return std::unexpected(any.error());
        if (*any == 0) return Verdict::first;
    }
    return invite ? Verdict::bad_invite : Verdict::closed;
}

StoreResult<accounts::SignUpVerdict> AccountsTables::sign_up_verdict(accounts::SignUp rule,
                                                                     const std::optional<std::string>& invite,
                                                                     std::int64_t now) {
    auto verdict = judge_sign_up(rule, invite, now);
    if (!verdict) return failed(verdict.error());
    return *verdict;
}

SqlResult<void> AccountsTables::insert_account(const Account& account) {
    const auto& password = account.password;
    auto done = change_rows(
        database_,
        "INSERT INTO account (uid, email, email_norm, kdf_version, client_salt, stretch_passes, "
        "stretch_memory_kib, stretch_lanes, server_salt, verify_hash, wrapwrap_kb, generation, "
        "keys_changed_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        account.uid, account.email, base::to_lower(account.email), newer_kdf, account.client_salt,
        std::int64_t{password.cost.passes}, std::int64_t{password.cost.memory_kib},
        std::int64_t{password.cost.lanes}, Blob{password.salt}, Blob{password.verify_hash},
        Blob{password.wrapwrap_kb}, account.generation, account.keys_changed_at, account.created_at);
    if (!done) return std::unexpected(done.error());
    return {};
}

StoreResult<void> AccountsTables::create_account(accounts::SignUp rule,
                                                 const std::optional<std::string>& invite,
                                                 const Account& account, const accounts::NewSession& session,
                                                 const std::optional<accounts::NewKeyFetch>& key_fetch,
                                                 std::int64_t now) {
    using Verdict = accounts::SignUpVerdict;
    return atomically(database_, [&]() -> StoreResult<void> {
        const auto verdict = judge_sign_up(rule, invite, now);
        if (!verdict) return failed(verdict.error());
        if (*verdict == Verdict::closed) return failed(StoreFailure::sign_up_closed);
        if (*verdict == Verdict::bad_invite) return failed(StoreFailure::bad_invite);
        if (*verdict == Verdict::invite) {
            auto used = change_rows(database_, "UPDATE invite SET used_by = ?, used_at = ? WHERE handle = ?",
                                    account.uid, now, *invite);
            if (!used) return failed(used.error());
        }
        if (auto made = insert_account(account); !made) {
            return made.error().is_constraint() ? failed(StoreFailure::exists) : failed(made.error());
        }
        if (auto made = insert_session(account.uid, session, key_fetch, now); !made)
            return failed(made.error());
        return {};
    });
}

StoreResult<std::optional<Account>> AccountsTables::find_account(std::string_view email) {
    std::optional<Account> found;
    auto done = each_row(
        database_,
        "SELECT uid, email, client_salt, stretch_passes, stretch_memory_kib, stretch_lanes, server_salt, "
        "verify_hash, "
        "wrapwrap_kb, generation, keys_changed_at, created_at FROM account WHERE email_norm = ?",
        [&](Statement& row) { found = read_account(row); }, base::to_lower(email));
    if (!done) return failed(done.error());
    return found;
}

StoreResult<bool> AccountsTables::account_exists(std::string_view uid) {
    const auto count = read_number(database_, "SELECT count(*) FROM account WHERE uid = ?", uid);
    if (!count) return failed(count.error());
    return *count > 0;
}

StoreResult<std::vector<accounts::AccountSummary>> AccountsTables::list_accounts() {
    std::vector<accounts::AccountSummary> list;
    auto done = each_row(
        database_,
        "SELECT uid, email, created_at, (SELECT count(*) FROM session WHERE session.uid = account.uid), "
        "(SELECT count(*) FROM device WHERE device.uid = account.uid), "
        "(SELECT coalesce(max(last_used_at), 0) FROM session WHERE session.uid = account.uid) "
        "FROM account ORDER BY created_at, uid",
        [&](Statement& row) {
            list.push_back({std::string(row.text(0)), std::string(row.text(1)), row.integer(2),
                            row.integer(3), row.integer(4), row.integer(5)});
        });
    if (!done) return failed(done.error());
    return list;
}

StoreResult<bool> AccountsTables::remove_account(std::string_view uid) {
    const auto changed = change_rows(database_, "DELETE FROM account WHERE uid = ?", uid);
    if (!changed) return failed(changed.error());
    return *changed > 0;
}

StoreResult<bool> AccountsTables::revoke_access(std::string_view uid) {
    return atomically(database_, [&]() -> StoreResult<bool> {
        const auto exists = account_exists(uid);
        if (!exists || !*exists) return exists;
        for (const char* sql : {"DELETE FROM session WHERE uid = ?", "DELETE FROM refresh WHERE uid = ?",
                                "DELETE FROM token WHERE uid = ?", "DELETE FROM code WHERE uid = ?"}) {
            if (auto done = change_rows(database_, sql, uid); !done) return failed(done.error());
        }
        return true;
    });
}

StoreResult<void> AccountsTables::add_invite(std::string_view handle, std::int64_t now,
                                             std::int64_t expires_at) {
    auto done = change_rows(database_, "INSERT INTO invite (handle, created_at, expires_at) VALUES (?, ?, ?)",
                            handle, now, expires_at);
    if (!done) return failed(done.error());
    return {};
}

StoreResult<std::vector<accounts::Invite>> AccountsTables::list_invites() {
    std::vector<accounts::Invite> list;
    auto done = each_row(
        database_, "SELECT created_at, expires_at, used_by FROM invite ORDER BY created_at DESC, handle",
        [&](Statement& row) { list.push_back({row.integer(0), row.integer(1), optional_text(row, 2)}); });
    if (!done) return failed(done.error());
    return list;
}

StoreResult<accounts::Purged> AccountsTables::purge(std::int64_t now) {
    return atomically(database_, [&]() -> StoreResult<accounts::Purged> {
        accounts::Purged purged;
        const auto drop = [&](const char* sql, std::int64_t before) -> SqlResult<void> {
            const auto changed = change_rows(database_, sql, before);
            if (!changed) return std::unexpected(changed.error());
            purged.rows += *changed;
            return {};
        };
        const std::int64_t idle_since = now - accounts::session_idle_ms;
        const std::pair<const char*, std::int64_t> steps[] = {
            {"DELETE FROM session WHERE last_used_at < ?", idle_since},
            {"DELETE FROM refresh WHERE last_used_at < ?", idle_since},
            {"DELETE FROM keyfetch WHERE expires_at <= ?", now},
            {"DELETE FROM code WHERE expires_at <= ?", now},
            {"DELETE FROM token WHERE expires_at <= ?", now},
            {"DELETE FROM command WHERE expires_at <= ?", now},
            {"DELETE FROM invite WHERE used_at IS NULL AND expires_at <= ?", now},
            {"DELETE FROM invite WHERE used_at < ?", now - used_invites_stay_ms},
        };
        for (const auto& [sql, before] : steps) {
            if (auto done = drop(sql, before); !done) return failed(done.error());
        }
        return purged;
    });
}

}  // namespace homespun::sync::store::sqlite
