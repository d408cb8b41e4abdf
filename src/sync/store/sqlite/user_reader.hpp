#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

/// Where a user's records may be read: a data directory in use or at rest, or a backup.
struct DataPlace {
    std::string directory;
    bool immutable = false;  ///< a backup: nobody writes it
};

/// A storage user as token.db knows them.
struct KnownUser {
    UserId uid = 0;
    std::string email;         ///< of the token server, `<account>@<domain>`; empty when token.db has no row
    std::string client_state;  ///< stands for the key the records are encrypted with
};

/// The current storage user of `email`: an address as it is in token.db, or that of an account of ours, in
/// any case.
base::Result<KnownUser> find_user(const DataPlace& place, const std::string& email);
/// The same by number; a user without a row in token.db is known by the number alone.
base::Result<KnownUser> find_user(const DataPlace& place, UserId uid);

/// One record on its way out; the views hold during the call only.
struct StoredRecord {
    std::string_view id;
    std::string_view payload;
    std::optional<std::int64_t> sortindex;
    std::optional<std::int64_t> ttl_s;  ///< what is left, seconds, at least 1
    Timestamp modified;
};

/// Gets a user's records in order. An error ends the reading and comes out of `read_user`.
struct UserSink {
    std::function<base::Result<void>(std::string_view name, Timestamp modified)> collection;
    std::function<base::Result<void>(std::string_view collection, const StoredRecord& record)> record;
};

/// Reads what `user` has, as of one moment: collections by name, each with its unexpired records by id. One
/// read transaction on a connection of its own, one row in memory; a server may write meanwhile, and the
/// shard's WAL grows until this ends.
base::Result<void> read_user(const DataPlace& place, UserId user, Timestamp now, const UserSink& sink);

}  // namespace homespun::sync::store::sqlite
