#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/task.hpp"
#include "sync/store/sqlite/read_pool.hpp"
#include "sync/store/sqlite/read_steps.hpp"
#include "sync/store/weave_store.hpp"

namespace homespun::sync::store::sqlite {

/// The reads of one shard for clients of Sync 1.0 and 1.1, run on the caller's loop, each from one read
/// transaction; they let the loop serve others in between. Thread-safe.
class WeaveReader {
  public:
    /// All three must outlive the reader and its tasks.
    WeaveReader(ReadPool& pool, const base::Clock& clock, base::Logger& logger)
        : pool_(pool), clock_(clock), logger_(logger) {}

    base::Task<Outcome<std::vector<std::pair<std::string, Timestamp>>>> stamps(base::Executor& home,
                                                                               UserId user);
    base::Task<Outcome<std::uint64_t>> find(base::Executor& home, UserId user, std::string collection,
                                            WeaveQuery query, WeaveSink sink);

  private:
    base::Task<SqlResult<void>> select(base::Executor& home, Database& database, std::int64_t cid,
                                       const WeaveQuery& query, std::vector<std::int64_t>& rows) const;
    [[nodiscard]] Failure failed(const SqlError& error) const { return read_failure(logger_, error); }

    ReadPool& pool_;
    const base::Clock& clock_;
    base::Logger& logger_;
};

}  // namespace homespun::sync::store::sqlite
