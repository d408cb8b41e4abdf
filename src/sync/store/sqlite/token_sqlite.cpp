#include "sync/store/sqlite/token_sqlite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ranges>
#include <tuple>

namespace homespun::sync::store::sqlite {
namespace {

using token::AssignFailure;
using token::Assignment;

constexpr std::int64_t own_node_capacity = 1'000'000'000;

// Column order is part of the contract: other programs do `select *` (sync-1.5 sheet, 21).
constexpr const char* schema = R"(
CREATE TABLE services(id INTEGER PRIMARY KEY AUTOINCREMENT, service VARCHAR(30) UNIQUE, pattern VARCHAR(128));
CREATE TABLE nodes(id INTEGER PRIMARY KEY AUTOINCREMENT, service INTEGER NOT NULL, node VARCHAR(64) NOT NULL,
  available INTEGER NOT NULL, current_load INTEGER NOT NULL, capacity INTEGER NOT NULL, downed INTEGER NOT NULL,
  backoff INTEGER NOT NULL, UNIQUE(service, node));
CREATE TABLE users(uid INTEGER PRIMARY KEY AUTOINCREMENT, service INTEGER NOT NULL, email VARCHAR(255) NOT NULL,
  generation BIGINT NOT NULL, client_state VARCHAR(32) NOT NULL, created_at BIGINT NOT NULL, replaced_at BIGINT,
  nodeid BIGINT NOT NULL, keys_changed_at BIGINT);
CREATE INDEX users_lookup ON users(email, service, replaced_at, created_at);
CREATE INDEX users_replaced ON users(service, replaced_at);
CREATE INDEX users_node ON users(nodeid);
CREATE TABLE own_node(only INTEGER PRIMARY KEY CHECK (only = 1), node INTEGER NOT NULL);
INSERT INTO services(service, pattern) VALUES('sync-1.5', '{node}/1.5/{uid}');
)";

SqlResult<void> prepare_schema(Database& database, const std::string& path) {
    const auto version = database.user_version();
    if (!version) return std::unexpected(version.error());
    if (*version > token_format) {
        return std::unexpected(
            SqlError{0, fmt::format("{} has format {}, this program knows {}: it was written by a newer "
                                    "version; use that one, or restore a backup",
                                    path, *version, token_format)});
    }
    if (*version == token_format) return {};
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto made = database.execute(schema); !made) return made;
    if (auto set = database.set_user_version(token_format); !set) return set;
    return transaction->commit();
}

}  // namespace

base::Result<std::unique_ptr<TokenSqlite>> TokenSqlite::open(const std::string& path, const char* vfs) {
    OpenOptions options;
    options.page_size = 4096;
    options.cache_kib = 2048;
    options.vfs = vfs;
    auto database = Database::open(path, options);
    if (!database) return base::fail(database.error().message);
    if (auto ready = prepare_schema(*database, path); !ready) return base::fail(ready.error().message);
    return std::unique_ptr<TokenSqlite>(new TokenSqlite(std::move(*database)));
}

std::expected<Assignment, AssignFailure> TokenSqlite::assign(const std::string& email,
                                                             const token::KeyFacts& facts,
                                                             std::int64_t now_ms,
                                                             const token::Admission& admission) {
    auto outcome = assign_in_transaction(email, facts, now_ms, admission);
    if (!outcome) return std::unexpected(AssignFailure(token::Unavailable{outcome.error().message}));
    return std::move(*outcome);
}

SqlResult<std::vector<TokenSqlite::Row>> TokenSqlite::rows_of(const std::string& email) {
    auto query = database_.prepare(
        "SELECT uid, generation, client_state, created_at, replaced_at, nodeid, keys_changed_at FROM users "
        "WHERE email = ?1 "
        "AND service = (SELECT id FROM services WHERE service = 'sync-1.5') ORDER BY created_at DESC, uid "
        "DESC LIMIT 20");
    if (!query) return std::unexpected(query.error());
    query->bind(1, email);
    std::vector<Row> rows;
    while (true) {
        const auto more = query->step();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        rows.push_back({static_cast<std::uint64_t>(query->integer(0)), query->integer(1),
                        std::string(query->text(2)), query->integer(3), query->optional_integer(4),
                        query->integer(5), query->optional_integer(6)});
    }
    std::ranges::sort(rows, std::ranges::greater{},
                      [](const Row& row) { return std::tuple(row.generation, row.created_at, row.uid); });
    return rows;
}

