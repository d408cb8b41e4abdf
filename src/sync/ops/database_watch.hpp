#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::ops {

/// Whether one of the small databases (accounts.db, token.db) takes writes, for the heartbeat. Nothing is
/// written while nobody was refused, so a heartbeat costs the disk nothing; from a refusal on it writes
/// itself, once a second at most, so that trouble is over without anyone else writing. Thread-safe; the pool
/// outlives it.
class DatabaseWatch {
  public:
    /// `pool`: that of the database, so that nobody waits for a lock.
    DatabaseWatch(std::string path, sys::BlockingPool& pool) : path_(std::move(path)), pool_(pool) {}

    /// A request was refused because the database failed.
    void suspect() { suspected_.store(true, std::memory_order_relaxed); }
    /// False from a refusal on until a write succeeds.
    base::Task<bool> takes_writes(base::Executor& home);

  private:
    const std::string path_;
    sys::BlockingPool& pool_;
    std::atomic<bool> suspected_{false};
    std::atomic<std::int64_t> next_trial_ms_{0};  ///< of the steady clock
};

}  // namespace homespun::sync::ops
