#include "sync/store/sqlite/read_pool.hpp"

#include <sqlite3.h>

namespace homespun::sync::store::sqlite {

/// Takes an idle connection or a place for a new one at once; otherwise waits for one to come back.
struct ReadPool::Turn {
    ReadPool& pool;
    base::Executor& home;
    std::unique_ptr<Database> database;
    bool may_open = false;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> caller) {
        const std::lock_guard lock(pool.mutex_);
        if (pool.closed_) return false;
        if (!pool.idle_.empty()) {
            database = std::move(pool.idle_.back());
            pool.idle_.pop_back();
            return false;
        }
        if (pool.open_ < pool.most_) {
            ++pool.open_;
            may_open = true;
            return false;
        }
        pool.waiting_.push_back({caller, this});
        pool.metrics_.reader_waits.add();
        return true;
    }
    void await_resume() const noexcept {}
};

base::Task<SqlResult<ReadPool::Lease>> ReadPool::acquire(base::Executor& home) {
    Turn turn{*this, home, nullptr};
    co_await turn;
    if (turn.database) co_return Lease(*this, std::move(turn.database));
    if (turn.may_open) co_return open_one();
    co_return std::unexpected(SqlError{SQLITE_MISUSE, path_ + ": the store is closed"});
}

SqlResult<ReadPool::Lease> ReadPool::open_one() {
    auto opened = Database::open(path_, options_);
    if (opened) return Lease(*this, std::make_unique<Database>(std::move(*opened)));
    give_back(nullptr);
    return std::unexpected(opened.error());
}

/// Null: a place for a connection has become free. Either goes to whoever waits longest.
void ReadPool::give_back(std::unique_ptr<Database> database) {
    if (database && !database->autocommit() && !database->execute("ROLLBACK")) database.reset();
    Waiter next{};
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            if (database && !closed_ && idle_.size() < kept_) {
                idle_.push_back(std::move(database));
            } else {
                --open_;
            }
            return;
        }
        next = waiting_.front();
        waiting_.pop_front();
    }
    next.turn->home.post([next, database = std::move(database)]() mutable {
        next.turn->may_open = database == nullptr;
        next.turn->database = std::move(database);
        next.caller.resume();
    });
}

void ReadPool::close() {
    std::vector<std::unique_ptr<Database>> idle;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        open_ -= idle_.size();
        idle.swap(idle_);
    }
}

}  // namespace homespun::sync::store::sqlite
