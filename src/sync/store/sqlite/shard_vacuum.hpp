#pragma once
#include <chrono>
#include <cstdint>

#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// Gives free pages at the end of a shard's file back to the system, step by step, by moving pages from the
/// end into the gaps (SQLite's incremental vacuum). One page in sixteen stays free: new records use them.
/// Belongs to the writer's thread.
class ShardVacuum {
  public:
    explicit ShardVacuum(Database& database);

    /// Only a file that was made, or vacuumed as a whole, by a program that knew format 2 can shrink in
    /// steps.
    [[nodiscard]] bool possible() const { return possible_; }
    /// One transaction, which ends soon after `until`. Returns how many pages went.
    SqlResult<std::int64_t> step(std::chrono::steady_clock::time_point until);

  private:
    Database& database_;
    bool possible_ = false;
};

/// While it lives, commits do not wait for the disk: for work that is simply done again when it is lost. The
/// next synced commit syncs all of it. Not inside a transaction.
class UnsyncedCommits {
  public:
    explicit UnsyncedCommits(Database& database);
    ~UnsyncedCommits() { (void)end(); }
    UnsyncedCommits(const UnsyncedCommits&) = delete;
    UnsyncedCommits& operator=(const UnsyncedCommits&) = delete;

    /// Before its life ends: commits wait for the disk again. An error means that they do not.
    SqlResult<void> end();

  private:
    Database& database_;
    bool was_full_ = false;
};

}  // namespace homespun::sync::store::sqlite
