#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/quota.hpp"
#include "sync/store/sqlite/user_table.hpp"
#include "sync/store/sqlite/write_request.hpp"

namespace homespun::sync::store::sqlite {

/// When a write happens: the timestamp it gives, and the server's clock, against which expiry counts. They
/// differ only while the clock is behind.
struct Moment {
    Timestamp timestamp;
    Timestamp now;
};

/// What each write does to the tables of one shard. Belongs to the writer's thread; every call runs inside
/// the transaction of its caller. A refusal (Failure) comes before the first change; after an error of SQLite
/// the caller abandons the transaction. The UserState is changed only after all statements have succeeded.
class ShardTables {
  public:
    /// `quota` outlives it.
    ShardTables(Database& database, const BatchLimits& limits, const Quota& quota);
    ~ShardTables();
    ShardTables(const ShardTables&) = delete;
    ShardTables& operator=(const ShardTables&) = delete;

    SqlResult<UserState> load_user(UserId user);
    /// `staged` is the state of the request's staging place, where it has one.
    SqlResult<Outcome<WriteResult>> apply(const WriteRequest& request, UserState& state, UserState* staged,
                                          Moment moment);

    /// To be called when a transaction was abandoned, by whomever.
    void rolled_back() { sizes_.clear(); }

  private:
    using Applied = SqlResult<Outcome<WriteResult>>;

    static Outcome<WriteResult> refuse(Failure::Kind kind, Timestamp last_modified = {});
    static bool is_stale(const Precondition& when, Timestamp timestamp);
    /// 0 when there is no such collection.
    static Timestamp modified_of(const CollectionState* collection);

    /// How a collection's sums change, and what the replaced() function saw.
    struct Sums {
        std::int64_t count = 0;
        std::int64_t bytes = 0;
    };

    /// What a batch stages.
    struct BatchSize {
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;  ///< of payloads
    };

    Applied put(const WriteRequest& request, UserState& state, Moment moment);
    Applied post(const WriteRequest& request, UserState& state, Moment moment);
    Applied remove(const WriteRequest& request, UserState& state, Moment moment);
    Applied remove_ids(const WriteRequest& request, UserState& state, Moment moment);
    Applied remove_collection(const WriteRequest& request, UserState& state, Moment moment);
    Applied remove_user(const WriteRequest& request, UserState& state, Moment moment);
    Applied replace_user(const WriteRequest& request, UserState& state, UserState& staged, Moment moment);
    Applied open_batch(const WriteRequest& request, UserState& state, Moment moment);
    Applied append_batch(const WriteRequest& request, UserState& state, Moment moment);
    Applied commit_batch(const WriteRequest& request, UserState& state, Moment moment);
    Applied weave_write(const WriteRequest& request, UserState& state, Moment moment);
    Applied weave_remove(const WriteRequest& request, UserState& state, Moment moment);

    SqlResult<std::optional<Timestamp>> live_record(std::int64_t cid, std::string_view id, Timestamp now);
    SqlResult<std::int64_t> cid_for(const WriteRequest& request, const UserState& state, Timestamp timestamp);
    /// Writes one record; `touch` moves `modified` even when only the ttl is given.
    SqlResult<void> upsert(std::int64_t cid, const RecordUpdate& update, Moment moment, bool touch,
                           Sums& sums);
    SqlResult<void> weave_upsert(std::int64_t cid, const WeaveUpdate& update, bool touch, Moment moment,
                                 Sums& sums);
    /// The collection's latest `modified` when it is later than the request allows.
    SqlResult<std::optional<Timestamp>> weave_stale(const WriteRequest& request, const UserState& state);
    SqlResult<void> stage(std::int64_t batch, const std::vector<RecordUpdate>& updates);
    SqlResult<std::optional<std::int64_t>> find_batch(const WriteRequest& request, Timestamp now);
    /// Why a batch of this size may not be, if it may not.
    SqlResult<std::optional<Failure::Kind>> objection(UserId user, const BatchSize& size);
    /// The size of a batch with `updates` staged last, to the byte.
    SqlResult<BatchSize> count_with(std::int64_t batch, const std::vector<RecordUpdate>& updates);
    /// Before a request is staged in a batch that is there: makes room for it, or says why there is none.
    SqlResult<std::optional<Failure::Kind>> grow(const WriteRequest& request, std::int64_t batch);
    void remember(std::int64_t batch, const BatchSize& size);
    /// Payload bytes of the user's collections, expired ones until they are purged.
    SqlResult<std::uint64_t> user_bytes(UserId user);
    /// Whether `added` bytes of payload more would be too much for the user or the store.
    SqlResult<bool> exceeds_quota(UserId user, std::uint64_t added);
    SqlResult<void> apply_staged(std::int64_t batch, std::int64_t cid, Moment moment, Sums& sums);
    SqlResult<void> set_tombstone(std::int64_t user, Timestamp timestamp);
    SqlResult<std::int64_t> drop_record(std::int64_t cid, std::string_view id, Sums& sums);
    /// Writes the collection's new timestamp and sums, and then the state.
    Applied finish(const WriteRequest& request, UserState& state, std::int64_t cid, Timestamp timestamp,
                   const Sums& sums);

    struct Replaced;
    Database& database_;
    const BatchLimits limits_;
    const Quota& quota_;
    std::unique_ptr<Replaced> replaced_;
    std::unordered_map<std::int64_t, BatchSize> sizes_;  ///< of batches, at most: see grow()
};

}  // namespace homespun::sync::store::sqlite
