#include "sync/store/sqlite/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "sync/store/sqlite/accounts_sqlite.hpp"
#include "sync/store/sqlite/registration_sqlite.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/token_sqlite.hpp"

namespace homespun::sync::store::sqlite {
namespace {

/// Of one kind are told in full; the rest is a number.
constexpr std::size_t most_told = 10;

/// One inspection under way: the first failure of SQLite ends it.
class Inspector {
  public:
    Inspector(Database& database, Inspection& found) : database_(database), found_(found) {}

    SqlResult<void> integrity() {
        return each("PRAGMA integrity_check(20)", [this](Statement& row) {
            if (row.text(0) == "ok") return;
            found_.damaged = true;
            problem(std::string(row.text(0)));
        });
    }

    SqlResult<void> count_rows() {
        std::vector<std::string> tables;
        auto done = each(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
            [&](Statement& row) { tables.emplace_back(row.text(0)); });
        for (auto& table : tables) {
            if (!done) return done;
            done = each(fmt::format("SELECT count(*) FROM \"{}\"", table),
                        [&](Statement& row) { found_.rows.emplace_back(table, row.integer(0)); });
        }
        return done;
    }

    SqlResult<void> shard_identity() {
        auto identity = read_identity(database_);
        if (!identity) return std::unexpected(identity.error());
        found_.store = std::move(identity->store);
        found_.index = identity->index;
        found_.shards = identity->shards;
        return {};
    }

    SqlResult<void> sums_of_collections() {
        std::size_t wrong = 0;
        auto done = each(
            "SELECT c.cid, c.name, c.user, c.count, c.bytes, coalesce(r.count, 0), coalesce(r.bytes, 0) "
            "FROM collection c LEFT JOIN (SELECT cid, count(*) AS count, sum(length(payload)) AS bytes FROM "
            "bso GROUP BY cid) r ON r.cid = c.cid WHERE c.count <> coalesce(r.count, 0) OR c.bytes <> "
            "coalesce(r.bytes, 0)",
            [&](Statement& row) {
                if (++wrong > most_told) return;
                problem(fmt::format(
                    "collection {} of user {} says {} records and {} bytes, but there are {} and {}",
                    row.text(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5),
                    row.integer(6)));
            });
        if (wrong > most_told) problem(fmt::format("{} collections in all have wrong sums", wrong));
        return done;
    }

    SqlResult<void> orphans() {
        return each(
            "SELECT count(*), count(DISTINCT cid) FROM bso WHERE cid NOT IN (SELECT cid FROM collection) AND "
            "cid NOT IN (SELECT cid FROM dropped)",
            [this](Statement& row) {
                if (row.integer(0) > 0)
                    problem(fmt::format("{} records of {} collections belong to no collection",
                                        row.integer(0), row.integer(1)));
            });
    }

    SqlResult<void> users_of_shard() {
        std::size_t strangers = 0;
        std::int64_t unfinished = 0;
        auto done = each("SELECT DISTINCT user FROM collection ORDER BY user", [&](Statement& row) {
            const auto user = row.integer(0);
            const auto shards = static_cast<std::size_t>(std::max<std::int64_t>(found_.shards, 1));
            const auto home = shard_number(static_cast<UserId>(user), shards);
            if (home != static_cast<std::size_t>(found_.index) && ++strangers <= most_told)
                problem(fmt::format("user {} lives in shard {}, not here", user, home));
            if (user < 0)
                ++unfinished;
            else
                found_.users.push_back(user);
        });
        if (strangers > most_told) problem(fmt::format("{} users in all are in the wrong shard", strangers));
        found_.notes.emplace_back("users", static_cast<std::int64_t>(found_.users.size()));
        found_.notes.emplace_back("unfinished_imports", unfinished);
        return done;
    }

    SqlResult<void> waiting_for_purge(Timestamp now) {
        auto done = note("expired_records",
                         fmt::format("SELECT count(*) FROM bso WHERE expiry <= {}", now.hundredths));
        if (done)
            done = note("dropped_records", "SELECT count(*) FROM bso WHERE cid IN (SELECT cid FROM dropped)");
        if (done)
            done = note("abandoned_batch_records",
                        "SELECT count(*) FROM batch_record WHERE batch NOT IN (SELECT batch FROM batch)");
        return done;
    }

