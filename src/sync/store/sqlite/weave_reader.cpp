#include "sync/store/sqlite/weave_reader.hpp"

#include "sync/store/sqlite/time_slice.hpp"
#include "sync/store/sqlite/weave_select.hpp"

namespace homespun::sync::store::sqlite {
namespace {

SqlResult<std::int64_t> find_cid(Database& database, UserId user, std::string_view name) {
    auto row = database.use("SELECT cid FROM collection WHERE user = ?1 AND name = ?2");
    const auto found = row.bind(1, static_cast<std::int64_t>(user)).bind(2, name).step();
    if (!found) return std::unexpected(found.error());
    return *found ? row.integer(0) : 0;
}

std::optional<std::string_view> optional_text(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.text(column);
}

SqlResult<std::vector<std::pair<std::string, Timestamp>>> read_stamps(Database& database, UserId user) {
    auto rows = database.use("SELECT cid, name FROM collection WHERE user = ?1 ORDER BY name");
    rows.bind(1, static_cast<std::int64_t>(user));
    std::vector<std::pair<std::string, Timestamp>> stamps;
    while (true) {
        const auto row = rows.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) return stamps;
        const auto stamp = weave_stamp(database, rows.integer(0));
        if (!stamp) return std::unexpected(stamp.error());
        if (*stamp != Timestamp{}) stamps.emplace_back(rows.text(1), *stamp);
    }
}

}  // namespace

Failure WeaveReader::failed(const SqlError& error) const {
    logger_.error("read_failed", {{"code", std::int64_t{error.code}}, {"error", error.message}});
    return Failure{Failure::Kind::unavailable, {}, 10, error.message};
}

base::Task<Outcome<std::vector<std::pair<std::string, Timestamp>>>> WeaveReader::stamps(base::Executor& home,
                                                                                        UserId user) {
    auto lease = co_await pool_.acquire(home);
    if (!lease) co_return std::unexpected(failed(lease.error()));
    auto read = read_stamps(**lease, user);
    if (!read) co_return std::unexpected(failed(read.error()));
    co_return std::move(*read);
}

base::Task<SqlResult<void>> WeaveReader::select(base::Executor& home, Database& database, std::int64_t cid,
                                                const WeaveQuery& query,
                                                std::vector<std::int64_t>& rows) const {
    const WeaveSelect select(query, cid, Timestamp::from_ms(clock_.now_ms()));
    auto statement = select.prepare(database);
    if (!statement) co_return std::unexpected(statement.error());
    TimeSlice slice;
    while (true) {
        const auto row = statement->step();
        if (!row) co_return std::unexpected(row.error());
        if (!*row) co_return SqlResult<void>{};
        rows.push_back(statement->integer(0));
        if (!slice.is_over()) continue;
        co_await base::yield_to(home);
        slice = {};
    }
}

base::Task<Outcome<std::uint64_t>> WeaveReader::find(base::Executor& home, UserId user,
                                                     std::string collection, WeaveQuery query,
                                                     WeaveSink sink) {
    auto lease = co_await pool_.acquire(home);
    if (!lease) co_return std::unexpected(failed(lease.error()));
    Database& database = **lease;
    if (auto begun = database.use("BEGIN").run(); !begun) co_return std::unexpected(failed(begun.error()));
    const auto cid = find_cid(database, user, collection);
    if (!cid) co_return std::unexpected(failed(cid.error()));
    std::vector<std::int64_t> rows;
    auto selecting = select(home, database, *cid, query, rows);
    if (const auto selected = co_await std::move(selecting); !selected)
        co_return std::unexpected(failed(selected.error()));
    TimeSlice slice;
    std::uint64_t bytes = 0;
    for (const auto rowid : rows) {
        auto row = database.use(
            "SELECT id, modified, sortindex, parentid, predecessorid, CASE WHEN ?2 THEN payload END "
            "FROM bso WHERE rowid = ?1");
        const auto found = row.bind(1, rowid).bind(2, std::int64_t{query.full}).step();
        if (!found) co_return std::unexpected(failed(found.error()));
        if (!*found) continue;
        sink({.id = row.text(0),
              .payload = row.text(5),
              .parentid = optional_text(row, 3),
              .predecessorid = optional_text(row, 4),
              .sortindex = row.optional_integer(2),
              .modified = {row.integer(1)}});
        const auto size = row.text(5).size();
        slice.used(size);
        bytes += size;
        if (bytes > WeaveStore::most_listed_bytes) {
            constexpr int later_s = 600;
            co_return std::unexpected(Failure{Failure::Kind::unavailable,
                                              {},
                                              later_s,
                                              "a listing above 64 MiB: it must be asked for in parts"});
        }
        if (!slice.is_over()) continue;
        row.reset();
        co_await base::yield_to(home);
        slice = {};
    }
    co_return rows.size();
}

}  // namespace homespun::sync::store::sqlite
