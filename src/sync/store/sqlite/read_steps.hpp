#pragma once
#include <cstdint>
#include <string_view>

#include "base/log.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

// What every read of a shard begins and may end with.

struct FoundCollection {
    std::int64_t cid = 0;  ///< 0: does not exist
    Timestamp modified;
};
SqlResult<FoundCollection> find_collection(Database& database, UserId user, std::string_view name);

/// Logs what went wrong; what the caller of the store is told.
Failure read_failure(base::Logger& logger, const SqlError& error);

}  // namespace homespun::sync::store::sqlite
