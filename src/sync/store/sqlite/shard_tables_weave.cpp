#include "sync/store/sqlite/shard_tables_replaced.hpp"
#include "sync/store/sqlite/weave_select.hpp"

// The writes of clients of Sync 1.0 and 1.1 (sheet sync-legacy, 4.3).

namespace homespun::sync::store::sqlite {
namespace {

// ?4 sortindex, ?6 payload, ?9 parentid, ?10 predecessorid: null = not given. ?5 expiry: null = never. ?7
// now, ?8 moves `modified`.
constexpr const char* upsert_sql = R"sql(
INSERT INTO bso(cid, id, modified, sortindex, expiry, parentid, predecessorid, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?9, ?10, coalesce(?6, x''))
ON CONFLICT(cid, id) DO UPDATE SET
    modified = CASE WHEN ?8 OR expiry <= ?7 THEN ?3 ELSE modified END,
    sortindex = CASE WHEN expiry <= ?7 THEN ?4 ELSE coalesce(?4, sortindex) END,
    parentid = CASE WHEN expiry <= ?7 THEN ?9 ELSE coalesce(?9, parentid) END,
    predecessorid = CASE WHEN expiry <= ?7 THEN ?10 ELSE coalesce(?10, predecessorid) END,
    expiry = ?5,
    payload = CASE WHEN replaced(length(payload), expiry <= ?7, ?6 IS NOT NULL)
                   THEN coalesce(?6, x'') ELSE coalesce(?6, payload) END
)sql";

bool is_whole_collection(const WeaveQuery& query) {
    WeaveQuery plain;
    plain.order = query.order;
    plain.full = query.full;
    return query == plain;
}

}  // namespace

SqlResult<std::optional<Timestamp>> ShardTables::weave_stale(const WriteRequest& request,
                                                             const UserState& state) {
    const auto* collection = state.find(request.collection);
    if (!request.when.if_unmodified_since || collection == nullptr) return std::nullopt;
    const auto modified = weave_stamp(database_, collection->cid);
    if (!modified) return std::unexpected(modified.error());
    if (is_stale(request.when, *modified)) return *modified;
    return std::nullopt;
}

SqlResult<void> ShardTables::weave_upsert(std::int64_t cid, const WeaveUpdate& update, bool touch,
                                          Moment moment, Sums& sums) {
    *replaced_ = {};
    auto statement = database_.use(upsert_sql);
    statement.bind(1, cid).bind(2, std::string_view(update.id)).bind(3, moment.timestamp.hundredths);
    statement.bind(4, update.sortindex).bind(7, moment.now.hundredths).bind(8, std::int64_t{touch});
    if (update.ttl) statement.bind(5, moment.now.hundredths + *update.ttl * 100);
    if (update.payload) statement.bind_blob(6, *update.payload);
    if (update.parentid) statement.bind(9, std::string_view(*update.parentid));
    if (update.predecessorid) statement.bind(10, std::string_view(*update.predecessorid));
    if (auto done = statement.run(); !done) return done;
    if (!replaced_->hit) ++sums.count;
    sums.bytes +=
        (update.payload ? static_cast<std::int64_t>(update.payload->size()) : 0) - replaced_->bytes_gone;
    return {};
}

ShardTables::Applied ShardTables::weave_write(const WriteRequest& request, UserState& state, Moment moment) {
    const auto stale = weave_stale(request, state);
    if (!stale) return std::unexpected(stale.error());
    if (*stale) return refuse(Failure::Kind::precondition_failed, **stale);
    if (request.weave_updates.empty()) return WriteResult{moment.timestamp, {}};
    if (quota_.is_full()) return refuse(Failure::Kind::over_quota, state.storage());
    const auto cid = cid_for(request, state, moment.timestamp);
    if (!cid) return std::unexpected(cid.error());
    auto answered = moment.timestamp;
    const bool batch = request.weave_write == WeaveWrite::batch;
    Sums sums;
    for (const auto& update : request.weave_updates) {
        const bool touch = batch || update.payload;
        if (!touch) {
            const auto known = live_record(*cid, update.id, moment.now);
            if (!known) return std::unexpected(known.error());
            answered = known->value_or(answered);
        }
        if (auto done = weave_upsert(*cid, update, touch, moment, sums); !done)
            return std::unexpected(done.error());
    }
    auto applied = finish(request, state, *cid, moment.timestamp, sums);
    if (applied && *applied) (*applied)->timestamp = answered;
    return applied;
}

ShardTables::Applied ShardTables::weave_remove(const WriteRequest& request, UserState& state, Moment moment) {
    const auto stale = weave_stale(request, state);
    if (!stale) return std::unexpected(stale.error());
    if (*stale) return refuse(Failure::Kind::precondition_failed, **stale);
    const auto* collection = state.find(request.collection);
    if (collection == nullptr) return WriteResult{moment.timestamp, {}};
    if (is_whole_collection(request.weave_query)) {
        WriteRequest whole;
        whole.user = request.user;
        whole.collection = request.collection;
        return remove_collection(whole, state, moment);
    }
    const auto cid = collection->cid;
    auto query = request.weave_query;
    query.offset = 0;
    std::vector<std::int64_t> rows;
    {
        const WeaveSelect select(query, cid, moment.now);
        auto found = select.prepare(database_);
        if (!found) return std::unexpected(found.error());
        while (true) {
            const auto row = found->step();
            if (!row) return std::unexpected(row.error());
            if (!*row) break;
            rows.push_back(found->integer(0));
        }
    }
    Sums sums;
    for (const auto rowid : rows) {
        auto row = database_.use("DELETE FROM bso WHERE rowid = ?1 RETURNING length(payload)");
        const auto found = row.bind(1, rowid).step();
        if (!found) return std::unexpected(found.error());
        --sums.count;
        sums.bytes -= row.integer(0);
    }
    return finish(request, state, cid, moment.timestamp, sums);
}

}  // namespace homespun::sync::store::sqlite
