#include "sync/store/sqlite/weave_select.hpp"

#include <cmath>
#include <limits>

#include "base/json.hpp"

namespace homespun::sync::store::sqlite {
namespace {

// Every text is one of few, so that nothing of a request gets into a statement.
std::string select_sql(const WeaveQuery& query) {
    std::string sql = "SELECT rowid FROM bso WHERE cid = ?1 AND (expiry IS NULL OR expiry > ?2)";
    if (query.ids) sql += " AND id IN (SELECT value FROM json_each(?3))";
    if (query.parentid) sql += " AND parentid = ?4";
    if (query.predecessorid) sql += " AND predecessorid = ?5";
    if (query.newer) sql += " AND modified > ?6";
    if (query.older) sql += " AND modified < ?7";
    if (query.index_above) sql += " AND sortindex > ?8";
    if (query.index_below) sql += " AND sortindex < ?9";
    switch (query.order) {
        case WeaveOrder::insertion:
            sql += " ORDER BY rowid";
            break;
        case WeaveOrder::oldest:
            sql += " ORDER BY modified, rowid";
            break;
        case WeaveOrder::newest:
            sql += " ORDER BY modified DESC, rowid DESC";
            break;
        case WeaveOrder::index:
            sql += " ORDER BY sortindex DESC NULLS LAST, rowid";
            break;
    }
    if (query.limit) sql += " LIMIT ?10 OFFSET ?11";
    return sql;
}

/// Only whole numbers are compared: sortindex > 1.5 is sortindex > 1, sortindex < 1.5 is sortindex < 2.
std::int64_t whole(double bound, bool above) {
    return static_cast<std::int64_t>(above ? std::floor(bound) : std::ceil(bound));
}

std::int64_t number(std::uint64_t value) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(value, most));
}

}  // namespace

WeaveSelect::WeaveSelect(const WeaveQuery& query, std::int64_t cid, Timestamp now)
    : query_(query), cid_(cid), now_(now) {
    if (!query.ids) return;
    base::json::Writer writer(ids_);
    writer.begin_array();
    for (const auto& id : *query.ids)
        writer.value(std::string_view(id));
    writer.end_array();
}

SqlResult<Statement> WeaveSelect::prepare(Database& database) const {
    auto prepared = database.prepare_once(select_sql(query_));
    if (!prepared) return prepared;
    auto& statement = *prepared;
    statement.bind(1, cid_).bind(2, now_.hundredths);
    if (query_.ids) statement.bind(3, std::string_view(ids_));
    if (query_.parentid) statement.bind(4, std::string_view(*query_.parentid));
    if (query_.predecessorid) statement.bind(5, std::string_view(*query_.predecessorid));
    if (query_.newer) statement.bind(6, query_.newer->hundredths);
    if (query_.older) statement.bind(7, query_.older->hundredths);
    if (query_.index_above) statement.bind(8, whole(*query_.index_above, true));
    if (query_.index_below) statement.bind(9, whole(*query_.index_below, false));
    if (query_.limit) statement.bind(10, number(*query_.limit)).bind(11, number(query_.offset));
    return prepared;
}

SqlResult<Timestamp> weave_stamp(Database& database, std::int64_t cid) {
    auto row = database.use(
        "SELECT max(latest_gone, coalesce((SELECT modified FROM bso WHERE cid = ?1 ORDER BY modified DESC "
        "LIMIT "
        "1), 0)) FROM collection WHERE cid = ?1");
    const auto found = row.bind(1, cid).step();
    if (!found) return std::unexpected(found.error());
    return Timestamp{*found ? row.integer(0) : 0};
}

}  // namespace homespun::sync::store::sqlite
