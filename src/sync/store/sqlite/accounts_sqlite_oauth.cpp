#include "sync/store/sqlite/accounts_tables.hpp"

namespace homespun::sync::store::sqlite {

using accounts::AccessToken;
using accounts::Code;
using accounts::Holder;
using accounts::RefreshToken;
using accounts::StoreFailure;
using accounts::StoreResult;

namespace {

std::optional<std::string> parent_of(const AccessToken& token, Holder::Kind kind) {
    if (!token.parent || token.parent->kind != kind) return std::nullopt;
    return token.parent->handle;
}

Code read_code(const Statement& row) {
    Code code;
    code.uid = row.text(0);
    code.session = optional_text(row, 1);
    code.client_id = row.text(2);
    code.scope = row.text(3);
    code.challenge = row.text(4);
    code.keys_jwe = optional_text(row, 5);
    code.offline = row.integer(6) != 0;
    code.auth_at = row.integer(7);
    code.expires_at = row.integer(8);
    return code;
}

AccessToken read_access_token(const Statement& row) {
    AccessToken token;
    token.handle = row.text(0);
    token.uid = row.text(1);
    token.client_id = row.text(2);
    token.scope = row.text(3);
    token.created_at = row.integer(4);
    token.expires_at = row.integer(5);
    token.owner = {token.uid, std::string(row.text(6)), row.integer(7), row.integer(8)};
    return token;
}

}  // namespace

StoreResult<void> AccountsTables::add_code(std::string_view handle, const Code& code) {
    return atomically(database_, [&]() -> StoreResult<void> {
        auto dropped = change_rows(database_,
                                   "DELETE FROM code WHERE handle IN (SELECT handle FROM code WHERE uid = ? "
                                   "ORDER BY expires_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
                                   code.uid, static_cast<std::int64_t>(accounts::most_codes_per_account) - 1);
        if (!dropped) return failed(dropped.error());
        auto done = change_rows(
            database_,
            "INSERT INTO code (handle, uid, session, client_id, scope, challenge, keys_jwe, offline, "
            "auth_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            handle, code.uid, code.session, code.client_id, code.scope, code.challenge, code.keys_jwe,
            std::int64_t{code.offline}, code.auth_at, code.expires_at);
        if (!done) return failed_reference(done.error());
        return {};
    });
}

StoreResult<Code> AccountsTables::take_code(std::string_view handle, std::int64_t now) {
    std::optional<Code> found;
    auto done = each_row(
        database_,
        "DELETE FROM code WHERE handle = ? RETURNING uid, session, client_id, scope, challenge, keys_jwe, "
        "offline, "
        "auth_at, expires_at",
        [&](Statement& row) { found = read_code(row); }, handle);
    if (!done) return failed(done.error());
    if (!found || found->expires_at <= now) return failed(StoreFailure::not_found);
    return std::move(*found);
}

StoreResult<void> AccountsTables::insert_refresh_token(const RefreshToken& token) {
    // Room is made first, as for sessions.
    auto dropped = change_rows(
        database_,
        "DELETE FROM refresh WHERE handle IN (SELECT handle FROM refresh WHERE uid = ? "
        "ORDER BY last_used_at DESC, created_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
        token.owner.uid, static_cast<std::int64_t>(accounts::most_refresh_tokens_per_account) - 1);
    if (!dropped) return failed(dropped.error());
    auto done =
        change_rows(database_,
                    "INSERT INTO refresh (handle, uid, session, client_id, scope, created_at, last_used_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    token.handle, token.owner.uid, token.session, token.client_id, token.scope,
                    token.created_at, token.created_at);
    if (!done) return failed_reference(done.error());
    return {};
}

StoreResult<void> AccountsTables::add_tokens(const std::optional<AccessToken>& access,
                                             const std::optional<RefreshToken>& refresh) {
    return atomically(database_, [&]() -> StoreResult<void> {
        if (refresh) {
            if (auto done = insert_refresh_token(*refresh); !done) return done;
        }
        if (!access) return {};
        auto dropped =
            change_rows(database_,
                        "DELETE FROM token WHERE handle IN (SELECT handle FROM token WHERE uid = ? "
                        "ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
                        access->uid, static_cast<std::int64_t>(accounts::most_tokens_per_account) - 1);
        if (!dropped) return failed(dropped.error());
        auto done =
            change_rows(database_,
                        "INSERT INTO token (handle, uid, session, refresh, client_id, scope, created_at, "
                        "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        access->handle, access->uid, parent_of(*access, Holder::Kind::session),
                        parent_of(*access, Holder::Kind::refresh_token), access->client_id, access->scope,
                        access->created_at, access->expires_at);
        if (!done) return failed_reference(done.error());
        return {};
    });
}

StoreResult<std::optional<AccessToken>> AccountsTables::find_access_token(std::string_view handle,
                                                                          std::int64_t now) {
    std::optional<AccessToken> found;
    auto done = each_row(
        database_,
        "SELECT handle, token.uid, client_id, scope, token.created_at, expires_at, email, generation, "
        "keys_changed_at FROM token "
        "JOIN account ON account.uid = token.uid WHERE handle = ? AND expires_at > ?",
        [&](Statement& row) { found = read_access_token(row); }, handle, now);
    if (!done) return failed(done.error());
    return found;
}

StoreResult<std::optional<RefreshToken>> AccountsTables::find_refresh_token(std::string_view handle,
                                                                            std::int64_t now) {
    std::optional<RefreshToken> found;
    auto done = each_row(
        database_,
        "SELECT refresh.handle, client_id, scope, refresh.created_at, last_used_at, device.id, account.uid, "
        "email, "
        "generation, keys_changed_at, refresh.session FROM refresh JOIN account ON account.uid = refresh.uid "
        "LEFT JOIN device ON device.refresh = refresh.handle WHERE refresh.handle = ? AND last_used_at >= ?",
        [&](Statement& row) {
            RefreshToken token{std::string(row.text(0)),
                               std::string(row.text(1)),
                               std::string(row.text(2)),
                               row.integer(3),
                               row.integer(4),
                               optional_text(row, 5),
                               {},
                               optional_text(row, 10)};
            token.owner = {std::string(row.text(6)), std::string(row.text(7)), row.integer(8),
                           row.integer(9)};
            found = std::move(token);
        },
        handle, now - accounts::session_idle_ms);
    if (!done) return failed(done.error());
    return found;
}

StoreResult<bool> AccountsTables::destroy_token(std::string_view handle) {
    return atomically(database_, [&]() -> StoreResult<bool> {
        std::int64_t rows = 0;
        for (const char* sql :
             {"DELETE FROM token WHERE handle = ?", "DELETE FROM refresh WHERE handle = ?"}) {
            const auto changed = change_rows(database_, sql, handle);
            if (!changed) return failed(changed.error());
            rows += *changed;
        }
        return rows > 0;
    });
}

}  // namespace homespun::sync::store::sqlite
