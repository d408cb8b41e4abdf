#include "sync/store/sqlite/token_sqlite.hpp"

// The nodes of the token server: which one a user gets, and what the operator does with them. Rules: sync-1.5
// sheet, 20.
namespace homespun::sync::store::sqlite {
namespace {

using token::Node;
using token::NodeChange;
using token::StoreOutcome;

template <class T>
StoreOutcome<T> told(SqlResult<T> result) {
    if (!result) return std::unexpected(token::Unavailable{result.error().message});
    return std::move(*result);
}

}  // namespace

/// Every node that is full but has capacity left lets a tenth of it in, and at least one user: a small node
/// would never be used otherwise.
SqlResult<void> TokenSqlite::release_capacity() {
    return database_
        .use(
            "UPDATE nodes SET available = max(CAST(min(capacity * 0.1, capacity - current_load) AS INTEGER), "
            "1) "
            "WHERE service = (SELECT id FROM services WHERE service = 'sync-1.5') AND available <= 0 "
            "AND capacity > current_load AND downed = 0")
        .run();
}

/// The node that is least full on a logarithmic scale, and of equals the oldest; nothing when none has room.
SqlResult<std::optional<std::int64_t>> TokenSqlite::allocate_node() {
    constexpr int tries = 5;
    for (int attempt = 0; attempt <= tries; ++attempt) {
        {
            auto query = database_.use(
                "UPDATE nodes SET current_load = current_load + 1, available = max(available - 1, 0) "
                "WHERE id = (SELECT id FROM nodes WHERE service = (SELECT id FROM services WHERE service = "
                "'sync-1.5') AND available > 0 AND capacity > current_load AND downed = 0 AND backoff = 0 "
                "ORDER BY CASE WHEN current_load <= 0 THEN -1.0 ELSE ln(current_load) / ln(capacity) END, id "
                "LIMIT 1) RETURNING id");
            const auto row = query.step();
            if (!row) return std::unexpected(row.error());
            if (*row) {
                const auto node = query.integer(0);
                if (auto rest = query.run(); !rest) return std::unexpected(rest.error());
                return node;
            }
        }
        if (auto released = release_capacity(); !released) return std::unexpected(released.error());
        if (database_.changes() == 0) break;
    }
    return std::nullopt;
}

SqlResult<std::optional<std::int64_t>> TokenSqlite::node_id(const std::string& url) {
    auto query = database_.use(
        "SELECT id FROM nodes WHERE node = ?1 AND service = (SELECT id FROM services WHERE service = "
        "'sync-1.5')");
    const auto row = query.bind(1, url).step();
    if (!row) return std::unexpected(row.error());
    return *row ? std::optional(query.integer(0)) : std::nullopt;
}

StoreOutcome<std::vector<Node>> TokenSqlite::nodes() {
    return told([&]() -> SqlResult<std::vector<Node>> {
        auto query = database_.use(
            "SELECT id, node, available, current_load, capacity, downed, backoff, "
            "id IS (SELECT node FROM own_node), "
            "(SELECT count(*) FROM users WHERE nodeid = nodes.id AND replaced_at IS NULL) FROM nodes "
            "WHERE service = (SELECT id FROM services WHERE service = 'sync-1.5') ORDER BY id");
        std::vector<Node> nodes;
        while (true) {
            const auto more = query.step();
            if (!more) return std::unexpected(more.error());
            if (!*more) return nodes;
            nodes.push_back({query.integer(0), std::string(query.text(1)), query.integer(2), query.integer(3),
                             query.integer(4), query.integer(5) != 0, query.integer(6) != 0,
                             query.integer(7) != 0, query.integer(8)});
        }
    }());
}

StoreOutcome<bool> TokenSqlite::add_node(const std::string& url, const NodeChange& change) {
    const auto flag = [](std::optional<bool> value) { return std::int64_t{value.value_or(false)}; };
    return told([&]() -> SqlResult<bool> {
        const auto capacity = change.capacity.value_or(0);
        const auto available = change.available.value_or((capacity + 9) / 10);
        auto insert = database_.use(
            "INSERT OR IGNORE INTO nodes(service, node, available, current_load, capacity, downed, backoff) "
            "VALUES((SELECT id FROM services WHERE service = 'sync-1.5'), ?1, ?2, ?3, ?4, ?5, ?6)");
        insert.bind(1, url)
            .bind(2, available)
            .bind(3, change.current_load.value_or(0))
            .bind(4, capacity)
            .bind(5, flag(change.downed))
            .bind(6, flag(change.backing_off));
        if (auto done = insert.run(); !done) return std::unexpected(done.error());
        return database_.changes() > 0;
    }());
}

StoreOutcome<bool> TokenSqlite::change_node(const std::string& url, const NodeChange& change) {
    const auto flag = [](std::optional<bool> value) -> std::optional<std::int64_t> {
        return value ? std::optional(std::int64_t{*value}) : std::nullopt;
    };
    return told([&]() -> SqlResult<bool> {
        auto update = database_.use(
            "UPDATE nodes SET available = coalesce(?2, available), current_load = coalesce(?3, "
            "current_load), "
            "capacity = coalesce(?4, capacity), downed = coalesce(?5, downed), backoff = coalesce(?6, "
            "backoff) WHERE node = ?1 AND service = (SELECT id FROM services WHERE service = 'sync-1.5')");
        update.bind(1, url)
            .bind(2, change.available)
            .bind(3, change.current_load)
            .bind(4, change.capacity)
            .bind(5, flag(change.downed))
            .bind(6, flag(change.backing_off));
        if (auto done = update.run(); !done) return std::unexpected(done.error());
        return database_.changes() > 0;
    }());
}

StoreOutcome<std::optional<std::int64_t>> TokenSqlite::unassign_node(const std::string& url,
                                                                     std::int64_t now_ms) {
    return told([&]() -> SqlResult<std::optional<std::int64_t>> {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::unexpected(transaction.error());
        const auto node = node_id(url);
        if (!node || !*node) return node;
        if (auto done =
                database_.use("UPDATE users SET replaced_at = ?2 WHERE nodeid = ?1 AND replaced_at IS NULL")
                    .bind(1, **node)
                    .bind(2, now_ms)
                    .run();
            !done)
            return std::unexpected(done.error());
        const auto moved = database_.changes();
        if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
        return moved;
    }());
}

StoreOutcome<bool> TokenSqlite::remove_node(const std::string& url, std::int64_t now_ms) {
    return told([&]() -> SqlResult<bool> {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::unexpected(transaction.error());
        auto removal = database_.use(
            "DELETE FROM nodes WHERE node = ?1 AND id IS NOT (SELECT node FROM own_node) "
            "AND service = (SELECT id FROM services WHERE service = 'sync-1.5') RETURNING id");
        const auto row = removal.bind(1, url).step();
        if (!row) return std::unexpected(row.error());
        if (!*row) return false;
        const auto id = removal.integer(0);
        if (auto rest = removal.run(); !rest) return std::unexpected(rest.error());
        if (auto done =
                database_.use("UPDATE users SET replaced_at = ?2 WHERE nodeid = ?1 AND replaced_at IS NULL")
                    .bind(1, id)
                    .bind(2, now_ms)
                    .run();
            !done)
            return std::unexpected(done.error());
        if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
        return true;
    }());
}

StoreOutcome<bool> TokenSqlite::move_user(const std::string& email, const std::string& url,
                                          std::int64_t now_ms) {
    return told([&]() -> SqlResult<bool> {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::unexpected(transaction.error());
        const auto node = node_id(url);
        if (!node) return std::unexpected(node.error());
        const auto rows = rows_of(email);
        if (!rows) return std::unexpected(rows.error());
        if (!*node || rows->empty()) return false;
        const auto& current = rows->front();
        const auto uid = insert_user(email, current.generation, current.client_state, current.keys_changed_at,
                                     now_ms, **node);
        if (!uid) return std::unexpected(uid.error());
        if (auto done = replace_others(email, *uid, now_ms); !done) return std::unexpected(done.error());
        if (auto done = database_
                            .use("UPDATE nodes SET current_load = current_load + 1, available = "
                                 "max(available - 1, 0) WHERE id = ?1")
                            .bind(1, **node)
                            .run();
            !done)
            return std::unexpected(done.error());
        if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
        return true;
    }());
}

}  // namespace homespun::sync::store::sqlite
