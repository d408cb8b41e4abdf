#pragma once
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/shard_metrics.hpp"

namespace homespun::sync::store::sqlite {

/// The reading connections of one shard, opened when they are first needed. A reader holds one from the
/// beginning of its read transaction to the end, across all its pauses, so no two readers ever share a
/// statement. At most `most` are open: further readers wait in line without blocking their loop. Thread-safe.
class ReadPool {
  public:
    /// A connection while it is held. Ends an open read transaction and goes back when destroyed.
    class Lease {
      public:
        Lease(ReadPool& pool, std::unique_ptr<Database> database)
            : pool_(&pool), database_(std::move(database)) {
            pool.metrics_.readers.add(1);
        }
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (!database_) return;
            pool_->metrics_.readers.add(-1);
            pool_->give_back(std::move(database_));
        }
        Database& operator*() const { return *database_; }
        Database* operator->() const { return database_.get(); }

      private:
        ReadPool* pool_;
        std::unique_ptr<Database> database_;
    };

    ReadPool(std::string path, OpenOptions options, std::size_t most, std::size_t kept,
             ShardMetrics metrics = {})
        : path_(std::move(path)), options_(options), most_(most), kept_(kept), metrics_(metrics) {}

    base::Task<SqlResult<Lease>> acquire(base::Executor& home);
    /// Closes what is idle; what is held is closed when it comes back. New readers are refused.
    void close();

  private:
    struct Turn;
    struct Waiter {
        std::coroutine_handle<> caller;
        Turn* turn;  ///< in the caller's frame
    };

    void give_back(std::unique_ptr<Database> database);
    SqlResult<Lease> open_one();

    const std::string path_;
    const OpenOptions options_;
    const std::size_t most_;
    const std::size_t kept_;
    const ShardMetrics metrics_;

    std::mutex mutex_;
    std::vector<std::unique_ptr<Database>> idle_;
    std::deque<Waiter> waiting_;
    std::size_t open_ = 0;
    bool closed_ = false;
};

}  // namespace homespun::sync::store::sqlite
