#include "sync/store/sqlite/shard_purge.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

/// Rows of one portion: half a millisecond of work at most.
constexpr std::int64_t most_rows = 32;

}  // namespace

SqlResult<bool> ShardPurge::slice(Timestamp now, Steady::time_point until) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    const auto before = std::pair(sweep_, removed_);
    auto more = portions(now, until);
    HOMESPUN_KILL_POINT("purge");
    if (more) {
        if (auto done = transaction->commit(); !done) more = std::unexpected(done.error());
    }
    if (!more) std::tie(sweep_, removed_) = before;
    return more;
}

SqlResult<bool> ShardPurge::portions(Timestamp now, Steady::time_point until) {
    do {
        const auto more = portion(now);
        if (!more) return more;
        if (*more) continue;
        sweep_ = {};
        return false;
    } while (Steady::now() < until);
    return true;
}

SqlResult<bool> ShardPurge::portion(Timestamp now) {
    auto more = dropped_rows();
    if (more && !*more) more = expired_rows(now);
    if (more && !*more && !sweep_.dead_are_gone) more = dead_batches(now);
    if (more && !*more) more = orphaned_rows();
    return more;
}

SqlResult<bool> ShardPurge::dropped_rows() {
    auto next = database_.use("SELECT cid FROM dropped LIMIT 1");
    const auto found = next.step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return false;
    const auto cid = next.integer(0);
    next.reset();
    auto done =
        database_.use("DELETE FROM bso WHERE rowid IN (SELECT rowid FROM bso WHERE cid = ?1 LIMIT ?2)")
            .bind(1, cid)
            .bind(2, most_rows)
            .run();
    if (!done) return std::unexpected(done.error());
    const auto rows = database_.changes();
    removed_ += rows;
    if (rows == most_rows) return true;
    done = database_.use("DELETE FROM dropped WHERE cid = ?1").bind(1, cid).run();
    if (!done) return std::unexpected(done.error());
    return true;
}

/// Goes from collection to collection through the index, whose first entry in each is the one that expires
/// first: one look-up for a collection in which nothing has.
SqlResult<bool> ShardPurge::expired_rows(Timestamp now) {
    auto next = database_.use(
        "SELECT cid, expiry FROM bso INDEXED BY bso_expiry WHERE cid > ?1 AND expiry IS NOT NULL "
        "ORDER BY cid, expiry LIMIT 1");
    const auto found = next.bind(1, sweep_.cid).step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return false;
    const auto cid = next.integer(0);
    const bool expired = next.integer(1) <= now.hundredths;
    next.reset();
    if (expired) return remove_expired(cid, now);
    sweep_.cid = cid;
    return true;
}

SqlResult<bool> ShardPurge::remove_expired(std::int64_t cid, Timestamp now) {
    std::int64_t bytes = 0;
    std::int64_t latest = 0;
    std::vector<std::int64_t> doomed;
    {
        auto rows = database_.use(
            "SELECT rowid, length(payload), modified FROM bso INDEXED BY bso_expiry "
            "WHERE cid = ?1 AND expiry <= ?2 LIMIT ?3");
        rows.bind(1, cid).bind(2, now.hundredths).bind(3, most_rows);
        while (true) {
            const auto row = rows.step();
            if (!row) return std::unexpected(row.error());
            if (!*row) break;
            doomed.push_back(rows.integer(0));
            bytes += rows.integer(1);
            latest = std::max(latest, rows.integer(2));
        }
    }
    for (const auto rowid : doomed) {
        auto done = database_.use("DELETE FROM bso WHERE rowid = ?1").bind(1, rowid).run();
        if (!done) return std::unexpected(done.error());
    }
    auto done = database_
                    .use(
                        "UPDATE collection SET count = count - ?2, bytes = bytes - ?3, "
                        "latest_gone = max(latest_gone, ?4) WHERE cid = ?1")
                    .bind(1, cid)
                    .bind(2, static_cast<std::int64_t>(doomed.size()))
                    .bind(3, bytes)
                    .bind(4, latest)
                    .run();
    if (!done) return std::unexpected(done.error());
    removed_ += static_cast<std::int64_t>(doomed.size());
    return true;
}

SqlResult<bool> ShardPurge::dead_batches(Timestamp now) {
    auto done =
        database_
            .use("DELETE FROM batch WHERE batch IN (SELECT batch FROM batch WHERE expiry <= ?1 LIMIT ?2)")
            .bind(1, now.hundredths)
            .bind(2, most_rows)
            .run();
    if (!done) return std::unexpected(done.error());
    sweep_.dead_are_gone = database_.changes() < most_rows;
    return true;
}

SqlResult<bool> ShardPurge::orphaned_rows() {
    // Walks from batch to batch through the unique index: there are few batches, each with many rows.
    std::int64_t orphan = 0;
    while (orphan == 0) {
        auto next = database_.use(
            "SELECT r.batch, EXISTS (SELECT 1 FROM batch b WHERE b.batch = r.batch) FROM batch_record r "
            "WHERE r.batch > ?1 ORDER BY r.batch LIMIT 1");
        const auto found = next.bind(1, sweep_.batch).step();
        if (!found) return std::unexpected(found.error());
        if (!*found) return false;
        const bool is_live = next.integer(1) != 0;
        (is_live ? sweep_.batch : orphan) = next.integer(0);
    }
    auto done = database_
                    .use(
                        "DELETE FROM batch_record WHERE rowid IN "
                        "(SELECT rowid FROM batch_record WHERE batch = ?1 LIMIT ?2)")
                    .bind(1, orphan)
                    .bind(2, most_rows)
                    .run();
    if (!done) return std::unexpected(done.error());
    removed_ += database_.changes();
    return true;
}

SqlResult<void> drop_unfinished_imports(Database& database) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    for (const char* sql :
         {"INSERT INTO dropped(cid) SELECT cid FROM collection WHERE user < 0",
          "DELETE FROM collection WHERE user < 0", "DELETE FROM tombstone WHERE user < 0"}) {
        if (auto done = database.use(sql).run(); !done) return done;
    }
    return transaction->commit();
}

}  // namespace homespun::sync::store::sqlite
