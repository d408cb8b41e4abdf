#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

/// What a database file says of itself; read from its first page.
struct FileStats {
    std::int64_t format = 0;
    std::int64_t bytes = 0;      ///< of the file
    std::int64_t wal_bytes = 0;  ///< of its WAL; 0 when there is none
    std::int64_t page_bytes = 0;
    std::int64_t free_bytes = 0;  ///< pages that hold nothing
    bool shrinks = false;         ///< free pages go back to the system by themselves
};
base::Result<FileStats> read_file_stats(const std::string& path);

/// Of one shard. Reads the table of collections, which has one row for each, and of records only the index
/// entries of those that have expired.
struct ShardStats {
    std::int64_t users = 0;  ///< who have collections
    std::int64_t collections = 0;
    std::int64_t records = 0;                 ///< expired ones too, until they are purged
    std::int64_t payload_bytes = 0;           ///< the same
    std::int64_t expired = 0;                 ///< records that wait for the purge
    std::int64_t dropped = 0;                 ///< collections that are gone and wait for the purge
    std::optional<Timestamp> oldest, newest;  ///< last writes of the collections
};
base::Result<ShardStats> read_shard_stats(const std::string& path, Timestamp now);

/// Rows of a table of accounts.db or token.db.
base::Result<std::int64_t> count_table(const std::string& path, const std::string& table);

/// Writes the file anew without gaps, beside itself, and renames it into place; afterwards its free pages go
/// back by themselves where `incremental`. Needs as much disk as the data. The caller sees to it that nobody
/// has the file open. Returns how many bytes were won.
base::Result<std::int64_t> vacuum_file(const std::string& path, bool incremental);

}  // namespace homespun::sync::store::sqlite
