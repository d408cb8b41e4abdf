#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/shard_schema.hpp"

namespace homespun::sync::store::sqlite {

/// A shard exactly as version 0.1.0 made it before format 2: tables and pragmas are kept here as they were.
inline void make_format_1_shard(const std::string& path, const ShardIdentity& identity) {
    auto database = Database::open(path, OpenOptions{});
    ASSERT_TRUE(database) << database.error().message;
    const auto made = database->execute(R"sql(
CREATE TABLE shard(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE collection(cid INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL, name TEXT NOT NULL,
    modified INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE(user, name));
CREATE TABLE tombstone(user INTEGER PRIMARY KEY, modified INTEGER NOT NULL);
CREATE TABLE bso(rowid INTEGER PRIMARY KEY, cid INTEGER NOT NULL, id TEXT NOT NULL, modified INTEGER NOT NULL,
    sortindex INTEGER, expiry INTEGER, payload BLOB NOT NULL, UNIQUE(cid, id));
CREATE INDEX bso_modified ON bso(cid, modified, id);
CREATE INDEX bso_expiry ON bso(expiry, cid) WHERE expiry IS NOT NULL;
CREATE TABLE dropped(cid INTEGER PRIMARY KEY);
CREATE TABLE batch(batch INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL, collection TEXT NOT NULL,
    expiry INTEGER NOT NULL);
CREATE INDEX batch_user ON batch(user);
CREATE TABLE batch_record(rowid INTEGER PRIMARY KEY, batch INTEGER NOT NULL, id TEXT NOT NULL,
    sortindex INTEGER, ttl INTEGER, payload BLOB, UNIQUE(batch, id));
PRAGMA application_id=1215124339;
PRAGMA user_version=1;
)sql");
    ASSERT_TRUE(made) << made.error().message;
    constexpr const char* put = "INSERT INTO shard(key, value) VALUES (?1, ?2)";
    ASSERT_TRUE(database->use(put).bind(1, "store").bind(2, std::string_view(identity.store)).run());
    ASSERT_TRUE(database->use(put).bind(1, "index").bind(2, identity.index).run());
    ASSERT_TRUE(database->use(put).bind(1, "shards").bind(2, identity.shards).run());
}

/// One collection `col` of `user` with records: two that never expire and one that expires at `expiry`.
inline void fill_format_1_shard(const std::string& path, std::int64_t user, std::int64_t expiry) {
    auto database = Database::open(path, OpenOptions{});
    ASSERT_TRUE(database) << database.error().message;
    ASSERT_TRUE(
        database->use("INSERT INTO collection VALUES (7, ?1, 'col', 1000, 3, 8)").bind(1, user).run());
    ASSERT_TRUE(database
                    ->use("INSERT INTO bso(cid, id, modified, sortindex, expiry, payload) VALUES "
                          "(7, 'a', 999, 5, NULL, x'6f6e65'), (7, 'b', 1000, NULL, NULL, x'74776f'), "
                          "(7, 'c', 1000, NULL, ?1, x'6f6c')")
                    .bind(1, expiry)
                    .run());
}

}  // namespace homespun::sync::store::sqlite
