#include "sync/store/sqlite/shard_tables.hpp"

#include <sqlite3.h>

#include <utility>

#include "sync/store/sqlite/shard_tables_replaced.hpp"

namespace homespun::sync::store::sqlite {

namespace {

// ?4 sortindex, ?5 expiry, ?6 payload: null = not given. ?7 now, ?8 moves `modified`.
constexpr const char* upsert_sql = R"sql(
INSERT INTO bso(cid, id, modified, sortindex, expiry, payload)
VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, x''))
ON CONFLICT(cid, id) DO UPDATE SET
    modified = CASE WHEN ?8 OR expiry <= ?7 THEN ?3 ELSE modified END,
    sortindex = CASE WHEN expiry <= ?7 THEN ?4 ELSE coalesce(?4, sortindex) END,
    expiry = CASE WHEN expiry <= ?7 THEN ?5 ELSE coalesce(?5, expiry) END,
    payload = CASE WHEN replaced(length(payload), expiry <= ?7, ?6 IS NOT NULL)
                   THEN coalesce(?6, x'') ELSE coalesce(?6, payload) END
)sql";

}  // namespace

ShardTables::ShardTables(Database& database, const BatchLimits& limits, const Quota& quota)
    : database_(database), limits_(limits), quota_(quota), replaced_(std::make_unique<Replaced>()) {
    sqlite3_create_function_v2(database_.handle(), "replaced", 3, SQLITE_UTF8, replaced_.get(),
                               &Replaced::note, nullptr, nullptr, nullptr);
}

ShardTables::~ShardTables() = default;

Outcome<WriteResult> ShardTables::refuse(Failure::Kind kind, Timestamp last_modified) {
    return std::unexpected(Failure{kind, last_modified, 0, {}});
}

bool ShardTables::is_stale(const Precondition& when, Timestamp timestamp) {
    return when.if_unmodified_since && timestamp > *when.if_unmodified_since;
}

Timestamp ShardTables::modified_of(const CollectionState* collection) {
    return collection == nullptr ? Timestamp{} : collection->modified;
}

SqlResult<UserState> ShardTables::load_user(UserId user) {
    UserState state;
    const auto number = static_cast<std::int64_t>(user);
    auto rows = database_.use("SELECT cid, name, modified FROM collection WHERE user = ?1");
    rows.bind(1, number);
    while (true) {
        const auto row = rows.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        state.collections.push_back({rows.integer(0), std::string(rows.text(1)), {rows.integer(2)}});
    }
    auto tombstone = database_.use("SELECT modified FROM tombstone WHERE user = ?1");
    const auto row = tombstone.bind(1, number).step();
    if (!row) return std::unexpected(row.error());
    if (*row) state.tombstone = {tombstone.integer(0)};
    state.last_write = state.storage();
    if (state.last_write != Timestamp{}) return state;
    // Nothing is left of the user, if there was one: no removal can have been later than this.
    auto removed = database_.use("SELECT value FROM shard WHERE key = 'removed'");
    const auto known = removed.step();
    if (!known) return std::unexpected(known.error());
    if (*known) state.last_write = {removed.integer(0)};
    return state;
}

ShardTables::Applied ShardTables::apply(const WriteRequest& request, UserState& state, UserState* staged,
                                        Moment moment) {
    switch (request.kind) {
        case WriteKind::put:
            return put(request, state, moment);
        case WriteKind::post:
            return post(request, state, moment);
        case WriteKind::remove:
            return remove(request, state, moment);
        case WriteKind::remove_ids:
            return remove_ids(request, state, moment);
        case WriteKind::remove_collection:
            return remove_collection(request, state, moment);
        case WriteKind::remove_user:
            return remove_user(request, state, moment);
        case WriteKind::replace_user:
            if (staged != nullptr) return replace_user(request, state, *staged, moment);
            break;
        case WriteKind::open_batch:
            return open_batch(request, state, moment);
        case WriteKind::append_batch:
            return append_batch(request, state, moment);
        case WriteKind::commit_batch:
            return commit_batch(request, state, moment);
        case WriteKind::weave_write:
            return weave_write(request, state, moment);
        case WriteKind::weave_remove:
            return weave_remove(request, state, moment);
    }
    return refuse(Failure::Kind::unavailable);
}

