#include "base/text.hpp"
#include "sync/store/sqlite/accounts_tables.hpp"

namespace homespun::sync::store::sqlite {

using accounts::Holder;
using accounts::Session;
using accounts::StoreFailure;
using accounts::StoreResult;

namespace {

Session read_session(const Statement& row) {
    Session session;
    session.handle = row.text(0);
    session.key = row.text(1);
    session.created_at = row.integer(2);
    session.last_used_at = row.integer(3);
    session.user_agent = row.text(4);
    session.device = optional_text(row, 5);
    session.owner = {std::string(row.text(6)), std::string(row.text(7)), row.integer(8), row.integer(9)};
    return session;
}

accounts::AttachedClient read_client(const Statement& row, Holder::Kind kind) {
    accounts::AttachedClient client;
    client.holder = {kind, std::string(row.text(0))};
    client.client_id = row.text(1);
    client.scope = row.text(2);
    client.created_at = row.integer(3);
    client.last_used_at = row.integer(4);
    client.user_agent = row.text(5);
    client.device = optional_text(row, 6);
    client.device_name = optional_text(row, 7);
    client.device_type = optional_text(row, 8);
    return client;
}

}  // namespace

SqlResult<void> AccountsTables::insert_session(std::string_view uid, const accounts::NewSession& session,
                                               const std::optional<accounts::NewKeyFetch>& key_fetch,
                                               std::int64_t now) {
    // Make room first, so that the new one, used just now, is never the one that goes.
    auto dropped =
        change_rows(database_,
                    "DELETE FROM session WHERE handle IN (SELECT handle FROM session WHERE uid = ? "
                    "ORDER BY last_used_at DESC, created_at DESC LIMIT -1 OFFSET ?)",
                    uid, static_cast<std::int64_t>(accounts::most_sessions_per_account) - 1);
    if (!dropped) return std::unexpected(dropped.error());
    auto made =
        change_rows(database_,
                    "INSERT INTO session (handle, hawk_key, uid, user_agent, created_at, last_used_at) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                    session.handle, Blob{session.key}, uid, session.user_agent, now);
    if (!made) return std::unexpected(made.error());
    if (!key_fetch) return {};
    auto added = change_rows(database_,
                             "INSERT INTO keyfetch (handle, hawk_key, uid, session, bundle, expires_at) "
                             "VALUES (?, ?, ?, ?, ?, ?)",
                             key_fetch->handle, Blob{key_fetch->key}, uid, session.handle,
                             Blob{key_fetch->bundle}, key_fetch->expires_at);
    if (!added) return std::unexpected(added.error());
    return {};
}

StoreResult<void> AccountsTables::start_session(std::string_view uid, std::int64_t generation,
                                                const accounts::NewSession& session,
                                                const std::optional<accounts::NewKeyFetch>& key_fetch,
                                                std::int64_t now) {
    return atomically(database_, [&]() -> StoreResult<void> {
        const auto same = read_number(
            database_, "SELECT count(*) FROM account WHERE uid = ? AND generation = ?", uid, generation);
        if (!same) return failed(same.error());
        if (*same == 0) return failed(StoreFailure::not_found);
        if (auto made = insert_session(uid, session, key_fetch, now); !made) return failed(made.error());
        return {};
    });
}

StoreResult<std::optional<Session>> AccountsTables::find_session(std::string_view handle, std::int64_t now) {
    std::optional<Session> found;
    auto done = each_row(
        database_,
        "SELECT session.handle, hawk_key, session.created_at, last_used_at, user_agent, device.id, "
        "account.uid, email, "
        "generation, keys_changed_at FROM session JOIN account ON account.uid = session.uid "
        "LEFT JOIN device ON device.session = session.handle WHERE session.handle = ? AND last_used_at >= ?",
        [&](Statement& row) { found = read_session(row); }, handle, now - accounts::session_idle_ms);
    if (!done) return failed(done.error());
    return found;
}

StoreResult<void> AccountsTables::touch(const Holder& holder, std::int64_t now) {
    const char* const sql = holder.kind == Holder::Kind::session
                                ? "UPDATE session SET last_used_at = max(last_used_at, ?) WHERE handle = ?"
                                : "UPDATE refresh SET last_used_at = max(last_used_at, ?) WHERE handle = ?";
    if (auto done = change_rows(database_, sql, now, holder.handle); !done) return failed(done.error());
    return {};
}

StoreResult<bool> AccountsTables::destroy_session(std::string_view handle) {
    const auto changed = change_rows(database_, "DELETE FROM session WHERE handle = ?", handle);
    if (!changed) return failed(changed.error());
    return *changed > 0;
}

StoreResult<std::optional<accounts::KeyFetch>> AccountsTables::find_key_fetch(std::string_view handle,
                                                                              std::int64_t now) {
    std::optional<accounts::KeyFetch> found;
    auto done = each_row(
        database_, "SELECT hawk_key, bundle FROM keyfetch WHERE handle = ? AND expires_at > ?",
        [&](Statement& row) { found = {std::string(row.text(0)), std::string(row.text(1))}; }, handle, now);
    if (!done) return failed(done.error());
    return found;
}

StoreResult<std::string> AccountsTables::take_key_fetch(std::string_view handle, std::int64_t now) {
    std::optional<std::string> bundle;
    auto done = each_row(
        database_, "DELETE FROM keyfetch WHERE handle = ? AND expires_at > ? RETURNING bundle",
        [&](Statement& row) { bundle = row.text(0); }, handle, now);
    if (!done) return failed(done.error());
    if (!bundle) return failed(StoreFailure::not_found);
    return std::move(*bundle);
}

StoreResult<std::vector<accounts::AttachedClient>> AccountsTables::attached_clients(std::string_view uid,
                                                                                    std::int64_t now) {
    std::vector<accounts::AttachedClient> list;
    const std::int64_t idle_since = now - accounts::session_idle_ms;
    auto sessions = each_row(
        database_,
        "SELECT session.handle, '', '', session.created_at, last_used_at, user_agent, device.id, "
        "device.name, "
        "device.type FROM session LEFT JOIN device ON device.session = session.handle "
        "WHERE session.uid = ? AND last_used_at >= ? ORDER BY session.created_at, session.handle",
        [&](Statement& row) { list.push_back(read_client(row, Holder::Kind::session)); }, uid, idle_since);
    if (!sessions) return failed(sessions.error());
    auto tokens = each_row(
        database_,
        "SELECT refresh.handle, client_id, scope, refresh.created_at, last_used_at, '', device.id, "
        "device.name, "
        "device.type FROM refresh LEFT JOIN device ON device.refresh = refresh.handle "
        "WHERE refresh.uid = ? AND last_used_at >= ? ORDER BY refresh.created_at, refresh.handle",
        [&](Statement& row) { list.push_back(read_client(row, Holder::Kind::refresh_token)); }, uid,
        idle_since);
    if (!tokens) return failed(tokens.error());
    return list;
}

}  // namespace homespun::sync::store::sqlite
