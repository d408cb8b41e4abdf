#include <fmt/format.h>

#include <algorithm>

#include "sync/store/sqlite/token_sqlite.hpp"

// The rows of users: looking at them, and ending the replaced ones (sync-1.5 sheet, 22).
namespace homespun::sync::store::sqlite {
namespace {

using token::StoreOutcome;
using token::UserRow;

template <class T>
StoreOutcome<T> told(SqlResult<T> result) {
    if (!result) return std::unexpected(token::Unavailable{result.error().message});
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return std::move(*result);
    }
}

/// Whether a row of `users` is what its user comes back with: the last one by `rows_of`'s order, and not
/// retired. ?1 is the retired generation.
constexpr const char* is_kept =
    "users.generation <> ?1 AND NOT EXISTS (SELECT 1 FROM users newer WHERE newer.email = users.email "
    "AND newer.service = users.service AND (newer.generation, newer.created_at, newer.uid) > "
    "(users.generation, users.created_at, users.uid))";

}  // namespace

SqlResult<std::vector<UserRow>> TokenSqlite::read_user_rows(Statement query) {
    std::vector<UserRow> rows;
    while (true) {
        const auto more = query.step();
        if (!more) return std::unexpected(more.error());
        if (!*more) return rows;
        rows.push_back({static_cast<std::uint64_t>(query.integer(0)), std::string(query.text(1)),
                        query.integer(2), std::string(query.text(3)), query.integer(4),
                        query.optional_integer(5), query.optional_integer(6), std::string(query.text(7)),
                        query.integer(8) != 0, query.integer(9) != 0});
    }
}

StoreOutcome<std::vector<UserRow>> TokenSqlite::rows(const std::string& email) {
    auto query = database_.use(
        "SELECT uid, email, generation, client_state, created_at, replaced_at, keys_changed_at, "
        "coalesce(nodes.node, ''), nodeid IS (SELECT node FROM own_node), coalesce(downed, 0) "
        "FROM users LEFT JOIN nodes ON nodes.id = users.nodeid WHERE email = ?1 "
        "AND users.service = (SELECT id FROM services WHERE service = 'sync-1.5') "
        "ORDER BY created_at DESC, uid DESC");
    query.bind(1, email);
    return told(read_user_rows(std::move(query)));
}

StoreOutcome<void> TokenSqlite::raise_generation(const std::string& email, std::int64_t generation) {
    return told(database_
                    .use("UPDATE users SET generation = ?2 WHERE generation < ?2 AND uid = (SELECT uid FROM "
                         "users WHERE email = ?1 AND service = (SELECT id FROM services WHERE service = "
                         "'sync-1.5') ORDER BY generation DESC, created_at DESC, uid DESC LIMIT 1)")
                    .bind(1, email)
                    .bind(2, generation)
                    .run());
}

StoreOutcome<std::int64_t> TokenSqlite::count_users() {
    return told(users_in_force());
}

SqlResult<std::int64_t> TokenSqlite::users_in_force() {
    static const auto sql = fmt::format(
        "SELECT count(DISTINCT email) FROM users WHERE (replaced_at IS NULL OR ({})) "
        "AND service = (SELECT id FROM services WHERE service = 'sync-1.5')",
        is_kept);
    auto query = database_.use(sql.c_str());
    const auto row = query.bind(1, token::retired_generation).step();
    if (!row) return std::unexpected(row.error());
    return query.integer(0);
}

StoreOutcome<std::vector<UserRow>> TokenSqlite::old_rows(std::int64_t before_ms, std::int64_t limit) {
    static const auto sql = fmt::format(
        "SELECT uid, email, generation, client_state, created_at, replaced_at, keys_changed_at, "
        "coalesce(nodes.node, ''), nodeid IS (SELECT node FROM own_node), coalesce(downed, 0) "
        "FROM users LEFT JOIN nodes ON nodes.id = users.nodeid WHERE replaced_at < ?2 AND NOT ({}) "
        "AND users.service = (SELECT id FROM services WHERE service = 'sync-1.5') "
        "ORDER BY replaced_at, uid LIMIT ?3",
        is_kept);
    auto query = database_.use(sql.c_str());
    query.bind(1, token::retired_generation).bind(2, before_ms).bind(3, limit);
    return told(read_user_rows(std::move(query)));
}

StoreOutcome<void> TokenSqlite::forget_row(std::uint64_t uid) {
    return told([&]() -> SqlResult<void> {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::unexpected(transaction.error());
        const auto number = static_cast<std::int64_t>(uid);
        // A change of keys makes a second row on the same node and takes no second place there.
        auto returned =
            database_
                .use(
                    "UPDATE nodes SET available = available + 1, current_load = max(current_load - 1, 0) "
                    "WHERE id = (SELECT nodeid FROM users gone WHERE uid = ?1 AND replaced_at IS NOT NULL "
                    "AND NOT EXISTS (SELECT 1 FROM users WHERE email = gone.email AND service = gone.service "
                    "AND nodeid = gone.nodeid AND uid <> gone.uid))")
                .bind(1, number)
                .run();
        if (!returned) return returned;
        auto gone = database_.use("DELETE FROM users WHERE uid = ?1 AND replaced_at IS NOT NULL")
                        .bind(1, number)
                        .run();
        if (!gone) return gone;
        return transaction->commit();
    }());
}

StoreOutcome<void> TokenSqlite::postpone_row(std::uint64_t uid, std::int64_t replaced_at_ms) {
    return told(database_.use("UPDATE users SET replaced_at = ?2 WHERE uid = ?1 AND replaced_at IS NOT NULL")
                    .bind(1, static_cast<std::int64_t>(uid))
                    .bind(2, replaced_at_ms)
                    .run());
}

}  // namespace homespun::sync::store::sqlite