SqlResult<bool> ShardTables::exceeds_quota(UserId user, std::uint64_t added) {
    if (added == 0) return false;
    if (quota_.is_full()) return true;
    const auto most = quota_.limits().user_hard;
    if (most == 0) return false;
    const auto used = user_bytes(user);
    if (!used) return std::unexpected(used.error());
    return *used + added > most;
}

SqlResult<std::uint64_t> ShardTables::user_bytes(UserId user) {
    auto row = database_.use("SELECT coalesce(sum(bytes), 0) FROM collection WHERE user = ?1");
    if (const auto stepped = row.bind(1, static_cast<std::int64_t>(user)).step(); !stepped)
        return std::unexpected(stepped.error());
    return static_cast<std::uint64_t>(row.integer(0));
}

SqlResult<std::optional<Timestamp>> ShardTables::live_record(std::int64_t cid, std::string_view id,
                                                             Timestamp now) {
    auto row = database_.use(
        "SELECT modified FROM bso WHERE cid = ?1 AND id = ?2 AND (expiry IS NULL OR expiry > ?3)");
    const auto found = row.bind(1, cid).bind(2, id).bind(3, now.hundredths).step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::nullopt;
    return Timestamp{row.integer(0)};
}

SqlResult<std::int64_t> ShardTables::cid_for(const WriteRequest& request, const UserState& state,
                                             Timestamp timestamp) {
    if (const auto* collection = state.find(request.collection)) return collection->cid;
    auto done = database_.use("INSERT INTO collection(user, name, modified) VALUES (?1, ?2, ?3)")
                    .bind(1, static_cast<std::int64_t>(request.user))
                    .bind(2, std::string_view(request.collection))
                    .bind(3, timestamp.hundredths)
                    .run();
    if (!done) return std::unexpected(done.error());
    return database_.last_insert_rowid();
}

SqlResult<void> ShardTables::upsert(std::int64_t cid, const RecordUpdate& update, Moment moment, bool touch,
                                    Sums& sums) {
    *replaced_ = {};
    auto statement = database_.use(upsert_sql);
    statement.bind(1, cid).bind(2, std::string_view(update.id)).bind(3, moment.timestamp.hundredths);
    statement.bind(4, update.sortindex).bind(7, moment.now.hundredths);
    if (update.ttl) statement.bind(5, moment.now.hundredths + *update.ttl * 100);
    if (update.payload) statement.bind_blob(6, *update.payload);
    statement.bind(8, std::int64_t{touch || update.payload || update.sortindex ? 1 : 0});
    if (auto done = statement.run(); !done) return done;
    if (!replaced_->hit) ++sums.count;
    sums.bytes +=
        (update.payload ? static_cast<std::int64_t>(update.payload->size()) : 0) - replaced_->bytes_gone;
    return {};
}

ShardTables::Applied ShardTables::finish(const WriteRequest& request, UserState& state, std::int64_t cid,
                                         Timestamp timestamp, const Sums& sums) {
    auto done =
        database_
            .use("UPDATE collection SET modified = ?2, count = count + ?3, bytes = bytes + ?4 WHERE cid = ?1")
            .bind(1, cid)
            .bind(2, timestamp.hundredths)
            .bind(3, sums.count)
            .bind(4, sums.bytes)
            .run();
    if (!done) return std::unexpected(done.error());
    WriteResult result{timestamp, {}};
    if (quota_.limits().user_hard > 0) {
        const auto bytes = user_bytes(request.user);
        if (!bytes) return std::unexpected(bytes.error());
        result.user_bytes = *bytes;
    }
    if (auto* collection = state.find(request.collection)) {
        collection->modified = timestamp;
    } else {
        state.collections.push_back({cid, request.collection, timestamp});
    }
    state.last_write = timestamp;
    return result;
}

