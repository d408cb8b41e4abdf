#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/task.hpp"
#include "sync/store/sqlite/offset_token.hpp"
#include "sync/store/sqlite/page_ranking.hpp"
#include "sync/store/sqlite/read_pool.hpp"
#include "sync/store/sqlite/read_steps.hpp"
#include "sync/store/sqlite/shard_writer.hpp"
#include "sync/store/sqlite/user_table.hpp"

namespace homespun::sync::store::sqlite {

/// The reads of one shard, run on the caller's loop. Rows and their X-Last-Modified come from one read
/// transaction; the table in memory answers only what needs no rows: info, 304, 412 and "nothing newer".
/// Pauses after 1 ms or 256 KiB so that the loop can serve others; a sink never makes it wait. Thread-safe.
class ShardReader {
  public:
    /// All four must outlive the reader and its tasks.
    ShardReader(ReadPool& pool, UserTable& table, ShardWriter& writer, const base::Clock& clock,
                base::Logger& logger)
        : pool_(pool), table_(table), writer_(writer), clock_(clock), logger_(logger) {}

    base::Task<Outcome<ByCollection<Timestamp>>> info(base::Executor& home, UserId user, Precondition when);
    enum class Sum { count, bytes };
    base::Task<Outcome<ByCollection<std::uint64_t>>> sums(base::Executor& home, UserId user,
                                                          Precondition when, Sum sum);
    base::Task<Outcome<Timestamp>> get(base::Executor& home, UserId user, std::string collection,
                                       std::string id, Precondition when, RowSink sink);
    base::Task<Outcome<Listing>> list(base::Executor& home, UserId user, std::string collection,
                                      ListQuery query, Precondition when, RowSink sink);

  private:
    struct Page;
    /// A part of a read; an error of SQLite travels up to where it becomes `unavailable`.
    using Step = base::Task<SqlResult<void>>;

    Step add_expired(base::Executor& home, Database& database, std::int64_t cid, Sum sum,
                     std::int64_t& expired);
    Step list_by_time(base::Executor& home, Database& database, std::int64_t cid, Page& page);
    Step list_ranked(base::Executor& home, Database& database, std::int64_t cid, Page& page);
    Step rank_ids(base::Executor& home, Database& database, std::int64_t cid, const Page& page,
                  PageRanking& ranking);
    Step rank_all(base::Executor& home, Database& database, std::int64_t cid, const Page& page,
                  PageRanking& ranking);
    [[nodiscard]] Failure failed(const SqlError& error) const { return read_failure(logger_, error); }
    [[nodiscard]] std::int64_t now() const { return Timestamp::from_ms(clock_.now_ms()).hundredths; }

    ReadPool& pool_;
    UserTable& table_;
    ShardWriter& writer_;
    const base::Clock& clock_;
    base::Logger& logger_;
};

}  // namespace homespun::sync::store::sqlite
