#include "sync/store/sqlite/shard_reader.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "sync/store/sqlite/time_slice.hpp"

namespace homespun::sync::store::sqlite {
namespace {

constexpr std::uint64_t most_rows = 10'000;
constexpr std::uint64_t most_page_bytes = std::uint64_t{8} << 20;

// ?1 cid, ?2 newer, ?3 older, ?4 now, ?5 payload wanted. A payload that is not wanted is not read.
// With a position (?6, ?7) the bound it replaces is left out, or the index would be entered at the wrong end.
#define HOMESPUN_ROW "SELECT id, modified, sortindex, CASE WHEN ?5 THEN payload END FROM bso WHERE cid = ?1 "
#define HOMESPUN_LIVE "AND (expiry IS NULL OR expiry > ?4) "
constexpr const char* newest_sql =
    HOMESPUN_ROW "AND modified > ?2 AND modified < ?3 " HOMESPUN_LIVE "ORDER BY modified DESC, id DESC";
constexpr const char* newest_after_sql = HOMESPUN_ROW
    "AND modified > ?2 AND (modified, id) < (?6, ?7) " HOMESPUN_LIVE "ORDER BY modified DESC, id DESC";
constexpr const char* oldest_sql =
    HOMESPUN_ROW "AND modified > ?2 AND modified < ?3 " HOMESPUN_LIVE "ORDER BY modified, id";
constexpr const char* oldest_after_sql =
    HOMESPUN_ROW "AND modified < ?3 AND (modified, id) > (?6, ?7) " HOMESPUN_LIVE "ORDER BY modified, id";
#undef HOMESPUN_ROW
#undef HOMESPUN_LIVE

std::optional<Failure> refusal(const Precondition& when, Timestamp timestamp) {
    if (when.if_unmodified_since && timestamp > *when.if_unmodified_since) {
        return Failure{Failure::Kind::precondition_failed, timestamp, 0, {}};
    }
    if (when.if_modified_since && timestamp <= *when.if_modified_since) {
        return Failure{Failure::Kind::not_modified, timestamp, 0, {}};
    }
    return std::nullopt;
}

SqlResult<ByCollection<Timestamp>> read_info(Database& database, UserId user) {
    auto rows = database.use(
        "SELECT name, modified FROM collection WHERE user = ?1 "
        "UNION ALL SELECT NULL, modified FROM tombstone WHERE user = ?1");
    rows.bind(1, static_cast<std::int64_t>(user));
    ByCollection<Timestamp> answer;
    while (true) {
        const auto row = rows.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) return answer;
        const Timestamp modified{rows.integer(1)};
        answer.storage = std::max(answer.storage, modified);
        if (!rows.is_null(0)) answer.collections.emplace_back(rows.text(0), modified);
    }
}

RecordView view_of(const Statement& row, bool full) {
    if (!full) return RecordView{row.text(0), {}, std::nullopt, {}};
    return RecordView{row.text(0), row.text(3), row.optional_integer(2), {row.integer(1)}};
}

}  // namespace

/// One page of a listing while it is being filled.
struct ShardReader::Page {
    const ListQuery& query;
    const RowSink& sink;
    std::optional<PagePosition> after;
    std::int64_t now;
    std::uint64_t most = most_rows;
    Listing listing;
    std::uint64_t bytes = 0;
    TimeSlice slice;
    PagePosition last;

    [[nodiscard]] std::int64_t newer() const { return query.newer ? query.newer->hundredths : -1; }
    [[nodiscard]] std::int64_t older() const {
        return query.older ? query.older->hundredths : std::numeric_limits<std::int64_t>::max();
    }
    /// False: the page is full, and there is more.
    bool add(const Statement& row) {
        const auto size = row.text(3).size();
        if (listing.count == most || (listing.count > 0 && bytes + size > most_page_bytes)) {
            if (most > 0) listing.next_offset = write_offset(query.sort, last);
            return false;
        }
        sink(view_of(row, query.full));
        ++listing.count;
        bytes += size;
        slice.used(size);
        last.key = query.sort == Sort::index ? row.optional_integer(2) : row.integer(1);
        last.id = row.text(0);
        return true;
    }
};

base::Task<Outcome<ByCollection<Timestamp>>> ShardReader::info(base::Executor& home, UserId user,
                                                               Precondition when) {
    auto known = table_.info(user);
    if (!known) {
        auto lease = co_await pool_.acquire(home);
        if (!lease) co_return std::unexpected(failed(lease.error()));
        auto read = read_info(**lease, user);
        if (!read) co_return std::unexpected(failed(read.error()));
        known = std::move(*read);
        writer_.suggest(user);
    }
    if (auto refused = refusal(when, known->storage)) co_return std::unexpected(std::move(*refused));
    co_return std::move(*known);
}

