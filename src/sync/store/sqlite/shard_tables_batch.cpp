#include "base/text.hpp"
#include "sync/store/sqlite/shard_tables.hpp"
#include "sys/kill_point.hpp"

// Batches: staged out of sight, bounded at each part, applied at the commit.

namespace homespun::sync::store::sqlite {
namespace {

/// Batches die two hours after opening (sync-1.5 sheet, 8).
constexpr std::int64_t batch_life_hundredths = 2 * 3600 * 100;
/// Batches whose size is remembered; what is forgotten is counted anew.
constexpr std::size_t most_sized_batches = 4096;

}  // namespace

SqlResult<void> ShardTables::stage(std::int64_t batch, const std::vector<RecordUpdate>& updates) {
    for (const auto& update : updates) {
        auto statement = database_.use(
            "INSERT INTO batch_record(batch, id, sortindex, ttl, payload) VALUES (?1, ?2, ?3, ?4, ?5) "
            "ON CONFLICT(batch, id) DO UPDATE SET sortindex = coalesce(?3, sortindex), ttl = coalesce(?4, "
            "ttl), "
            "payload = coalesce(?5, payload)");
        statement.bind(1, batch)
            .bind(2, std::string_view(update.id))
            .bind(3, update.sortindex)
            .bind(4, update.ttl);
        if (update.payload) statement.bind_blob(5, *update.payload);
        if (auto done = statement.run(); !done) return done;
    }
    return {};
}

SqlResult<std::optional<std::int64_t>> ShardTables::find_batch(const WriteRequest& request, Timestamp now) {
    const auto number = base::parse_integer<std::int64_t>(request.batch);
    // One text per batch: "017" is not "17".
    if (!number || *number < 1 || std::to_string(*number) != request.batch) return std::nullopt;
    auto row = database_.use(
        "SELECT 1 FROM batch WHERE batch = ?1 AND user = ?2 AND collection = ?3 AND expiry > ?4");
    const auto found = row.bind(1, *number)
                           .bind(2, static_cast<std::int64_t>(request.user))
                           .bind(3, std::string_view(request.collection))
                           .bind(4, now.hundredths)
                           .step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::nullopt;
    return number;
}

SqlResult<std::optional<Failure::Kind>> ShardTables::objection(UserId user, const BatchSize& size) {
    if (size.records > limits_.max_total_records || size.bytes > limits_.max_total_bytes)
        return Failure::Kind::batch_too_large;
    const auto full = exceeds_quota(user, size.bytes);
    if (!full) return std::unexpected(full.error());
    if (*full) return Failure::Kind::over_quota;
    return std::nullopt;
}

SqlResult<ShardTables::BatchSize> ShardTables::count_with(std::int64_t batch,
                                                          const std::vector<RecordUpdate>& updates) {
    auto sums = database_.use(
        "SELECT count(*), coalesce(sum(length(payload)), 0) FROM batch_record WHERE batch = ?1");
    if (const auto stepped = sums.bind(1, batch).step(); !stepped) return std::unexpected(stepped.error());
    BatchSize size{static_cast<std::uint64_t>(sums.integer(0)), static_cast<std::uint64_t>(sums.integer(1))};
    for (const auto& update : updates) {
        auto staged = database_.use("SELECT length(payload) FROM batch_record WHERE batch = ?1 AND id = ?2");
        const auto found = staged.bind(1, batch).bind(2, std::string_view(update.id)).step();
        if (!found) return std::unexpected(found.error());
        if (!*found) ++size.records;
        if (!update.payload) continue;
        size.bytes += update.payload->size();
        if (*found) size.bytes -= static_cast<std::uint64_t>(staged.integer(0));
    }
    return size;
}

/// To count a batch costs as much as it has records. So its size is remembered, as if no part ever replaced
/// what an earlier one brought, and counted only when that would be too much.
SqlResult<std::optional<Failure::Kind>> ShardTables::grow(const WriteRequest& request, std::int64_t batch) {
    if (const auto known = sizes_.find(batch); known != sizes_.end()) {
        const BatchSize most{known->second.records + request.updates.size(),
                             known->second.bytes + request.payload_bytes()};
        const auto objects = objection(request.user, most);
        if (!objects) return objects;
        if (!*objects) {
            known->second = most;
            return std::nullopt;
        }
    }
    const auto size = count_with(batch, request.updates);
    if (!size) return std::unexpected(size.error());
    const auto objects = objection(request.user, *size);
    if (objects && !*objects) remember(batch, *size);
    return objects;
}

void ShardTables::remember(std::int64_t batch, const BatchSize& size) {
    if (sizes_.size() >= most_sized_batches) sizes_.clear();
    sizes_[batch] = size;
}

ShardTables::Applied ShardTables::open_batch(const WriteRequest& request, UserState& state, Moment moment) {
    const Timestamp modified = modified_of(state.find(request.collection));
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    const BatchSize size{request.updates.size(), request.payload_bytes()};
    const auto objects = objection(request.user, size);
    if (!objects) return std::unexpected(objects.error());
    if (*objects) return refuse(**objects, modified);
    auto done = database_.use("INSERT INTO batch(user, collection, expiry) VALUES (?1, ?2, ?3)")
                    .bind(1, static_cast<std::int64_t>(request.user))
                    .bind(2, std::string_view(request.collection))
                    .bind(3, moment.now.hundredths + batch_life_hundredths)
                    .run();
    if (!done) return std::unexpected(done.error());
    const auto batch = database_.last_insert_rowid();
    if (auto staged = stage(batch, request.updates); !staged) return std::unexpected(staged.error());
    remember(batch, size);
    return WriteResult{modified, std::to_string(batch)};
}

ShardTables::Applied ShardTables::append_batch(const WriteRequest& request, UserState& state, Moment moment) {
    const Timestamp modified = modified_of(state.find(request.collection));
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    const auto batch = find_batch(request, moment.now);
    if (!batch) return std::unexpected(batch.error());
    if (!*batch) return refuse(Failure::Kind::no_such_batch, modified);
    const auto objects = grow(request, **batch);
    if (!objects) return std::unexpected(objects.error());
    if (*objects) return refuse(**objects, modified);
    if (auto staged = stage(**batch, request.updates); !staged) return std::unexpected(staged.error());
    return WriteResult{modified, request.batch};
}

SqlResult<void> ShardTables::apply_staged(std::int64_t batch, std::int64_t cid, Moment moment, Sums& sums) {
    auto rows = database_.use("SELECT id, sortindex, ttl, payload FROM batch_record WHERE batch = ?1");
    rows.bind(1, batch);
    while (true) {
        const auto row = rows.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) return {};
        RecordUpdate update{std::string(rows.text(0)), std::nullopt, rows.optional_integer(1),
                            rows.optional_integer(2)};
        if (!rows.is_null(3)) update.payload.emplace(rows.text(3));
        if (auto done = upsert(cid, update, moment, true, sums); !done) return done;
        HOMESPUN_KILL_POINT("batch_commit");
    }
}

ShardTables::Applied ShardTables::commit_batch(const WriteRequest& request, UserState& state, Moment moment) {
    const Timestamp modified = modified_of(state.find(request.collection));
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    const auto batch = find_batch(request, moment.now);
    if (!batch) return std::unexpected(batch.error());
    if (!*batch) return refuse(Failure::Kind::no_such_batch, modified);
    const auto objects = grow(request, **batch);
    if (!objects) return std::unexpected(objects.error());
    if (*objects) return refuse(**objects, modified);
    if (auto staged = stage(**batch, request.updates); !staged) return std::unexpected(staged.error());
    const auto cid = cid_for(request, state, moment.timestamp);
    if (!cid) return std::unexpected(cid.error());
    Sums sums;
    if (auto done = apply_staged(**batch, *cid, moment, sums); !done) return std::unexpected(done.error());
    // The staged rows are left to the purge: their batch is gone and its number never comes back.
    auto gone = database_.use("DELETE FROM batch WHERE batch = ?1").bind(1, **batch).run();
    if (!gone) return std::unexpected(gone.error());
    sizes_.erase(**batch);
    return finish(request, state, *cid, moment.timestamp, sums);
}

}  // namespace homespun::sync::store::sqlite
