#pragma once
#include <type_traits>
#include <utility>

#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/task.hpp"
#include "sync/accounts/accounts_store.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::accounts {

/// The store as coroutines see it: calls wait their turn on the serial pool, so that no loop waits for the
/// disk. Copies refer to the same store. Thread-safe; store, pool and logger outlive it.
class StoreQueue {
  public:
    /// `pool` must have exactly one thread: the store belongs to it.
    StoreQueue(AccountsStore& store, sys::BlockingPool& pool, base::Logger& logger)
        : store_(&store), pool_(&pool), logger_(&logger) {}

    /// Runs `work(AccountsStore&)`, which gives a StoreResult, and continues on `home`. A full queue is
    /// `busy`.
    template <class Work>
    base::Task<std::invoke_result_t<Work, AccountsStore&>> run(base::Executor& home, Work work) {
        auto outcome = co_await pool_->run(home, [&] { return work(*store_); });
        if (!outcome)
            co_return std::unexpected(StoreError{StoreFailure::busy, "the accounts' queue is full"});
        if (!*outcome && outcome->error().kind == StoreFailure::unavailable)
            logger_->error("accounts_store_failed", {{"error", outcome->error().detail}});
        co_return std::move(*outcome);
    }

  private:
    AccountsStore* store_;
    sys::BlockingPool* pool_;
    base::Logger* logger_;
};

}  // namespace homespun::sync::accounts