base::Task<Outcome<ByCollection<std::uint64_t>>> ShardReader::sums(base::Executor& home, UserId user,
                                                                   Precondition when, Sum sum) {
    if (const auto storage = table_.storage(user)) {
        if (auto refused = refusal(when, *storage)) co_return std::unexpected(std::move(*refused));
    }
    auto lease = co_await pool_.acquire(home);
    if (!lease) co_return std::unexpected(failed(lease.error()));
    Database& database = **lease;
    if (auto begun = database.use("BEGIN").run(); !begun) co_return std::unexpected(failed(begun.error()));
    const auto known = read_info(database, user);
    if (!known) co_return std::unexpected(failed(known.error()));
    if (auto refused = refusal(when, known->storage)) co_return std::unexpected(std::move(*refused));

    struct Stored {
        std::int64_t cid;
        std::string name;
        std::int64_t sum;
    };
    std::vector<Stored> stored;
    {
        auto rows = database.use("SELECT cid, name, count, bytes FROM collection WHERE user = ?1");
        rows.bind(1, static_cast<std::int64_t>(user));
        while (true) {
            const auto row = rows.step();
            if (!row) co_return std::unexpected(failed(row.error()));
            if (!*row) break;
            stored.push_back(
                {rows.integer(0), std::string(rows.text(1)), rows.integer(sum == Sum::count ? 2 : 3)});
        }
    }
    ByCollection<std::uint64_t> answer{known->storage, {}};
    for (auto& collection : stored) {
        std::int64_t expired = 0;
        auto added = add_expired(home, database, collection.cid, sum, expired);
        if (auto done = co_await std::move(added); !done) co_return std::unexpected(failed(done.error()));
        const auto left = collection.sum - expired;
        if (sum == Sum::bytes || left > 0)
            answer.collections.emplace_back(std::move(collection.name), std::max<std::int64_t>(left, 0));
    }
    co_return answer;
}

/// The sums of a collection count expired rows until they are purged; these have an index of their own.
ShardReader::Step ShardReader::add_expired(base::Executor& home, Database& database, std::int64_t cid,
                                           Sum sum, std::int64_t& expired) {
    auto gone = database.use(
        sum == Sum::count
            ? "SELECT 1 FROM bso INDEXED BY bso_expiry WHERE cid = ?1 AND expiry <= ?2"
            : "SELECT length(payload) FROM bso INDEXED BY bso_expiry WHERE cid = ?1 AND expiry <= ?2");
    gone.bind(1, cid).bind(2, now());
    TimeSlice slice;
    while (true) {
        const auto row = gone.step();
        if (!row) co_return std::unexpected(row.error());
        if (!*row) co_return SqlResult<void>{};
        expired += gone.integer(0);
        if (!slice.is_over()) continue;
        co_await base::yield_to(home);
        slice = {};
    }
}

base::Task<Outcome<Timestamp>> ShardReader::get(base::Executor& home, UserId user, std::string collection,
                                                std::string id, Precondition when, RowSink sink) {
    auto lease = co_await pool_.acquire(home);
    if (!lease) co_return std::unexpected(failed(lease.error()));
    auto row = (*lease)->use(
        "SELECT b.id, b.modified, b.sortindex, b.payload FROM collection c JOIN bso b ON b.cid = c.cid "
        "WHERE c.user = ?1 AND c.name = ?2 AND b.id = ?3 AND (b.expiry IS NULL OR b.expiry > ?4)");
    row.bind(1, static_cast<std::int64_t>(user))
        .bind(2, std::string_view(collection))
        .bind(3, std::string_view(id));
    const auto found = row.bind(4, now()).step();
    if (!found) co_return std::unexpected(failed(found.error()));
    const Timestamp modified{*found ? row.integer(1) : 0};
    if (auto refused = refusal(when, modified)) co_return std::unexpected(std::move(*refused));
    if (!*found) co_return std::unexpected(Failure{Failure::Kind::not_found, {}, 0, {}});
    sink(view_of(row, true));
    co_return modified;
}

base::Task<Outcome<Listing>> ShardReader::list(base::Executor& home, UserId user, std::string collection,
                                               ListQuery query, Precondition when, RowSink sink) {
    Page page{.query = query,
              .sink = sink,
              .after = std::nullopt,
              .now = now(),
              .listing = {},
              .slice = {},
              .last = {}};
    if (query.limit) page.most = std::min(most_rows, *query.limit);
    if (!query.offset.empty()) {
        page.after = read_offset(query.sort, query.offset);
        if (!page.after) co_return std::unexpected(Failure{Failure::Kind::bad_offset, {}, 0, query.offset});
    }
    if (const auto known = table_.collection(user, collection)) {
        if (auto refused = refusal(when, known->modified)) co_return std::unexpected(std::move(*refused));
        const bool nothing_newer = query.newer && known->modified <= *query.newer;
        if (!known->exists || nothing_newer) co_return Listing{known->modified, 0, {}};
    } else {
        writer_.suggest(user);
    }
    auto lease = co_await pool_.acquire(home);
    if (!lease) co_return std::unexpected(failed(lease.error()));
    Database& database = **lease;
    if (auto begun = database.use("BEGIN").run(); !begun) co_return std::unexpected(failed(begun.error()));
    const auto found = find_collection(database, user, collection);
    if (!found) co_return std::unexpected(failed(found.error()));
    if (auto refused = refusal(when, found->modified)) co_return std::unexpected(std::move(*refused));
    page.listing.last_modified = found->modified;
    if (found->cid == 0) co_return std::move(page.listing);

    const bool by_time = query.ids.empty() && query.sort != Sort::index;
    auto filling = by_time ? list_by_time(home, database, found->cid, page)
                           : list_ranked(home, database, found->cid, page);
    const auto filled = co_await std::move(filling);
    if (!filled) co_return std::unexpected(failed(filled.error()));
    co_return std::move(page.listing);
}

