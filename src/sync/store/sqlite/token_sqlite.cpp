#include "sync/store/sqlite/token_sqlite.hpp"

#include "sync/store/sqlite/prepare_tables.hpp"

namespace homespun::sync::store::sqlite {
namespace {

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

}  // namespace

base::Result<std::unique_ptr<TokenSqlite>> TokenSqlite::open(const std::string& path, const char* vfs) {
    OpenOptions options;
    options.page_size = 4096;
    options.cache_kib = 2048;
    options.vfs = vfs;
    auto database = Database::open(path, options);
    if (!database) return base::fail(database.error().message);
    if (auto ready = prepare_tables(*database, path, token_format, schema); !ready)
        return std::unexpected(ready.error());
    return std::unique_ptr<TokenSqlite>(new TokenSqlite(std::move(*database)));
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
