#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "sync/protocol/timestamp.hpp"

namespace homespun::sync::store {

using protocol::Timestamp;
using UserId = std::uint64_t;

/// A record as it is stored (a BSO). Payloads are opaque: byte-exact.
struct RecordView {
    std::string_view id;
    std::string_view payload;
    std::optional<std::int64_t> sortindex;
    Timestamp modified;
};

/// What a PUT or POST asks for one record. What is absent stays as it was (or takes its default in a new
/// record).
struct RecordUpdate {
    std::string id;
    std::optional<std::string> payload;
    std::optional<std::int64_t> sortindex;
    std::optional<std::int64_t> ttl;  ///< seconds from the write (in a batch: from the commit)
};

/// Judged inside the operation, against the resource's timestamp (sync-1.5 sheet, 3.1 and 9).
struct Precondition {
    std::optional<Timestamp> if_modified_since;    ///< reads only: timestamp <= value -> not_modified
    std::optional<Timestamp> if_unmodified_since;  ///< timestamp > value -> precondition_failed
};

struct Failure {
    enum class Kind {
        not_modified,
        precondition_failed,
        not_found,
        no_such_batch,    ///< unknown, expired, committed, or of another user or collection
        bad_offset,       ///< the offset token is none of ours
        over_quota,       ///< the user's records, or the whole store, would be too large
        batch_too_large,  ///< the real sums of a batch would be above the limits
        unavailable,      ///< full disk, failed fsync, overload: try again after `retry_after_s`
    };
    Kind kind;
    Timestamp last_modified;  ///< of the resource, for X-Last-Modified of 304 and 412
    int retry_after_s = 0;
    std::string detail;  ///< for the log
};

template <class T>
using Outcome = std::expected<T, Failure>;

enum class Sort { newest, oldest, index };

struct ListQuery {
    std::vector<std::string> ids{};  ///< empty = all
    std::optional<Timestamp> newer{}, older{};
    Sort sort = Sort::newest;
    std::optional<std::uint64_t> limit{};
    std::string offset{};  ///< token of an earlier answer, or empty
    bool full = false;     ///< false: only `id` of the rows is filled
};

struct Listing {
    Timestamp last_modified;  ///< the collection's, from the same read transaction as the rows
    std::uint64_t count = 0;  ///< rows given to the sink
    std::string next_offset;  ///< empty when all was delivered
};

/// Takes the rows of a listing in order; the views hold only during the call.
using RowSink = std::function<void(const RecordView&)>;

template <class T>
struct ByCollection {
    Timestamp storage;  ///< the user's storage timestamp
    std::vector<std::pair<std::string, T>> collections;
};

struct BatchLimits {
    std::uint64_t max_total_records = 10'000;
    std::uint64_t max_total_bytes = 262'144'000;
};

/// What may be stored, in bytes; 0: no bound. At a soft bound people are warned, at a hard one what brings
/// payloads is refused. The payloads of a request, or of all that its batch has staged, count in full on top
/// of what is there, also those that overwrite others (sync-1.5 sheet, 12). Staged batches count when they
/// are added to and committed, each by itself.
struct QuotaLimits {
    std::uint64_t user_soft = 0, user_hard = 0;  ///< payloads of one user, expired ones until they are purged
    std::uint64_t total_soft = 0, total_hard = 0;  ///< the database files, without their free pages
    bool operator==(const QuotaLimits&) const = default;
};

class WeaveStore;

/// Where records live: per-user operations with the semantics of Sync 1.5. Every operation is atomic; a write
/// that has been answered is on disk. Storage never reads users: any id will do. Thread-safe: call from any
/// loop, naming that loop as `home`; the task continues there. References given must hold until the task has
/// ended, and tasks must not be dropped while they run. A write's timestamp is one for all it touches,
/// strictly above every earlier one of that user.
class Store {
  public:
    virtual ~Store() = default;

    /// Timestamps of all existing collections, empty ones too.
    virtual base::Task<Outcome<ByCollection<Timestamp>>> info(base::Executor& home, UserId user,
                                                              Precondition when) = 0;
    /// Unexpired records; collections without any are left out.
    virtual base::Task<Outcome<ByCollection<std::uint64_t>>> counts(base::Executor& home, UserId user,
                                                                    Precondition when) = 0;
    /// Payload bytes of unexpired records by collection.
    virtual base::Task<Outcome<ByCollection<std::uint64_t>>> usage(base::Executor& home, UserId user,
                                                                   Precondition when) = 0;

