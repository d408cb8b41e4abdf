#include "sync/store/sqlite/shard_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sync/store/sqlite/file_copy.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

// AUTOINCREMENT: a cid or batch number never comes back, so rows that wait for the purge can never be
// mistaken for rows of a later collection. The payload is the last column: everything else is read without
// its overflow pages.
constexpr const char* tables = R"sql(
CREATE TABLE shard(
    key TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE collection(
    cid INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL,
    name TEXT NOT NULL,
    modified INTEGER NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    latest_gone INTEGER NOT NULL DEFAULT 0,
    UNIQUE(user, name)
);

CREATE TABLE tombstone(
    user INTEGER PRIMARY KEY,
    modified INTEGER NOT NULL
);

CREATE TABLE bso(
    rowid INTEGER PRIMARY KEY,
    cid INTEGER NOT NULL,
    id TEXT NOT NULL,
    modified INTEGER NOT NULL,
    sortindex INTEGER,
    expiry INTEGER,
    parentid TEXT,
    predecessorid TEXT,
    payload BLOB NOT NULL,
    UNIQUE(cid, id)
);
CREATE INDEX bso_modified ON bso(cid, modified, id);
CREATE INDEX bso_expiry ON bso(cid, expiry) WHERE expiry IS NOT NULL;

CREATE TABLE dropped(
    cid INTEGER PRIMARY KEY
);

CREATE TABLE batch(
    batch INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL,
    collection TEXT NOT NULL,
    expiry INTEGER NOT NULL
);
CREATE INDEX batch_user ON batch(user);

CREATE TABLE batch_record(
    rowid INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    id TEXT NOT NULL,
    sortindex INTEGER,
    ttl INTEGER,
    payload BLOB,
    UNIQUE(batch, id)
);
)sql";

base::Error told(const std::string& path, const SqlError& error) {
    return base::Error{fmt::format("{}: {}", path, error.message)};
}

base::Result<void> migrate_one(Database& database, const std::string& path, const Migration& migration) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(told(path, transaction.error()));
    auto done = migration.run(database);
    if (done) done = database.set_user_version(migration.from + 1);
    HOMESPUN_KILL_POINT("migration");
    if (done) done = transaction->commit();
    HOMESPUN_KILL_POINT("migration");
    if (done) return {};
    return base::fail(fmt::format("{}: migration from format {} failed and was undone: {}", path,
                                  migration.from, done.error().message));
}

}  // namespace

SqlResult<bool> shard_exists(Database& database) {
    const auto version = database.user_version();
    if (!version) return std::unexpected(version.error());
    return *version != 0;
}

SqlResult<bool> is_shard(Database& database) {
    auto row = database.use("PRAGMA application_id");
    if (const auto stepped = row.step(); !stepped) return std::unexpected(stepped.error());
    return row.integer(0) == shard_application_id;
}

SqlResult<void> create_shard(Database& database, const ShardIdentity& identity) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    auto done = database.execute(tables);
    constexpr const char* put_text = "INSERT INTO shard(key, value) VALUES (?1, ?2)";
    if (done) done = database.use(put_text).bind(1, "store").bind(2, std::string_view(identity.store)).run();
    if (done) done = database.use(put_text).bind(1, "index").bind(2, identity.index).run();
    if (done) done = database.use(put_text).bind(1, "shards").bind(2, identity.shards).run();
    if (done) done = database.execute(fmt::format("PRAGMA application_id={}", shard_application_id));
    if (done) done = database.set_user_version(shard_format);
    if (!done) return done;
    HOMESPUN_KILL_POINT("shard_making");
    return transaction->commit();
}

std::span<const Migration> shard_migrations() {
    static const std::array<Migration, 3> steps = {{
        // 2: what has expired is found by collection, so that a user's sums read that user's rows only.
        {1,
         [](Database& database) {
             return database.execute(
                 "DROP INDEX bso_expiry;"
                 "CREATE INDEX bso_expiry ON bso(cid, expiry) WHERE expiry IS NOT NULL");
         }},
        // 3: what records of Sync 1.0 and 1.1 have besides.
        {2,
         [](Database& database) {
             return database.execute(
                 "ALTER TABLE bso ADD COLUMN parentid TEXT;"
                 "ALTER TABLE bso ADD COLUMN predecessorid TEXT");
         }},
        // 4: the timestamp of a collection of Sync 1.1 when the purge has taken the record that had it.
        {3,
         [](Database& database) {
             return database.execute(
                 "ALTER TABLE collection ADD COLUMN latest_gone INTEGER NOT NULL DEFAULT 0");
         }},
    }};
    return steps;
}

base::Result<void> judge_shard(Database& database, const std::string& path, std::int64_t current_format) {
    const auto found = database.user_version();
    if (!found) return std::unexpected(told(path, found.error()));
    const auto ours = is_shard(database);
    if (!ours) return std::unexpected(told(path, ours.error()));
    if (!*ours) return base::fail(fmt::format("{} is a database, but no part of a record store", path));
    if (*found > current_format) {
        return base::fail(
            fmt::format("{} has storage format {}, this program knows formats up to {}: it was written "
                        "by a newer version. Install that version, or restore a backup made before it",
                        path, *found, current_format));
    }
    return {};
}

base::Result<void> adopt_shard(Database& database, const std::string& path,
                               std::span<const Migration> migrations, std::int64_t current_format) {
    if (auto good = judge_shard(database, path, current_format); !good) return good;
    const auto found = database.user_version();
    if (!found) return std::unexpected(told(path, found.error()));
    if (*found == current_format) return {};
    const auto copy = fmt::format("{}.format-{}", path, *found);
    const bool careless = HOMESPUN_PLANTED_FAULT("migrate_without_copy");
    if (auto copied = careless ? base::Result<void>() : copy_database_whole(database, copy); !copied) {
        return base::fail(fmt::format("cannot copy {} before migrating it: {}; nothing was changed", path,
                                      copied.error().message));
    }
    HOMESPUN_KILL_POINT("migration");
    for (std::int64_t format = *found; format < current_format; ++format) {
        const auto migration = std::ranges::find(migrations, format, &Migration::from);
        if (migration == migrations.end()) {
            return base::fail(
                fmt::format("{} has storage format {}, which this program cannot migrate", path, format));
        }
        if (auto done = migrate_one(database, path, *migration); !done) return done;
    }
    return {};
}

SqlResult<ShardIdentity> read_identity(Database& database) {
    ShardIdentity identity;
    auto rows = database.use("SELECT key, value FROM shard");
    while (true) {
        const auto row = rows.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) return identity;
        const std::string_view key = rows.text(0);
        // Reading a number as text converts the column; the key decides first how the value is read.
        if (key == "store")
            identity.store = rows.text(1);
        else if (key == "index")
            identity.index = rows.integer(1);
        else if (key == "shards")
            identity.shards = rows.integer(1);
    }
}

SqlResult<std::string> new_store_name(Database& database) {
    auto row = database.use("SELECT lower(hex(randomblob(16)))");
    if (const auto stepped = row.step(); !stepped) return std::unexpected(stepped.error());
    return std::string(row.text(0));
}

}  // namespace homespun::sync::store::sqlite
