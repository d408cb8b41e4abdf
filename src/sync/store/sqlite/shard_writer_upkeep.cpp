#include <sqlite3.h>

#include <optional>
#include <utility>

#include "sync/store/sqlite/shard_writer.hpp"
#include "sys/kill_point.hpp"

// What the writer does between groups: checkpoints, the purge, giving pages back, and looking whether a disk
// that refused takes writes again.
namespace homespun::sync::store::sqlite {
namespace {

using std::chrono::milliseconds;

constexpr int checkpoint_frames = 1000;
/// How long the purge works at a time (a write that comes meanwhile waits for so long, and for one commit),
/// and for how many times as long it then rests.
constexpr milliseconds purge_slice{1};
constexpr int purge_rest = 4;
/// The same for giving back pages, and the pause between its steps: there is no hurry.
constexpr milliseconds vacuum_slice{1};
constexpr milliseconds vacuum_pause{50};
/// While writes are refused for want of room: how often it looks whether there is room again.
constexpr milliseconds probe_every{1000};
/// Lines about what was purged: at most so often.
constexpr std::chrono::minutes purge_line_every{1};

}  // namespace

/// No writes until a probe finds that the disk takes them again.
void ShardWriter::await_room(const SqlError& error) {
    next_probe_ = Steady::now() + probe_every;
    if (refusing_.exchange(true)) return;
    settings_.metrics.refusing.set(1);
    logger_.error("shard_awaits_room",
                  {{"shard", settings_.name}, {"code", std::int64_t{error.code}}, {"error", error.message}});
}

/// What is not on the disk for certain is not moved into the database either, not even when the connection
/// closes: the next start reads the WAL anew and takes what its checksums vouch for.
void ShardWriter::give_up_writing(const SqlError& error) {
    if (broken_.exchange(true)) return;
    sqlite3_db_config(database_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    settings_.metrics.broken.set(1);
    logger_.error("shard_refuses_writes", {{"shard", settings_.name},
                                           {"code", std::int64_t{error.code}},
                                           {"error", error.message},
                                           {"remedy", "check the disk, then restart"}});
}

std::optional<std::int64_t> ShardWriter::pragma(const char* sql) {
    auto row = database_.use(sql);
    const auto stepped = row.step();
    if (!stepped || !*stepped) return std::nullopt;
    return row.integer(0);
}

/// What the shard takes on disk goes into the store's quota, if there is one; what it was stays when it
/// cannot be read. Cheap: both are in the header. No answer waits for it: the next group comes after it
/// anyway.
void ShardWriter::note_use() {
    if (!settings_.quota->bounds_store()) return;
    if (page_size_ == 0) page_size_ = pragma("PRAGMA page_size").value_or(0);
    const auto pages = pragma("PRAGMA page_count");
    const auto free = pragma("PRAGMA freelist_count");
    if (page_size_ == 0 || !pages || !free) return;
    settings_.quota->note(settings_.number, static_cast<std::uint64_t>((*pages - *free) * page_size_));
    if (!settings_.quota->is_nearly_full() || Steady::now() < next_quota_warning_) return;
    next_quota_warning_ = Steady::now() + std::chrono::hours(1);
    logger_.warning("store_nearly_full", {{"used", static_cast<std::int64_t>(settings_.quota->used())}});
}

void ShardWriter::load_suggested() {
    for (const auto user : to_load_) {
        if (table_.knows(user)) continue;
        // Outside a transaction this connection sees what is committed.
        if (auto state = tables_->load_user(user)) table_.publish(user, std::move(*state));
    }
    to_load_.clear();
}

int ShardWriter::note_wal_frames(void* self, sqlite3*, const char*, int frames) {
    auto& writer = *static_cast<ShardWriter*>(self);
    writer.wal_frames_ = frames;
    writer.settings_.metrics.wal_frames.set(frames);
    return SQLITE_OK;
}

void ShardWriter::checkpoint() {
    if (wal_frames_ == 0 || broken_.load(std::memory_order_relaxed)) return;
    HOMESPUN_KILL_POINT("checkpoint_begin");
    const auto begin = Steady::now();
    const auto done = database_.checkpoint();
    HOMESPUN_KILL_POINT("checkpoint_end");
    settings_.metrics.checkpoint_time.observe(Steady::now() - begin);
    // A reader may hold the checkpoint back; the next one goes on from there.
    wal_frames_ = 0;
    settings_.metrics.wal_frames.set(0);
    if (done || done.error().is_busy()) return;
    logger_.error("checkpoint_failed", {{"shard", settings_.name}, {"error", done.error().message}});
    if (done.error().is_damage()) give_up_writing(done.error());
}

/// While writes are refused: tries one that changes nothing (SQLite leaves out an UPDATE to the same value,
/// but writes the first page for this). Whoever heeds the heartbeat sends no more writes, so that nobody else
/// would find out.
void ShardWriter::probe() {
    next_probe_ = Steady::now() + probe_every;
    const auto format = database_.user_version();
    auto tried = format ? begin() : std::unexpected(format.error());
    if (tried) tried = database_.set_user_version(*format);
    if (tried) tried = commit();
    if (tried) return publish();
    roll_back();
    if (tried.error().is_damage()) give_up_writing(tried.error());
}

void ShardWriter::house_keeping() {
    if (wal_frames_ >= checkpoint_frames) checkpoint();
    if (broken_.load(std::memory_order_relaxed) || draining_) return;
    if (refusing_.load(std::memory_order_relaxed) && Steady::now() >= next_probe_) probe();
    const bool idle = inbox_.empty() && parked_.empty() && Steady::now() >= quiet_from_;
    tidying_ = purge(idle);
    if (tidying_ || !idle) return;
    give_back_pages();
    tidying_ = giving_back_;
    // Each checkpoint syncs two files: not after every step.
    if (!tidying_) checkpoint();
}

/// True: there is more to purge, at once or when its turn comes. It gets a fifth of the time, in slices of a
/// millisecond, so that it keeps up under unbroken load and no write waits long.
bool ShardWriter::purge(bool idle) {
    const auto now = Steady::now();
    if (now < next_purge_) return false;
    if (now < next_slice_) return true;
    const auto before = purge_.removed();
    // Between groups of writes the next group syncs this along. Idle, what piles up would wait for one write.
    std::optional<UnsyncedCommits> unsynced;
    if (!idle) unsynced.emplace(database_);
    const auto more = purge_.slice(Timestamp::from_ms(clock_.now_ms()), now + purge_slice);
    // What is acknowledged must be on the disk: without that, nothing is.
    if (unsynced) {
        if (auto synced = unsynced->end(); !synced) give_up_writing(synced.error());
    }
    const auto end = Steady::now();
    next_slice_ = end + purge_rest * (end - now);
    if (!more) {
        logger_.error("purge_failed", {{"shard", settings_.name}, {"error", more.error().message}});
        if (more.error().is_damage()) give_up_writing(more.error());
    }
    note_use();
    if (purge_.removed() > before) next_vacuum_ = std::min(next_vacuum_, end);
    tell_purged(purge_.removed() - before, !more || !*more);
    if (more && *more) return true;
    next_purge_ = end + settings_.purge_every;
    return false;
}

void ShardWriter::tell_purged(std::int64_t rows, bool done) {
    settings_.metrics.purged_rows.add(static_cast<std::uint64_t>(rows));
    purged_ += rows;
    if (!done || purged_ == 0 || Steady::now() < next_purge_line_) return;
    logger_.info("purged", {{"shard", settings_.name}, {"rows", std::exchange(purged_, 0)}});
    next_purge_line_ = Steady::now() + purge_line_every;
}

/// The file shrinks with the checkpoint that follows the last step.
void ShardWriter::give_back_pages() {
    const auto now = Steady::now();
    if (!vacuum_.possible() || now < next_vacuum_) return;
    const auto given = vacuum_.step(now + vacuum_slice);
    if (!given) {
        logger_.error("vacuum_failed", {{"shard", settings_.name}, {"error", given.error().message}});
        if (given.error().is_damage()) give_up_writing(given.error());
    }
    giving_back_ = given && *given > 0;
    if (giving_back_) settings_.metrics.freed_pages.add(static_cast<std::uint64_t>(*given));
    next_vacuum_ = Steady::now() + (giving_back_ ? vacuum_pause : milliseconds(settings_.purge_every));
}

}  // namespace homespun::sync::store::sqlite
