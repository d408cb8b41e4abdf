#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// The format of a shard file, kept in `PRAGMA user_version`. docs/storage-format.md describes it.
constexpr std::int64_t shard_format = 4;
/// `PRAGMA application_id` of a shard file: "HmSs".
constexpr std::int64_t shard_application_id = 0x486d5373;

/// Brings a file from format `from` to `from + 1`; runs inside a transaction.
struct Migration {
    std::int64_t from;
    std::function<SqlResult<void>(Database&)> run;
};

/// The steps from format 1 to the present one.
std::span<const Migration> shard_migrations();

/// Which part of which store a file is.
struct ShardIdentity {
    std::string store;        ///< the same random text in every shard of one store
    std::int64_t index = 0;   ///< of this file
    std::int64_t shards = 0;  ///< how many the store has
};

/// True when the file has a format already (false: new, or its making was interrupted before the first
/// commit).
SqlResult<bool> shard_exists(Database& database);

/// True when the file calls itself a shard of a record store.
SqlResult<bool> is_shard(Database& database);

/// Makes the tables in an empty file, in one transaction.
SqlResult<void> create_shard(Database& database, const ShardIdentity& identity);

/// Refuses a format newer than ours and files that are no shard. `path` is for the message.
base::Result<void> judge_shard(Database& database, const std::string& path,
                               std::int64_t current_format = shard_format);

/// `judge_shard`, then migrates an older format, one step a transaction, after copying the file to
/// `<path>.format-<old>`. Whatever ends it in between, the file has its old format or its new one.
base::Result<void> adopt_shard(Database& database, const std::string& path,
                               std::span<const Migration> migrations,
                               std::int64_t current_format = shard_format);

SqlResult<ShardIdentity> read_identity(Database& database);

/// A text that no other store has.
SqlResult<std::string> new_store_name(Database& database);

}  // namespace homespun::sync::store::sqlite
