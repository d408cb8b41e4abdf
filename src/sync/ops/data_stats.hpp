#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/store/sqlite/file_stats.hpp"

namespace homespun::sync::ops {

/// What `homespun stats` tells.
struct DataStats {
    struct File {
        std::string name;  ///< below the directory
        store::sqlite::FileStats facts;
    };
    std::vector<File> files;
    store::sqlite::ShardStats records;  ///< of all shards together
    std::int64_t accounts = 0, sessions = 0, devices = 0;
    std::int64_t token_users = 0;  ///< rows of token.db, replaced ones too
    [[nodiscard]] std::string to_json() const;
};

/// Reads a data directory, in use or at rest, without reading its records: tables of collections, accounts
/// and users, the index entries of expired records, and each file's first page.
base::Result<DataStats> read_data_stats(const std::string& directory, store::Timestamp now);

}  // namespace homespun::sync::ops