ShardTables::Applied ShardTables::put(const WriteRequest& request, UserState& state, Moment moment) {
    if (request.when.if_unmodified_since) {
        if (const auto* collection = state.find(request.collection)) {
            const auto record = live_record(collection->cid, request.updates.front().id, moment.now);
            if (!record) return std::unexpected(record.error());
            const Timestamp modified = record->value_or(Timestamp{});
            if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
        }
    }
    const auto full = exceeds_quota(request.user, request.payload_bytes());
    if (!full) return std::unexpected(full.error());
    if (*full) return refuse(Failure::Kind::over_quota, state.storage());
    const auto cid = cid_for(request, state, moment.timestamp);
    if (!cid) return std::unexpected(cid.error());
    Sums sums;
    if (auto done = upsert(*cid, request.updates.front(), moment, false, sums); !done) {
        return std::unexpected(done.error());
    }
    return finish(request, state, *cid, moment.timestamp, sums);
}

ShardTables::Applied ShardTables::post(const WriteRequest& request, UserState& state, Moment moment) {
    const Timestamp modified = modified_of(state.find(request.collection));
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    const auto full = exceeds_quota(request.user, request.payload_bytes());
    if (!full) return std::unexpected(full.error());
    if (*full) return refuse(Failure::Kind::over_quota, state.storage());
    const auto cid = cid_for(request, state, moment.timestamp);
    if (!cid) return std::unexpected(cid.error());
    Sums sums;
    for (const auto& update : request.updates) {
        if (auto done = upsert(*cid, update, moment, false, sums); !done)
            return std::unexpected(done.error());
    }
    return finish(request, state, *cid, moment.timestamp, sums);
}

SqlResult<std::int64_t> ShardTables::drop_record(std::int64_t cid, std::string_view id, Sums& sums) {
    auto row = database_.use("DELETE FROM bso WHERE cid = ?1 AND id = ?2 RETURNING length(payload)");
    const auto found = row.bind(1, cid).bind(2, id).step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return 0;
    --sums.count;
    sums.bytes -= row.integer(0);
    return 1;
}

ShardTables::Applied ShardTables::remove(const WriteRequest& request, UserState& state, Moment moment) {
    const auto* collection = state.find(request.collection);
    if (collection == nullptr) return refuse(Failure::Kind::not_found);
    const std::string& id = request.ids.front();
    const auto record = live_record(collection->cid, id, moment.now);
    if (!record) return std::unexpected(record.error());
    if (!*record) return refuse(Failure::Kind::not_found);
    if (is_stale(request.when, **record)) return refuse(Failure::Kind::precondition_failed, **record);
    const auto cid = collection->cid;
    Sums sums;
    if (auto done = drop_record(cid, id, sums); !done) return std::unexpected(done.error());
    return finish(request, state, cid, moment.timestamp, sums);
}

ShardTables::Applied ShardTables::remove_ids(const WriteRequest& request, UserState& state, Moment moment) {
    const auto* collection = state.find(request.collection);
    const Timestamp modified = modified_of(collection);
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    // Nothing to remove and nothing to touch: like the removal of a collection that does not exist.
    if (collection == nullptr) return WriteResult{state.storage(), {}};
    const auto cid = collection->cid;
    Sums sums;
    for (const auto& id : request.ids) {
        if (auto done = drop_record(cid, id, sums); !done) return std::unexpected(done.error());
    }
    return finish(request, state, cid, moment.timestamp, sums);
}

SqlResult<void> ShardTables::set_tombstone(std::int64_t user, Timestamp timestamp) {
    return database_
        .use(
            "INSERT INTO tombstone(user, modified) VALUES (?1, ?2) "
            "ON CONFLICT(user) DO UPDATE SET modified = excluded.modified")
        .bind(1, user)
        .bind(2, timestamp.hundredths)
        .run();
}

