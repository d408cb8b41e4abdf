#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/task.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/quota.hpp"
#include "sync/store/sqlite/shard_metrics.hpp"
#include "sync/store/sqlite/shard_purge.hpp"
#include "sync/store/sqlite/shard_tables.hpp"
#include "sync/store/sqlite/shard_vacuum.hpp"
#include "sync/store/sqlite/user_table.hpp"
#include "sync/store/sqlite/write_request.hpp"

namespace homespun::sync::store::sqlite {

struct WriterSettings {
    std::string name;  ///< of the shard, for the log
    BatchLimits limits;
    std::chrono::milliseconds idle_after{200};      ///< then checkpoint and purge
    std::chrono::milliseconds purge_every{60'000};  ///< when nothing is known to wait for the purge
    std::size_t most_held_requests = 16'384;        ///< taken and not yet answered, parked ones too
    std::size_t most_held_bytes = std::size_t{256} << 20;
    std::shared_ptr<Quota> quota = std::make_shared<Quota>(QuotaLimits{}, 1);
    std::size_t number = 0;  ///< of the shard, for the quota
    ShardMetrics metrics{};
};

/// The one writer of a shard: a thread that commits whatever has queued up in one transaction (at most 512
/// requests, 8 MiB, 5 ms of work), then wakes each loop once. Nothing is acknowledged before the commit. A
/// user gets one write per hundredth of a second: the next one is parked while others go on. What it holds
/// unanswered is bounded: above that, requests are refused as `unavailable`. Owns the shard's
/// writing connection; owns and publishes the UserTable. A full disk: the requests are tried one by one, and
/// refused if need be; once a second it looks whether there is room again. An I/O error at a commit, a
/// checkpoint, a purge or a vacuum is final: writes are refused until the store is opened again. Thread-safe
/// where not said otherwise.
class ShardWriter {
  public:
    /// `clock`, `logger` and `table` must outlive the writer. Starts the thread.
    ShardWriter(Database database, UserTable& table, const base::Clock& clock, base::Logger& logger,
                WriterSettings settings);
    ~ShardWriter();
    ShardWriter(const ShardWriter&) = delete;
    ShardWriter& operator=(const ShardWriter&) = delete;

    /// Queues `request` and continues on `home` when it is durable or refused.
    base::Task<Outcome<WriteResult>> submit(base::Executor& home, std::unique_ptr<WriteRequest> request);
    /// Asks for a user's state to be put into the table; may be ignored.
    void suggest(UserId user);
    /// False while writes are refused: for good after damage, or until the disk takes a write again.
    [[nodiscard]] bool healthy() const {
        return !broken_.load(std::memory_order_relaxed) && !refusing_.load(std::memory_order_relaxed);
    }
    /// How much of what it may hold unanswered it holds, 0 to 1.
    [[nodiscard]] double fullness() const { return fullness_.load(std::memory_order_relaxed); }
    /// Commits what is queued, ends the thread, closes the connection. Once; not from the writer's thread.
    void close();

  private:
    using Request = std::unique_ptr<WriteRequest>;
    using Steady = std::chrono::steady_clock;
    /// Requests of one user that wait for the next hundredth of a second, in order.
    struct Parked {
        Timestamp floor;
        std::deque<Request> requests;
    };

    bool enqueue(Request& request);
    void note_fullness();
    void uncount(const std::vector<Request>& requests);
    void run();
    bool take_queued();
    void gather();
    Steady::time_point next_wake() const;
    void release_parked();
    Request next_request();

    void commit_group();
    void commit_alone(std::vector<Request> requests);
    SqlResult<void> begin();
    SqlResult<void> commit();
    void roll_back();
    SqlResult<bool> execute(Request& request, bool may_park);
    SqlResult<UserState*> state_of(UserId user);
    bool park(Request& request, const UserState& state, Timestamp now);
    void refuse_all(std::vector<Request>& requests, const SqlError& error, int retry_after_s);
    void complete(std::vector<Request> requests);
    void publish();
    void note_use();
    [[nodiscard]] std::optional<std::int64_t> pragma(const char* sql);
    void give_up_writing(const SqlError& error);
    void await_room(const SqlError& error);

    void load_suggested();
    void house_keeping();
    bool purge(bool idle);
    void tell_purged(std::int64_t rows, bool done);
    void give_back_pages();
    void checkpoint();
    void probe();
    static int note_wal_frames(void* self, sqlite3* connection, const char* schema, int frames);

    // Settings and things of others.
    const WriterSettings settings_;
    UserTable& table_;
    const base::Clock& clock_;
    base::Logger& logger_;

    // Shared, under the mutex.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Request> queue_;
    std::size_t wanted_ = 0;  ///< how many must be queued for the waiting writer to be woken; 0: it works
    std::size_t held_requests_ = 0;  ///< queued, in the inbox, parked or in work: all that is not answered
    std::size_t held_bytes_ = 0;     ///< their weights
    std::vector<UserId> suggested_;
    bool closing_ = false;
    std::atomic<bool> broken_{false};
    std::atomic<double> fullness_{0};    ///< of held_requests_ and held_bytes_, for readers without the mutex
    std::atomic<bool> refusing_{false};  ///< the last write found no room

    // The thread's own.
    Database database_;
    std::unique_ptr<ShardTables> tables_;
    ShardPurge purge_;
    ShardVacuum vacuum_;
    std::deque<Request> inbox_;
    std::vector<UserId> to_load_;
    std::unordered_map<UserId, Parked> parked_;
    std::unordered_map<UserId, UserState> touched_;  ///< as the open transaction sees them
    bool draining_ = false;
    int wal_frames_ = 0;
    std::int64_t page_size_ = 0;      ///< bytes; 0: not read yet
    Steady::time_point last_group_;   ///< when it began
    bool giving_back_ = false;        ///< the last step gave pages back: there may be more
    bool tidying_ = false;            ///< purge or vacuum go on: an idle checkpoint waits for their end
    Steady::time_point quiet_from_;   ///< idle when nothing more happens until then
    Steady::time_point next_purge_;   ///< when there is, or may be, something to purge
    Steady::time_point next_slice_;   ///< of the purge: keeps its share of the time
    Steady::time_point next_vacuum_;  ///< when there may be free pages to give back
    Steady::time_point next_probe_;   ///< while refusing
    Steady::time_point next_drift_warning_;
    Steady::time_point next_quota_warning_;
    Steady::time_point next_purge_line_;
    std::int64_t purged_ = 0;  ///< rows that no line has told yet

    std::thread thread_;
};

}  // namespace homespun::sync::store::sqlite