SqlResult<std::optional<std::string>> TokenSqlite::node_url(std::int64_t node) {
    auto query = database_.prepare("SELECT node FROM nodes WHERE id = ?1");
    if (!query) return std::unexpected(query.error());
    const auto row = query->bind(1, node).step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    return std::string(query->text(0));
}

SqlResult<std::uint64_t> TokenSqlite::insert_user(const std::string& email, std::int64_t generation,
                                                  std::string_view state,
                                                  std::optional<std::int64_t> keys_changed_at,
                                                  std::int64_t now_ms, std::int64_t node) {
    auto insert = database_.prepare(
        "INSERT INTO users(service, email, generation, client_state, created_at, nodeid, keys_changed_at) "
        "VALUES("
        "(SELECT id FROM services WHERE service = 'sync-1.5'), ?1, ?2, ?3, ?4, ?5, ?6)");
    if (!insert) return std::unexpected(insert.error());
    insert->bind(1, email)
        .bind(2, generation)
        .bind(3, state)
        .bind(4, now_ms)
        .bind(5, node)
        .bind(6, keys_changed_at);
    if (auto done = insert->run(); !done) return std::unexpected(done.error());
    return static_cast<std::uint64_t>(database_.last_insert_rowid());
}

SqlResult<void> TokenSqlite::replace_others(const std::string& email, std::uint64_t current,
                                            std::int64_t at) {
    auto update = database_.prepare(
        "UPDATE users SET replaced_at = ?3 WHERE email = ?1 AND uid <> ?2 AND replaced_at IS NULL "
        "AND service = (SELECT id FROM services WHERE service = 'sync-1.5')");
    if (!update) return std::unexpected(update.error());
    return update->bind(1, email).bind(2, static_cast<std::int64_t>(current)).bind(3, at).run();
}

SqlResult<std::expected<Assignment, AssignFailure>> TokenSqlite::assign_in_transaction(
    const std::string& email, const token::KeyFacts& facts, std::int64_t now_ms,
    const token::Admission& admission) {
    using Answer = std::expected<Assignment, AssignFailure>;
    const auto refuse = [](AssignFailure why) { return Answer(std::unexpected(std::move(why))); };
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    auto rows = rows_of(email);
    if (!rows) return std::unexpected(rows.error());

    if (rows->empty()) {
        if (!admission.new_users()) return refuse(token::NewUsersDisabled{});
        if (admission.most_users() > 0) {
            const auto users = users_in_force();
            if (!users) return std::unexpected(users.error());
            if (*users >= admission.most_users()) return refuse(token::NewUsersDisabled{});
        }
        const auto node = allocate_node();
        if (!node) return std::unexpected(node.error());
        if (!*node) return refuse(token::NoNodeLeft{});
        const auto generation = facts.generation.value_or(facts.keys_changed_at.value_or(0));
        const auto uid =
            insert_user(email, generation, facts.client_state, facts.keys_changed_at, now_ms, **node);
        if (!uid) return std::unexpected(uid.error());
        const auto url = node_url(**node);
        if (!url) return std::unexpected(url.error());
        if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
        return Answer(
            Assignment{*uid, url->value_or(""), generation, facts.keys_changed_at, facts.client_state, true});
    }

    auto& current = rows->front();
    token::CurrentUser known{
        current.uid, current.generation, current.keys_changed_at, current.client_state, {}};
    for (const auto& row : *rows | std::views::drop(1)) {
        if (row.client_state != current.client_state) known.old_client_states.push_back(row.client_state);
    }
    // Two requests that raced left two rows without an end: the older ones end when the current one began.
    if (auto done = replace_others(email, current.uid, current.created_at); !done)
        return std::unexpected(done.error());
    auto url = node_url(current.node);
    if (!url) return std::unexpected(url.error());
    bool created = false;
    if (current.replaced_at || !*url) {
        if (current.generation == token::retired_generation) {
            if (!*url) return refuse(token::RetiredWithoutNode{});
        } else {
            const auto node = allocate_node();
            if (!node) return std::unexpected(node.error());
            if (!*node) return refuse(token::NoNodeLeft{});
            const auto uid = insert_user(email, current.generation, current.client_state,
                                         current.keys_changed_at, now_ms, **node);
            if (!uid) return std::unexpected(uid.error());
            known.uid = current.uid = *uid;
            current.node = **node;
            created = true;
            url = node_url(**node);
            if (!url) return std::unexpected(url.error());
        }
    }

    if (const auto breach = token::broken_rule(facts, known)) {
        // What was repaired stays repaired, whatever the rules say of this request.
        if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
        return refuse(*breach);
    }
    const auto values = token::new_values(facts, known);
    Assignment assignment{known.uid,          **url,  values.generation, values.keys_changed_at,
                          facts.client_state, created};
    if (facts.client_state != known.client_state) {
        const auto uid = insert_user(email, values.generation, facts.client_state, values.keys_changed_at,
                                     now_ms, current.node);
        if (!uid) return std::unexpected(uid.error());
        if (auto done = replace_others(email, *uid, now_ms); !done) return std::unexpected(done.error());
        assignment.uid = *uid;
        assignment.created = true;
    } else if (values != token::NewValues{known.generation, known.keys_changed_at}) {
        auto update = database_.prepare(
            "UPDATE users SET generation = max(generation, ?2), keys_changed_at = CASE WHEN ?3 IS NULL THEN "
            "keys_changed_at "
            "ELSE max(coalesce(keys_changed_at, ?3), ?3) END WHERE uid = ?1 AND replaced_at IS NULL");
        if (!update) return std::unexpected(update.error());
        update->bind(1, static_cast<std::int64_t>(known.uid))
            .bind(2, values.generation)
            .bind(3, values.keys_changed_at);
        if (auto done = update->run(); !done) return std::unexpected(done.error());
    }
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
    return Answer(std::move(assignment));
}

