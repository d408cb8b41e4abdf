#include "sync/store/sqlite/weave_reader.hpp"

#include "sync/store/sqlite/time_slice.hpp"
#include "sync/store/sqlite/weave_select.hpp"

namespace homespun::sync::store::sqlite {
namespace {

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

/// Gives one row to the sink; the size of its payload.
SqlResult<std::size_t> give(Database& database, std::int64_t rowid, bool full, const WeaveSink& sink) {
    auto row = database.use(
        "SELECT id, modified, sortindex, parentid, predecessorid, CASE WHEN ?2 THEN payload END "
        "FROM bso WHERE rowid = ?1");
    const auto found = row.bind(1, rowid).bind(2, std::int64_t{full}).step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return 0;
    const auto payload = row.text(5);
    sink({.id = row.text(0),
          .payload = payload,
          .parentid = optional_text(row, 3),
          .predecessorid = optional_text(row, 4),
          .sortindex = row.optional_integer(2),
          .modified = {row.integer(1)}});
    return payload.size();
}

Failure too_large() {
    constexpr int later_s = 600;
    return Failure{
        Failure::Kind::unavailable, {}, later_s, "a listing above 64 MiB: it must be asked for in parts"};
}

}  // namespace

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
    const auto found = find_collection(database, user, collection);
    if (!found) co_return std::unexpected(failed(found.error()));
    std::vector<std::int64_t> rows;
    auto selecting = select(home, database, found->cid, query, rows);
    if (const auto selected = co_await std::move(selecting); !selected)
        co_return std::unexpected(failed(selected.error()));
    TimeSlice slice;
    std::uint64_t bytes = 0;
    for (const auto rowid : rows) {
        const auto size = give(database, rowid, query.full, sink);
        if (!size) co_return std::unexpected(failed(size.error()));
        slice.used(*size);
        bytes += *size;
        if (bytes > WeaveStore::most_listed_bytes) co_return std::unexpected(too_large());
        if (!slice.is_over()) continue;
        co_await base::yield_to(home);
        slice = {};
    }
    co_return rows.size();
}

}  // namespace homespun::sync::store::sqlite
