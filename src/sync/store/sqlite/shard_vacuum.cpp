#include "sync/store/sqlite/shard_vacuum.hpp"

#include <algorithm>
#include <utility>

#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

constexpr std::int64_t incremental = 2;  // PRAGMA auto_vacuum
constexpr std::int64_t synchronous_full = 2;
/// Of the file's pages stays free: 1 / this.
constexpr std::int64_t kept_free = 16;
constexpr std::int64_t least_kept_free = 64;

SqlResult<std::int64_t> number(Database& database, const char* pragma) {
    auto row = database.use(pragma);
    const auto found = row.step();
    if (!found) return std::unexpected(found.error());
    return row.integer(0);
}

}  // namespace

ShardVacuum::ShardVacuum(Database& database) : database_(database) {
    possible_ = number(database_, "PRAGMA auto_vacuum").value_or(0) == incremental;
}

SqlResult<std::int64_t> ShardVacuum::step(std::chrono::steady_clock::time_point until) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    const auto pages = number(database_, "PRAGMA page_count");
    if (!pages) return pages;
    const auto keep = std::max(least_kept_free, *pages / kept_free);
    std::int64_t given = 0;
    while (true) {
        const auto free = number(database_, "PRAGMA freelist_count");
        if (!free) return free;
        if (*free <= keep) break;
        if (auto done = database_.use("PRAGMA incremental_vacuum(8)").run(); !done)
            return std::unexpected(done.error());
        const auto left = number(database_, "PRAGMA freelist_count");
        if (!left) return left;
        if (*left >= *free) break;
        given += *free - *left;
        HOMESPUN_KILL_POINT("vacuum_step");
        if (std::chrono::steady_clock::now() >= until) break;
    }
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
    if (given > 0) HOMESPUN_KILL_POINT("vacuum_stepped");
    return given;
}

UnsyncedCommits::UnsyncedCommits(Database& database) : database_(database) {
    was_full_ = number(database_, "PRAGMA synchronous").value_or(0) == synchronous_full;
    if (was_full_) (void)database_.execute("PRAGMA synchronous=NORMAL");
}

SqlResult<void> UnsyncedCommits::end() {
    if (!std::exchange(was_full_, false)) return {};
    return database_.execute("PRAGMA synchronous=FULL");
}

}  // namespace homespun::sync::store::sqlite
