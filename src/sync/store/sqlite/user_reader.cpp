#include "sync/store/sqlite/user_reader.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"

namespace homespun::sync::store::sqlite {
namespace {

std::unexpected<base::Error> told(const std::string& path, const SqlError& error) {
    return base::fail(fmt::format("cannot read {}: {}", path, error.message));
}

base::Result<Database> open(const DataPlace& place, const std::string& path) {
    auto database = Database::open(path, {.read_only = true, .immutable = place.immutable});
    if (!database) return told(path, database.error());
    return std::move(*database);
}

/// The newest row of those that `condition` (on ?1) finds, as the token server would take it.
template <class Value>
base::Result<std::optional<KnownUser>> newest_row(const DataPlace& place, const char* sql, Value value) {
    const auto path = place.directory + "/token.db";
    auto database = open(place, path);
    if (!database) return std::unexpected(database.error());
    auto row = database->use(sql);
    const auto found = row.bind(1, value).step();
    if (!found) return told(path, found.error());
    if (!*found) return std::nullopt;
    return KnownUser{static_cast<UserId>(row.integer(0)), std::string(row.text(1)), std::string(row.text(2))};
}

base::Result<std::optional<std::string>> account_of(const DataPlace& place, const std::string& email) {
    const auto path = place.directory + "/accounts.db";
    auto database = open(place, path);
    if (!database) return std::unexpected(database.error());
    const auto lower = base::to_lower(email);
    auto row = database->use("SELECT uid FROM account WHERE email_norm = ?1");
    const auto found = row.bind(1, std::string_view(lower)).step();
    if (!found) return told(path, found.error());
    if (!*found) return std::nullopt;
    return std::string(row.text(0));
}

constexpr const char* by_email =
    "SELECT uid, email, client_state FROM users WHERE email = ?1 "
    "ORDER BY generation DESC, created_at DESC, uid DESC LIMIT 1";
// `<account>@…`: the account's number has 32 characters of hex, none of which GLOB takes for a pattern.
constexpr const char* by_account =
    "SELECT uid, email, client_state FROM users WHERE email GLOB ?1 || '@*' "
    "ORDER BY generation DESC, created_at DESC, uid DESC LIMIT 1";
constexpr const char* by_uid = "SELECT uid, email, client_state FROM users WHERE uid = ?1";

base::Result<Database> open_shard(const DataPlace& place, UserId user, std::string& path) {
    const auto store = place.directory + "/store";
    path = shard_path(store, 0);
    auto first = open(place, path);
    if (!first) return first;
    if (auto good = judge_shard(*first, path); !good) return std::unexpected(good.error());
    const auto identity = read_identity(*first);
    if (!identity) return told(path, identity.error());
    const auto number =
        shard_number(user, static_cast<std::size_t>(std::max<std::int64_t>(identity->shards, 1)));
    if (number == 0) return first;
    path = shard_path(store, number);
    auto shard = open(place, path);
    if (!shard) return shard;
    if (auto good = judge_shard(*shard, path); !good) return std::unexpected(good.error());
    return shard;
}

struct Collection {
    std::int64_t cid;
    std::string name;
    Timestamp modified;
};

SqlResult<std::vector<Collection>> collections_of(Database& database, UserId user) {
    std::vector<Collection> collections;
    auto rows = database.use("SELECT cid, name, modified FROM collection WHERE user = ?1 ORDER BY name");
    rows.bind(1, static_cast<std::int64_t>(user));
    while (true) {
        const auto row = rows.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) return collections;
        collections.push_back({rows.integer(0), std::string(rows.text(1)), {rows.integer(2)}});
    }
}

std::optional<std::int64_t> seconds_left(std::optional<std::int64_t> expiry, Timestamp now) {
    if (!expiry) return std::nullopt;
    return (*expiry - now.hundredths + 99) / 100;
}

}  // namespace

base::Result<KnownUser> find_user(const DataPlace& place, const std::string& email) {
    auto found = newest_row(place, by_email, std::string_view(email));
    if (!found) return std::unexpected(found.error());
    if (*found) return std::move(**found);
    const auto account = account_of(place, email);
    if (!account) return std::unexpected(account.error());
    if (!*account) return base::fail(fmt::format("{} has no user {}", place.directory, email));
    found = newest_row(place, by_account, std::string_view(**account));
    if (!found) return std::unexpected(found.error());
    if (*found) return std::move(**found);
    return base::fail(fmt::format("{} has an account {}, which has never synced: there are no records",
                                  place.directory, email));
}

base::Result<KnownUser> find_user(const DataPlace& place, UserId uid) {
    auto found = newest_row(place, by_uid, static_cast<std::int64_t>(uid));
    if (!found) return std::unexpected(found.error());
    if (*found) return std::move(**found);
    return KnownUser{uid, {}, {}};
}

base::Result<void> read_user(const DataPlace& place, UserId user, Timestamp now, const UserSink& sink) {
    std::string path;
    auto database = open_shard(place, user, path);
    if (!database) return std::unexpected(database.error());
    if (auto begun = database->execute("BEGIN"); !begun) return told(path, begun.error());
    const auto collections = collections_of(*database, user);
    if (!collections) return told(path, collections.error());
    for (const auto& [cid, name, modified] : *collections) {
        if (auto done = sink.collection(name, modified); !done) return done;
        auto rows = database->use(
            "SELECT id, payload, sortindex, expiry, modified FROM bso WHERE cid = ?1 AND (expiry IS NULL OR "
            "expiry > ?2) ORDER BY id");
        rows.bind(1, cid).bind(2, now.hundredths);
        while (true) {
            const auto row = rows.step();
            if (!row) return told(path, row.error());
            if (!*row) break;
            const StoredRecord record{rows.text(0),
                                      rows.text(1),
                                      rows.optional_integer(2),
                                      seconds_left(rows.optional_integer(3), now),
                                      {rows.integer(4)}};
            if (auto done = sink.record(name, record); !done) return done;
        }
    }
    return {};
}

}  // namespace homespun::sync::store::sqlite
