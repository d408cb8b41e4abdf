#pragma once
#include <cstdint>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

/// Removes what nobody can see any more: rows of dropped collections, expired records, dead batches and their
/// staged rows. Works in slices, each a transaction of its own, so that a write never waits long. No
/// timestamp moves. Belongs to the writer's thread.
class ShardPurge {
  public:
    static constexpr std::int64_t most_rows = 250;  ///< of one slice

    explicit ShardPurge(Database& database) : database_(database) {}

    /// One slice. True: there may be more.
    SqlResult<bool> slice(Timestamp now);

  private:
    /// Each returns how many rows it removed; 0 = nothing of that kind is left.
    SqlResult<std::int64_t> dropped_rows();
    SqlResult<std::int64_t> expired_rows(Timestamp now);
    SqlResult<std::int64_t> dead_batches(Timestamp now);
    SqlResult<std::int64_t> orphaned_rows();

    Database& database_;
};

}  // namespace homespun::sync::store::sqlite