ShardTables::Applied ShardTables::remove_collection(const WriteRequest& request, UserState& state,
                                                    Moment moment) {
    const auto* collection = state.find(request.collection);
    const Timestamp modified = modified_of(collection);
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    if (collection == nullptr) return WriteResult{state.storage(), {}};
    const auto cid = collection->cid;
    auto done = database_.use("INSERT INTO dropped(cid) VALUES (?1)").bind(1, cid).run();
    if (done) done = database_.use("DELETE FROM collection WHERE cid = ?1").bind(1, cid).run();
    if (done) done = set_tombstone(static_cast<std::int64_t>(request.user), moment.timestamp);
    if (!done) return std::unexpected(done.error());
    std::erase_if(state.collections, [cid](const CollectionState& each) { return each.cid == cid; });
    state.tombstone = moment.timestamp;
    state.last_write = moment.timestamp;
    return WriteResult{moment.timestamp, {}};
}

ShardTables::Applied ShardTables::remove_user(const WriteRequest& request, UserState& state, Moment moment) {
    const Timestamp modified = state.storage();
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    const auto user = static_cast<std::int64_t>(request.user);
    for (const char* sql : {"INSERT INTO dropped(cid) SELECT cid FROM collection WHERE user = ?1",
                            "DELETE FROM collection WHERE user = ?1", "DELETE FROM tombstone WHERE user = ?1",
                            "DELETE FROM batch WHERE user = ?1"}) {
        if (auto done = database_.use(sql).bind(1, user).run(); !done) return std::unexpected(done.error());
    }
    // No row of the user is left to say when this was, and the clock may be set back before he writes again.
    auto noted = database_
                     .use(
                         "INSERT INTO shard(key, value) VALUES ('removed', ?1) "
                         "ON CONFLICT(key) DO UPDATE SET value = max(value, excluded.value)")
                     .bind(1, moment.timestamp.hundredths)
                     .run();
    if (!noted) return std::unexpected(noted.error());
    state.collections.clear();
    state.tombstone = {};
    state.last_write = moment.timestamp;
    return WriteResult{moment.timestamp, {}};
}

/// Collections change hands, records do not move: it costs the same for ten records and for a million. Only
/// those that were staged in the same hundredth of a second as the user's last write, or while the clock was
/// behind it, get a new time: whoever asks for what is newer than that write must find them.
ShardTables::Applied ShardTables::replace_user(const WriteRequest& request, UserState& state,
                                               UserState& staged, Moment moment) {
    const Timestamp modified = state.storage();
    if (is_stale(request.when, modified)) return refuse(Failure::Kind::precondition_failed, modified);
    const auto user = static_cast<std::int64_t>(request.user);
    const auto place = static_cast<std::int64_t>(request.staged);
    for (const char* sql : {"INSERT INTO dropped(cid) SELECT cid FROM collection WHERE user = ?1",
                            "DELETE FROM collection WHERE user = ?1", "DELETE FROM batch WHERE user = ?1"}) {
        if (auto done = database_.use(sql).bind(1, user).run(); !done) return std::unexpected(done.error());
    }
    auto late = database_
                    .use(
                        "UPDATE bso SET modified = ?2 WHERE modified <= ?3 AND cid IN "
                        "(SELECT cid FROM collection WHERE user = ?1)")
                    .bind(1, place)
                    .bind(2, moment.timestamp.hundredths)
                    .bind(3, state.last_write.hundredths)
                    .run();
    if (!late) return std::unexpected(late.error());
    auto done =
        database_.use("UPDATE collection SET user = ?1, modified = ?3, latest_gone = ?3 WHERE user = ?2")
            .bind(1, user)
            .bind(2, place)
            .bind(3, moment.timestamp.hundredths)
            .run();
    if (done) done = set_tombstone(user, moment.timestamp);
    if (done) done = database_.use("DELETE FROM tombstone WHERE user = ?1").bind(1, place).run();
    if (!done) return std::unexpected(done.error());
    state.collections = std::exchange(staged.collections, {});
    for (auto& collection : state.collections)
        collection.modified = moment.timestamp;
    state.tombstone = moment.timestamp;
    state.last_write = moment.timestamp;
    staged.tombstone = {};
    return WriteResult{moment.timestamp, {}};
}

}  // namespace homespun::sync::store::sqlite