std::expected<void, token::Unavailable> TokenSqlite::set_own_node(const std::string& url) {
    const auto set = [&]() -> SqlResult<void> {
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::unexpected(transaction.error());
        {
            auto update = database_.prepare(
                "UPDATE nodes SET node = ?1 WHERE id = (SELECT node FROM own_node) AND node <> ?1");
            if (!update) return std::unexpected(update.error());
            if (auto done = update->bind(1, url).run(); !done) return done;
        }
        {
            auto insert = database_.prepare(
                "INSERT INTO nodes(service, node, available, current_load, capacity, downed, backoff) SELECT "
                "(SELECT id FROM "
                "services WHERE service = 'sync-1.5'), ?1, ?2, 0, ?2, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM "
                "own_node JOIN nodes "
                "ON nodes.id = own_node.node)");
            if (!insert) return std::unexpected(insert.error());
            if (auto done = insert->bind(1, url).bind(2, own_node_capacity).run(); !done) return done;
            if (database_.changes() > 0) {
                auto remember =
                    database_.prepare("INSERT OR REPLACE INTO own_node(only, node) VALUES(1, ?1)");
                if (!remember) return std::unexpected(remember.error());
                if (auto done = remember->bind(1, database_.last_insert_rowid()).run(); !done) return done;
            }
        }
        return transaction->commit();
    }();
    if (!set) return std::unexpected(token::Unavailable{set.error().message});
    return {};
}

std::expected<void, token::Unavailable> TokenSqlite::retire(const std::string& email, std::int64_t now_ms) {
    // The replaced rows too: who was sent elsewhere has no other, and one that waits with its purge must not
    // become a user again when those after it are gone.
    auto update = database_.prepare(
        "UPDATE users SET generation = ?2, replaced_at = coalesce(replaced_at, ?3) WHERE email = ?1 "
        "AND service = (SELECT id FROM services WHERE service = 'sync-1.5')");
    if (!update) return std::unexpected(token::Unavailable{update.error().message});
    if (auto done = update->bind(1, email).bind(2, token::retired_generation).bind(3, now_ms).run(); !done) {
        return std::unexpected(token::Unavailable{done.error().message});
    }
    return {};
}

}  // namespace homespun::sync::store::sqlite
