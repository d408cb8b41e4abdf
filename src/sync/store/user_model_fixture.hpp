#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sync/store/store.hpp"

/// What a store owes a user after crashes: the state that its acknowledged writes have made. Shared by the
/// test of the store on a failing disk and the one that kills whole servers (tests/faults).
namespace homespun::sync::store {

/// One write as it was asked for. Records of a collection either all have a ttl, and then each update gives
/// all fields, or none has: then it is known what a merge makes of them whatever has expired meanwhile.
struct Operation {
    enum class Kind {
        put,
        post,
        remove,
        remove_ids,
        remove_collection,
        remove_user,
        open_batch,
        append_batch,
        commit_batch,
    };
    Kind kind = Kind::put;
    std::string collection;
    std::vector<RecordUpdate> updates;
    std::vector<std::string> ids;
    std::string batch;  ///< the server's name of it, for append and commit

    [[nodiscard]] bool stages() const { return kind == Kind::open_batch || kind == Kind::append_batch; }
};

inline const char* name_of(Operation::Kind kind) {
    constexpr const char* names[] = {
        "put",         "post",       "remove",       "remove_ids",  "remove_collection",
        "remove_user", "open_batch", "append_batch", "commit_batch"};
    return names[static_cast<int>(kind)];
}

/// Between these moments (milliseconds since 1970) something happened.
struct Span {
    std::int64_t begin_ms = 0, end_ms = 0;
};

/// A user's state as the store shows it.
struct Shown {
    struct Record {
        std::string payload;
        std::optional<std::int64_t> sortindex;
        Timestamp modified;
        bool operator==(const Record&) const = default;
    };
    struct Collection {
        Timestamp modified;
        std::map<std::string, Record> records;
    };
    Timestamp storage;
    std::map<std::string, Collection> collections;
};

/// A user's state as it must be. A value: copy it to try what another write would make of it.
class UserModel {
  public:
    struct Record {
        Shown::Record shown;
        std::optional<Span> expiry;  ///< it expires somewhere in there
    };
    struct Collection {
        Timestamp modified;
        std::map<std::string, Record> records;
    };
    struct Batch {
        std::string collection;
        std::vector<RecordUpdate> updates;
    };

    [[nodiscard]] const std::map<std::string, Collection>& collections() const { return collections_; }
    [[nodiscard]] const std::map<std::string, Batch>& batches() const { return batches_; }
    [[nodiscard]] Timestamp highest() const { return highest_; }
    [[nodiscard]] Timestamp storage() const {
        auto storage = tombstone_;
        for (const auto& [name, collection] : collections_)
            storage = std::max(storage, collection.modified);
        return storage;
    }

    /// True: there for certain during `when`; false: certainly not; nothing: it may just have expired.
    [[nodiscard]] std::optional<bool> has(const std::string& collection, const std::string& id,
                                          Span when) const {
        const auto place = collections_.find(collection);
        if (place == collections_.end()) return false;
        const auto record = place->second.records.find(id);
        if (record == place->second.records.end()) return false;
        const auto& expiry = record->second.expiry;
        if (!expiry || expiry->begin_ms > when.end_ms) return true;
        if (expiry->end_ms < when.begin_ms) return false;
        return std::nullopt;
    }

    /// Takes over an acknowledged write of timestamp `at`, made somewhere in `when`. `batch`: the name an
    /// open_batch was answered with. Returns what is wrong with the acknowledgement itself, or nothing.
    std::string acknowledge(const Operation& operation, Timestamp at, Span when,
                            const std::string& batch = {}) {
        if (operation.stages()) {
            auto& staged = batches_[operation.batch.empty() ? batch : operation.batch];
            staged.collection = operation.collection;
            staged.updates.insert(staged.updates.end(), operation.updates.begin(), operation.updates.end());
            return {};
        }
        const bool touches = operation.kind == Operation::Kind::remove_user || creates(operation) ||
                             collections_.contains(operation.collection);
        if (touches && at <= highest_)
            return "timestamp " + at.text() + " is not above the earlier " + highest_.text();
        if (touches) apply(operation, at, when);
        return {};
    }

    /// Its fate is unknown, so nothing may be concluded from it later.
    void forget_batch(const std::string& batch) { batches_.erase(batch); }

    /// What differs from what the store showed during `when`; empty when all is well.
    [[nodiscard]] std::string difference(const Shown& shown, Span when) const {
        for (const auto& [name, collection] : collections_) {
            const auto place = shown.collections.find(name);
            if (place == shown.collections.end()) return "collection " + name + " is lost";
            if (place->second.modified != collection.modified)
                return "collection " + name + " has timestamp " + place->second.modified.text() +
                       ", must have " + collection.modified.text();
            if (auto wrong = difference(name, collection, place->second, when); !wrong.empty()) return wrong;
        }
        for (const auto& [name, collection] : shown.collections) {
            if (!collections_.contains(name)) return "collection " + name + " came back from the dead";
        }
        if (shown.storage != storage())
            return "the storage timestamp is " + shown.storage.text() + ", must be " + storage().text();
        return {};
    }

