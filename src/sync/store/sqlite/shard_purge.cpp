#include "sync/store/sqlite/shard_purge.hpp"

#include <map>
#include <vector>

#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {

SqlResult<bool> ShardPurge::slice(Timestamp now) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    auto removed = dropped_rows();
    if (removed && *removed == 0) removed = expired_rows(now);
    if (removed && *removed == 0) removed = dead_batches(now);
    if (removed && *removed == 0) removed = orphaned_rows();
    if (!removed) return std::unexpected(removed.error());
    if (*removed > 0) HOMESPUN_KILL_POINT("purge");
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
    return *removed > 0;
}

SqlResult<std::int64_t> ShardPurge::dropped_rows() {
    auto next = database_.use("SELECT cid FROM dropped LIMIT 1");
    const auto found = next.step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return 0;
    const auto cid = next.integer(0);
    next.reset();
    auto done =
        database_.use("DELETE FROM bso WHERE rowid IN (SELECT rowid FROM bso WHERE cid = ?1 LIMIT ?2)")
            .bind(1, cid)
            .bind(2, most_rows)
            .run();
    if (!done) return std::unexpected(done.error());
    const auto rows = database_.changes();
    if (rows == most_rows) return rows;
    done = database_.use("DELETE FROM dropped WHERE cid = ?1").bind(1, cid).run();
    if (!done) return std::unexpected(done.error());
    return rows + 1;
}

SqlResult<std::int64_t> ShardPurge::expired_rows(Timestamp now) {
    struct Sums {
        std::int64_t count = 0, bytes = 0;
    };
    std::map<std::int64_t, Sums> by_collection;
    std::vector<std::int64_t> doomed;
    {
        auto rows = database_.use("SELECT rowid, cid, length(payload) FROM bso WHERE expiry <= ?1 LIMIT ?2");
        rows.bind(1, now.hundredths).bind(2, most_rows);
        while (true) {
            const auto row = rows.step();
            if (!row) return std::unexpected(row.error());
            if (!*row) break;
            doomed.push_back(rows.integer(0));
            auto& sums = by_collection[rows.integer(1)];
            ++sums.count;
            sums.bytes += rows.integer(2);
        }
    }
    for (const auto rowid : doomed) {
        auto done = database_.use("DELETE FROM bso WHERE rowid = ?1").bind(1, rowid).run();
        if (!done) return std::unexpected(done.error());
    }
    for (const auto& [cid, sums] : by_collection) {
        auto done =
            database_.use("UPDATE collection SET count = count - ?2, bytes = bytes - ?3 WHERE cid = ?1")
                .bind(1, cid)
                .bind(2, sums.count)
                .bind(3, sums.bytes)
                .run();
        if (!done) return std::unexpected(done.error());
    }
    return static_cast<std::int64_t>(doomed.size());
}

SqlResult<std::int64_t> ShardPurge::dead_batches(Timestamp now) {
    auto done =
        database_
            .use("DELETE FROM batch WHERE batch IN (SELECT batch FROM batch WHERE expiry <= ?1 LIMIT ?2)")
            .bind(1, now.hundredths)
            .bind(2, most_rows)
            .run();
    if (!done) return std::unexpected(done.error());
    return database_.changes();
}

SqlResult<std::int64_t> ShardPurge::orphaned_rows() {
    // Walks from batch to batch through the unique index: there are few batches, each with many rows.
    std::int64_t last = 0;
    while (true) {
        auto next = database_.use(
            "SELECT r.batch, EXISTS (SELECT 1 FROM batch b WHERE b.batch = r.batch) FROM batch_record r "
            "WHERE r.batch > ?1 ORDER BY r.batch LIMIT 1");
        const auto found = next.bind(1, last).step();
        if (!found) return std::unexpected(found.error());
        if (!*found) return 0;
        last = next.integer(0);
        if (next.integer(1) == 0) break;
    }
    auto done = database_
                    .use(
                        "DELETE FROM batch_record WHERE rowid IN "
                        "(SELECT rowid FROM batch_record WHERE batch = ?1 LIMIT ?2)")
                    .bind(1, last)
                    .bind(2, most_rows)
                    .run();
    if (!done) return std::unexpected(done.error());
    return database_.changes();
}

}  // namespace homespun::sync::store::sqlite
