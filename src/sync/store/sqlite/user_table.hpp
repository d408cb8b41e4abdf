#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sync/store/sqlite/shard_metrics.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

struct CollectionState {
    std::int64_t cid = 0;
    std::string name;
    Timestamp modified;
};

/// What the writer must know of a user before it can write.
struct UserState {
    std::vector<CollectionState> collections;
    Timestamp tombstone;  ///< of the last removal of a collection
    Timestamp
        last_write;  ///< no write may get this timestamp or an earlier one; outlives `remove_user` in memory

    /// The maximum over the collections and the tombstone.
    [[nodiscard]] Timestamp storage() const;
    [[nodiscard]] CollectionState* find(std::string_view name);
    [[nodiscard]] const CollectionState* find(std::string_view name) const;
};

/// The committed timestamps of the users a shard has lately dealt with. Its owner is the shard's writer: it
/// alone publishes, always after the commit. Loops read copies. Bounded: the users not asked for longest go
/// first. Thread-safe.
class UserTable {
  public:
    /// `most_entries`: users and collections counted together.
    explicit UserTable(std::size_t most_entries, ShardMetrics metrics = {})
        : most_entries_(most_entries), metrics_(metrics) {}

    [[nodiscard]] std::optional<UserState> copy(UserId user);
    void publish(UserId user, UserState state);
    void clear();
    [[nodiscard]] bool knows(UserId user);

    struct Known {
        bool exists = false;  ///< the collection
        Timestamp modified;   ///< 0 when it does not exist
    };
    /// Nothing when the user is not in the table.
    [[nodiscard]] std::optional<Known> collection(UserId user, std::string_view name);
    [[nodiscard]] std::optional<Timestamp> storage(UserId user);
    [[nodiscard]] std::optional<ByCollection<Timestamp>> info(UserId user);

  private:
    struct Entry {
        UserId user;
        UserState state;
    };
    /// Null when absent; moves the entry to the front. Needs the mutex.
    Entry* touch(UserId user);
    /// The same for a reader: counted.
    Entry* look_up(UserId user);
    static std::size_t weight(const Entry& entry) { return 1 + entry.state.collections.size(); }

    const std::size_t most_entries_;
    const ShardMetrics metrics_;
    std::mutex mutex_;
    std::list<Entry> entries_;  ///< most recently used first
    std::unordered_map<UserId, std::list<Entry>::iterator> places_;
    std::size_t weight_ = 0;
};

}  // namespace homespun::sync::store::sqlite