    /// The same when the store may or may not have taken `unsure`, asked for during `asked`; takes the state
    /// over that fits.
    std::string settle(const Operation& unsure, Span asked, const Shown& shown, Span when) {
        if (unsure.kind == Operation::Kind::append_batch) forget_batch(unsure.batch);
        const auto without = difference(shown, when);
        // The removal of a user without collections shows in nothing but the batches that are gone.
        if (without.empty() && unsure.kind == Operation::Kind::remove_user) batches_.clear();
        if (without.empty() || unsure.stages()) return without;
        auto changed = *this;
        const auto at = changed.timestamp_of(unsure, shown);
        auto with = changed.acknowledge(unsure, at, asked);
        if (with.empty()) with = changed.difference(shown, when);
        if (with.empty())
            *this = std::move(changed);
        else
            return without + "; and if the unanswered " + name_of(unsure.kind) + " was done: " + with;
        return {};
    }

  private:
    static bool creates(const Operation& operation) {
        using Kind = Operation::Kind;
        return operation.kind == Kind::put || operation.kind == Kind::post ||
               operation.kind == Kind::commit_batch;
    }

    /// Which timestamp the write must have got, if it was done, to explain `shown`.
    [[nodiscard]] Timestamp timestamp_of(const Operation& operation, const Shown& shown) const {
        using Kind = Operation::Kind;
        if (operation.kind == Kind::remove_user) return {highest_.hundredths + 1};
        if (operation.kind == Kind::remove_collection) return shown.storage;
        const auto place = shown.collections.find(operation.collection);
        return place == shown.collections.end() ? Timestamp{} : place->second.modified;
    }

    void apply(const Operation& operation, Timestamp at, Span when) {
        using Kind = Operation::Kind;
        highest_ = at;
        switch (operation.kind) {
            case Kind::put:
            case Kind::post:
                return write(operation.collection, operation.updates, at, when);
            case Kind::commit_batch: {
                auto updates = std::move(batches_[operation.batch].updates);
                updates.insert(updates.end(), operation.updates.begin(), operation.updates.end());
                batches_.erase(operation.batch);
                return write(operation.collection, updates, at, when);
            }
            case Kind::remove:
            case Kind::remove_ids: {
                auto& collection = collections_[operation.collection];
                collection.modified = at;
                for (const auto& id : operation.ids)
                    collection.records.erase(id);
                return;
            }
            case Kind::remove_collection:
                collections_.erase(operation.collection);
                tombstone_ = at;
                return;
            case Kind::remove_user:
                collections_.clear();
                batches_.clear();
                tombstone_ = {};
                return;
            case Kind::open_batch:
            case Kind::append_batch:
                return;
        }
    }

    void write(const std::string& name, const std::vector<RecordUpdate>& updates, Timestamp at, Span when) {
        auto& collection = collections_[name];
        collection.modified = at;
        for (const auto& update : updates) {
            auto& record = collection.records[update.id];
            if (update.payload) record.shown.payload = *update.payload;
            if (update.sortindex) record.shown.sortindex = update.sortindex;
            record.shown.modified = at;
            if (update.ttl)
                record.expiry = Span{when.begin_ms + *update.ttl * 1000, when.end_ms + *update.ttl * 1000};
        }
    }

    [[nodiscard]] std::string difference(const std::string& name, const Collection& owed,
                                         const Shown::Collection& shown, Span when) const {
        for (const auto& [id, record] : owed.records) {
            const auto place = shown.records.find(id);
            const auto there = has(name, id, when);
            const auto which = name + "/" + id;
            if (place == shown.records.end()) {
                if (there == true) return which + " is lost";
                continue;
            }
            if (there == false) return which + " is there though it has expired";
            if (place->second.modified != record.shown.modified)
                return which + " has timestamp " + place->second.modified.text() + ", must have " +
                       record.shown.modified.text();
            if (place->second != record.shown) return which + " has another content";
        }
        for (const auto& [id, record] : shown.records) {
            if (!owed.records.contains(id)) return name + "/" + id + " came back from the dead";
        }
        return {};
    }

    std::map<std::string, Collection> collections_;
    std::map<std::string, Batch> batches_;
    Timestamp tombstone_;
    Timestamp highest_;  ///< ever acknowledged; outlives the removal of everything
};

}  // namespace homespun::sync::store