    SqlResult<void> references_of_accounts() {
        std::size_t broken = 0;
        auto done = each("PRAGMA foreign_key_check", [&](Statement& row) {
            if (++broken <= most_told)
                problem(
                    fmt::format("a row of {} refers to a row of {} that is gone", row.text(0), row.text(2)));
        });
        if (broken > most_told) problem(fmt::format("{} rows in all refer to rows that are gone", broken));
        return done;
    }

    SqlResult<void> users_of_tokens() {
        std::size_t lost = 0;
        auto done = each(
            "SELECT uid, nodeid FROM users WHERE replaced_at IS NULL AND nodeid NOT IN (SELECT id FROM "
            "nodes)",
            [&](Statement& row) {
                if (++lost <= most_told)
                    problem(fmt::format("user {} is on node {}, which is missing", row.integer(0),
                                        row.integer(1)));
            });
        if (lost > most_told) problem(fmt::format("{} users in all are on missing nodes", lost));
        if (!done) return done;
        return each("SELECT uid FROM users ORDER BY uid",
                    [this](Statement& row) { found_.users.push_back(row.integer(0)); });
    }

  private:
    void problem(std::string text) { found_.problems.push_back(std::move(text)); }

    SqlResult<void> note(const char* name, const std::string& sql) {
        return each(sql, [&](Statement& row) { found_.notes.emplace_back(name, row.integer(0)); });
    }

    template <class Row>
    SqlResult<void> each(const std::string& sql, Row row) {
        auto statement = database_.prepare_once(sql);
        if (!statement) return std::unexpected(statement.error());
        while (true) {
            const auto more = statement->step();
            if (!more) return std::unexpected(more.error());
            if (!*more) return {};
            row(*statement);
        }
    }

    Database& database_;
    Inspection& found_;
};

SqlResult<void> run(Database& database, FileKind kind, Timestamp now, Inspection& found) {
    Inspector inspector(database, found);
    auto done = inspector.integrity();
    // In a damaged file our own rules would only find consequences.
    if (!done || !found.problems.empty()) return done;
    done = inspector.count_rows();
    if (kind == FileKind::shard) {
        if (done) done = inspector.shard_identity();
        if (done) done = inspector.sums_of_collections();
        if (done) done = inspector.orphans();
        if (done) done = inspector.users_of_shard();
        if (done) done = inspector.waiting_for_purge(now);
    } else if (kind == FileKind::accounts) {
        if (done) done = inspector.references_of_accounts();
    } else if (done && kind == FileKind::token) {
        done = inspector.users_of_tokens();
    }
    return done;
}

}  // namespace

std::int64_t known_format(FileKind kind) {
    switch (kind) {
        case FileKind::shard:
            return shard_format;
        case FileKind::accounts:
            return accounts_format;
        case FileKind::token:
            return token_format;
        case FileKind::registration:
            return registration_format;
    }
    return 0;
}

base::Result<Inspection> inspect(const std::string& path, FileKind kind, const InspectOptions& options) {
    auto database = Database::open(path, {.read_only = true, .immutable = options.immutable});
    const auto told = [&path](const SqlError& error) {
        return base::fail(fmt::format("cannot read {}: {}", path, error.message));
    };
    if (!database) return told(database.error());
    Inspection found;
    auto done = database->execute("BEGIN");
    if (done) {
        const auto format = database->user_version();
        if (!format) {
            done = std::unexpected(format.error());
        } else {
            found.format = *format;
        }
    }
    if (done && found.format > known_format(kind)) {
        found.problems.push_back(fmt::format(
            "has format {}, this program knows formats up to {}: use the newer version that wrote it",
            found.format, known_format(kind)));
        return found;
    }
    if (done) {
        if (kind == FileKind::shard && !is_shard(*database).value_or(false))
            return base::fail(path + " is a database, but no part of a record store");
        done = run(*database, kind, options.now, found);
    }
    if (done) return found;
    if (!done.error().is_corrupt()) return told(done.error());
    found.damaged = true;
    found.problems.push_back("is damaged: " + done.error().message);
    return found;
}

}  // namespace homespun::sync::store::sqlite
