#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

struct StoreFile {
    std::string path;
    Database database;
};

/// Opens the shards of a store, or makes `shards_if_new` of them. The number recorded in an existing store
/// wins. shard-0.db is made last: a store whose making was interrupted has none and is made again.
base::Result<std::vector<StoreFile>> open_store_files(const std::string& directory, std::size_t shards_if_new,
                                                      const OpenOptions& options);

/// `<directory>/shard-<number>.db`
std::string shard_path(const std::string& directory, std::size_t number);

}  // namespace homespun::sync::store::sqlite
