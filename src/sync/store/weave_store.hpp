#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store {

/// A record of Sync 1.0 and 1.1 (a Weave Basic Object) as it is stored.
struct WeaveView {
    std::string_view id;
    std::string_view payload;
    std::optional<std::string_view> parentid, predecessorid;
    std::optional<std::int64_t> sortindex;
    Timestamp modified;
};
using WeaveSink = std::function<void(const WeaveView&)>;

/// What a write says of one record. What is absent stays as it was; but without `ttl` a record never expires.
struct WeaveUpdate {
    std::string id = {};
    std::optional<std::string> payload = {}, parentid = {}, predecessorid = {};
    std::optional<std::int64_t> sortindex = {};
    std::optional<std::int64_t> ttl = {};  ///< seconds from the write; 0: gone at once
    bool operator==(const WeaveUpdate&) const = default;
};

enum class WeaveOrder { insertion, oldest, newest, index };  ///< index: highest first, those without one last

/// Which records of a collection: all conditions together. Those that have expired are none.
struct WeaveQuery {
    std::optional<std::vector<std::string>> ids = {};  ///< an empty list matches nothing
    std::optional<std::string> parentid = {}, predecessorid = {};
    std::optional<Timestamp> newer = {}, older = {};           ///< strictly
    std::optional<double> index_above = {}, index_below = {};  ///< strictly; no sortindex never fits
    WeaveOrder order = WeaveOrder::insertion;
    std::optional<std::uint64_t> limit = {};
    std::uint64_t offset = 0;  ///< counts only with a limit
    bool full = false;         ///< false: only `id` of the rows is filled
    bool operator==(const WeaveQuery&) const = default;
};

/// How a write answers for records that exist and get no payload (sheet sync-legacy, 4.3).
enum class WeaveWrite {
    single,  ///< one record: `modified` stays, and is what comes back
    batch,   ///< all get the one timestamp
};

/// The same records with the semantics of Sync 1.0 and 1.1. Like Store: atomic, durable once answered,
/// thread-safe, tasks continue at `home`. A user belongs to one of the two interfaces, not to both. Counts,
/// usage, and the removal of a user are Store's.
class WeaveStore {
  public:
    virtual ~WeaveStore() = default;

    /// Payloads of one listing: beyond that it is refused as `unavailable`, for it is made in memory.
    static constexpr std::uint64_t most_listed_bytes = std::uint64_t{64} << 20;

    /// The latest `modified` of each collection, of expired and purged records too, and at least the
    /// timestamp of a `replace_user`; a collection that has none of these is not there.
    virtual base::Task<Outcome<std::vector<std::pair<std::string, Timestamp>>>> weave_stamps(
        base::Executor& home, UserId user) = 0;
    /// The number of rows given to `sink`, in the order asked for. Nothing is left out: what would be above
    /// `most_listed_bytes` fails, though the first rows have been given.
    virtual base::Task<Outcome<std::uint64_t>> weave_find(base::Executor& home, UserId user,
                                                          std::string collection, WeaveQuery query,
                                                          WeaveSink sink) = 0;
    /// `if_unmodified_since` counts against the collection's latest `modified`. An empty list leaves nothing
    /// behind.
    virtual base::Task<Outcome<Timestamp>> weave_write(base::Executor& home, UserId user,
                                                       std::string collection,
                                                       std::vector<WeaveUpdate> updates, WeaveWrite how,
                                                       Precondition when) = 0;
    /// Removes what the query selects, its order and limit included (its offset is not). The timestamp of
    /// the removal, also when there was nothing to remove.
    virtual base::Task<Outcome<Timestamp>> weave_remove(base::Executor& home, UserId user,
                                                        std::string collection, WeaveQuery query,
                                                        Precondition when) = 0;
};

}  // namespace homespun::sync::store