    /// The record is given to `sink` (called once) when it is there; else not_found. Returns its `modified`.
    virtual base::Task<Outcome<Timestamp>> get(base::Executor& home, UserId user, std::string collection,
                                               std::string id, Precondition when, RowSink sink) = 0;
    /// A missing collection is an empty listing with timestamp 0. Stops at 10,000 rows or 8 MiB of payload
    /// and then says where to go on.
    virtual base::Task<Outcome<Listing>> list(base::Executor& home, UserId user, std::string collection,
                                              ListQuery query, Precondition when, RowSink sink) = 0;

    struct Written {
        Timestamp modified;
        /// Payloads of the user from then on, bytes, as the quota counts them. Set where users have one.
        std::optional<std::uint64_t> user_bytes;
    };
    /// The precondition counts against the record's timestamp here, against the collection's in `post`.
    virtual base::Task<Outcome<Written>> put(base::Executor& home, UserId user, std::string collection,
                                             RecordUpdate update, Precondition when) = 0;
    /// `updates` have different ids; an empty list creates or touches the collection.
    virtual base::Task<Outcome<Written>> post(base::Executor& home, UserId user, std::string collection,
                                              std::vector<RecordUpdate> updates, Precondition when) = 0;

    virtual base::Task<Outcome<Timestamp>> remove(base::Executor& home, UserId user, std::string collection,
                                                  std::string id, Precondition when) = 0;
    /// Removes those of `ids` that exist; the collection stays and gets the new timestamp.
    virtual base::Task<Outcome<Timestamp>> remove_ids(base::Executor& home, UserId user,
                                                      std::string collection, std::vector<std::string> ids,
                                                      Precondition when) = 0;
    /// Of a collection that does not exist: returns the storage timestamp, changes nothing.
    virtual base::Task<Outcome<Timestamp>> remove_collection(base::Executor& home, UserId user,
                                                             std::string collection, Precondition when) = 0;
    /// Everything, staged batches too; the storage timestamp is 0 afterwards. Returns the server's time.
    virtual base::Task<Outcome<Timestamp>> remove_user(base::Executor& home, UserId user,
                                                       Precondition when) = 0;

    /// A user that no person is: a place where an import builds up what `replace_user` then takes. Another
    /// one at each call. What is left in such a place goes when the store is opened again.
    virtual UserId staging_place(UserId user) = 0;
    /// All that `user` had gives way to all that stands in `staged`, a staging place of the same user, which
    /// is empty afterwards; at once, whatever its size. Staged batches of `user` go too. Every collection
    /// gets the new timestamp, and so does the user, even when there are none. The precondition counts
    /// against the user's storage timestamp.
    virtual base::Task<Outcome<Timestamp>> replace_user(base::Executor& home, UserId user, UserId staged,
                                                        Precondition when) = 0;

    struct Staged {
        std::string batch;        ///< [A-Za-z0-9_-]+
        Timestamp last_modified;  ///< the collection's unchanged timestamp
    };
    /// Opens a batch and stages `updates`; nothing becomes visible. Batches die two hours after opening. The
    /// limits and the quota hold at each step: a part that would be too much is refused, and what was staged
    /// before it stays.
    virtual base::Task<Outcome<Staged>> open_batch(base::Executor& home, UserId user, std::string collection,
                                                   std::vector<RecordUpdate> updates, Precondition when) = 0;
    virtual base::Task<Outcome<Staged>> append_batch(base::Executor& home, UserId user,
                                                     std::string collection, std::string batch,
                                                     std::vector<RecordUpdate> updates,
                                                     Precondition when) = 0;
    /// Stages `updates` last and applies all; later entries of one id merge over earlier ones field by field.
    virtual base::Task<Outcome<Written>> commit_batch(base::Executor& home, UserId user,
                                                      std::string collection, std::string batch,
                                                      std::vector<RecordUpdate> updates,
                                                      Precondition when) = 0;

    /// The same records for clients of Sync 1.0 and 1.1 (weave_store.hpp); null: not with this back-end.
    [[nodiscard]] virtual WeaveStore* weave() { return nullptr; }

    /// How much of what may wait for a write does wait in the fullest shard, 0 to 1: above that writes are
    /// refused.
    [[nodiscard]] virtual double fullness() const = 0;
    /// For /__heartbeat__: false when a shard refuses writes.
    [[nodiscard]] virtual bool healthy() const = 0;
    /// Stops taking work, commits what is queued, closes. After it every operation fails with `unavailable`.
    virtual void close() = 0;
};

}  // namespace homespun::sync::store