/// The index has the order: rows are taken from it until the page is full.
ShardReader::Step ShardReader::list_by_time(base::Executor& home, Database& database, std::int64_t cid,
                                            Page& page) {
    const bool newest = page.query.sort == Sort::newest;
    // A position outside newer..older bounds nothing more than these do.
    const bool use_position =
        page.after && (newest ? *page.after->key < page.older() : *page.after->key > page.newer());
    auto rows = database.use(newest ? (use_position ? newest_after_sql : newest_sql)
                                    : (use_position ? oldest_after_sql : oldest_sql));
    rows.bind(1, cid).bind(4, page.now).bind(5, std::int64_t{page.query.full});
    if (!use_position || newest) rows.bind(2, page.newer());
    if (!use_position || !newest) rows.bind(3, page.older());
    if (use_position) rows.bind(6, *page.after->key).bind(7, std::string_view(page.after->id));
    while (true) {
        const auto row = rows.step();
        if (!row) co_return std::unexpected(row.error());
        if (!*row || !page.add(rows)) co_return SqlResult<void>{};
        if (!page.slice.is_over()) continue;
        co_await base::yield_to(home);
        page.slice = {};
    }
}

/// No index has the order: the first of all are found first, then read.
ShardReader::Step ShardReader::list_ranked(base::Executor& home, Database& database, std::int64_t cid,
                                           Page& page) {
    // One more than the page tells whether anything is left.
    PageRanking ranking(page.query.sort, page.most == 0 ? 0 : page.most + 1, page.after);
    auto ranking_step = page.query.ids.empty() ? rank_all(home, database, cid, page, ranking)
                                               : rank_ids(home, database, cid, page, ranking);
    if (const auto ranked = co_await std::move(ranking_step); !ranked)
        co_return std::unexpected(ranked.error());
    for (const auto& entry : ranking.take()) {
        auto row = database.use(
            "SELECT id, modified, sortindex, CASE WHEN ?2 THEN payload END FROM bso WHERE rowid = ?1");
        const auto found = row.bind(1, entry.rowid).bind(2, std::int64_t{page.query.full}).step();
        if (!found) co_return std::unexpected(found.error());
        if (!*found || !page.add(row)) co_return SqlResult<void>{};
        if (!page.slice.is_over()) continue;
        row.reset();
        co_await base::yield_to(home);
        page.slice = {};
    }
    co_return SqlResult<void>{};
}

ShardReader::Step ShardReader::rank_ids(base::Executor& home, Database& database, std::int64_t cid,
                                        const Page& page, PageRanking& ranking) {
    auto ids = page.query.ids;
    std::ranges::sort(ids);
    const auto doubles = std::ranges::unique(ids);
    ids.erase(doubles.begin(), doubles.end());
    TimeSlice slice;
    for (auto& id : ids) {
        auto row = database.use(
            "SELECT rowid, modified, sortindex FROM bso WHERE cid = ?1 AND id = ?5 "
            "AND modified > ?2 AND modified < ?3 AND (expiry IS NULL OR expiry > ?4)");
        row.bind(1, cid).bind(2, page.newer()).bind(3, page.older()).bind(4, page.now);
        const auto found = row.bind(5, std::string_view(id)).step();
        if (!found) co_return std::unexpected(found.error());
        if (*found) {
            const auto key = page.query.sort == Sort::index ? row.optional_integer(2) : row.integer(1);
            ranking.offer({key, id}, row.integer(0));
        }
        if (!slice.is_over()) continue;
        row.reset();
        co_await base::yield_to(home);
        slice = {};
    }
    co_return SqlResult<void>{};
}

ShardReader::Step ShardReader::rank_all(base::Executor& home, Database& database, std::int64_t cid,
                                        const Page& page, PageRanking& ranking) {
    auto rows = database.use(
        "SELECT rowid, id, sortindex FROM bso WHERE cid = ?1 "
        "AND modified > ?2 AND modified < ?3 AND (expiry IS NULL OR expiry > ?4)");
    rows.bind(1, cid).bind(2, page.newer()).bind(3, page.older()).bind(4, page.now);
    TimeSlice slice;
    while (true) {
        const auto row = rows.step();
        if (!row) co_return std::unexpected(row.error());
        if (!*row) co_return SqlResult<void>{};
        ranking.offer({rows.optional_integer(2), std::string(rows.text(1))}, rows.integer(0));
        if (!slice.is_over()) continue;
        co_await base::yield_to(home);
        slice = {};
    }
}

}  // namespace homespun::sync::store::sqlite
