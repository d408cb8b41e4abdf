#pragma once
#include <chrono>
#include <cstdint>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

/// Removes what nobody can see any more: rows of dropped collections, expired records, dead batches and their
/// staged rows. Works in slices, each a transaction of its own, so that a write never waits long. No
/// timestamp moves. Belongs to the writer's thread.
class ShardPurge {
  public:
    using Steady = std::chrono::steady_clock;

    explicit ShardPurge(Database& database) : database_(database) {}

    /// One slice, which ends soon after `until`. True: there may be more.
    SqlResult<bool> slice(Timestamp now, Steady::time_point until);
    /// Rows removed by all slices that were committed.
    [[nodiscard]] std::int64_t removed() const { return removed_; }

  private:
    /// How far it is on its way once through the shard.
    struct Sweep {
        std::int64_t cid = 0;        ///< done with expired records of collections up to this one
        bool dead_are_gone = false;  ///< done with batches that have died
        std::int64_t batch = 0;      ///< done with staged rows of batches up to this one
    };

    SqlResult<bool> portions(Timestamp now, Steady::time_point until);
    /// Each does a portion of its work, adds to `removed_`, and returns false when nothing of its kind is
    /// left.
    SqlResult<bool> portion(Timestamp now);
    SqlResult<bool> dropped_rows();
    SqlResult<bool> expired_rows(Timestamp now);
    SqlResult<bool> dead_batches(Timestamp now);
    SqlResult<bool> orphaned_rows();
    SqlResult<bool> remove_expired(std::int64_t cid, Timestamp now);

    Database& database_;
    Sweep sweep_;
    std::int64_t removed_ = 0;
};

/// Drops what imports left that never ended: users whose number is negative in the file. Call it while no
/// import can be under way, before the writer starts.
SqlResult<void> drop_unfinished_imports(Database& database);

}  // namespace homespun::sync::store::sqlite
