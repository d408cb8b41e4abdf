#include "sync/store/sqlite/file_stats.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sys/files.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

namespace fs = std::filesystem;

std::unexpected<base::Error> told(const std::string& path, const SqlError& error) {
    return base::fail(fmt::format("cannot read {}: {}", path, error.message));
}

SqlResult<std::int64_t> number(Database& database, const std::string& sql) {
    auto row = database.prepare_once(sql);
    if (!row) return std::unexpected(row.error());
    const auto found = row->step();
    if (!found) return std::unexpected(found.error());
    return *found ? row->integer(0) : 0;
}

std::int64_t size_of(const std::string& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(size);
}

/// SQL's way of quoting a text.
std::string sql_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') out += c;
    }
    return out + "'";
}

}  // namespace

base::Result<FileStats> read_file_stats(const std::string& path) {
    auto database = Database::open(path, {.read_only = true});
    if (!database) return told(path, database.error());
    FileStats stats;
    stats.bytes = size_of(path);
    stats.wal_bytes = size_of(path + "-wal");
    std::int64_t free_pages = 0, way = 0;
    const std::pair<const char*, std::int64_t*> facts[] = {{"PRAGMA user_version", &stats.format},
                                                           {"PRAGMA page_size", &stats.page_bytes},
                                                           {"PRAGMA freelist_count", &free_pages},
                                                           {"PRAGMA auto_vacuum", &way}};
    for (const auto& [pragma, place] : facts) {
        const auto found = number(*database, pragma);
        if (!found) return told(path, found.error());
        *place = *found;
    }
    stats.free_bytes = free_pages * stats.page_bytes;
    stats.shrinks = way != 0;
    return stats;
}

base::Result<ShardStats> read_shard_stats(const std::string& path, Timestamp now) {
    auto database = Database::open(path, {.read_only = true});
    if (!database) return told(path, database.error());
    if (auto good = judge_shard(*database, path); !good) return std::unexpected(good.error());
    if (auto begun = database->execute("BEGIN"); !begun) return told(path, begun.error());
    ShardStats stats;
    auto row = database->use(
        "SELECT count(DISTINCT user), count(*), coalesce(sum(count), 0), coalesce(sum(bytes), 0), "
        "min(modified), "
        "max(modified), (SELECT count(*) FROM dropped) FROM collection");
    if (const auto found = row.step(); !found) return told(path, found.error());
    stats.users = row.integer(0);
    stats.collections = row.integer(1);
    stats.records = row.integer(2);
    stats.payload_bytes = row.integer(3);
    if (!row.is_null(4)) stats.oldest = Timestamp{row.integer(4)};
    if (!row.is_null(5)) stats.newest = Timestamp{row.integer(5)};
    stats.dropped = row.integer(6);
    const auto format = database->user_version();
    if (!format) return told(path, format.error());
    // Each format's own index: the other's way through it would be long.
    auto expired = database->use(
        *format < 2
            ? "SELECT count(*) FROM bso WHERE expiry <= ?1"
            : "SELECT count(*) FROM collection c CROSS JOIN bso b INDEXED BY bso_expiry ON b.cid = c.cid "
              "AND b.expiry <= ?1");
    if (const auto found = expired.bind(1, now.hundredths).step(); !found) return told(path, found.error());
    stats.expired = expired.integer(0);
    return stats;
}

base::Result<std::int64_t> count_table(const std::string& path, const std::string& table) {
    auto database = Database::open(path, {.read_only = true});
    if (!database) return told(path, database.error());
    const auto found = number(*database, fmt::format("SELECT count(*) FROM \"{}\"", table));
    if (!found) return told(path, found.error());
    return *found;
}

base::Result<std::int64_t> vacuum_file(const std::string& path, bool incremental) {
    const auto fresh = path + ".vacuum";
    ::unlink(fresh.c_str());
    const auto give_up = [&](const std::string& why) {
        ::unlink(fresh.c_str());
        return base::fail(fmt::format("cannot vacuum {}: {}; it is as it was", path, why));
    };
    {
        auto database = Database::open(path, {});
        if (!database) return give_up(database.error().message);
        if (auto made = sys::make_private_file(fresh); !made) return give_up(made.error().message);
        // Opening asks for our usual size of pages; the file keeps its own.
        const auto page_bytes = number(*database, "PRAGMA page_size");
        if (!page_bytes) return give_up(page_bytes.error().message);
        auto done = database->execute(fmt::format("PRAGMA page_size={}; PRAGMA auto_vacuum={}", *page_bytes,
                                                  incremental ? "INCREMENTAL" : "NONE"));
        if (done) done = database->execute("VACUUM INTO " + sql_text(fresh));
        HOMESPUN_KILL_POINT("vacuum");
        // What the old file's WAL holds would be taken for the new file's.
        if (done) done = database->execute("PRAGMA wal_checkpoint(TRUNCATE)");
        HOMESPUN_KILL_POINT("vacuum");
        if (!done) return give_up(done.error().message);
    }
    std::error_code error;
    if (fs::exists(path + "-wal", error)) return give_up("its WAL is in use");
    const auto before = size_of(path);
    if (auto synced = sys::sync_path(fresh); !synced) return give_up(synced.error().message);
    HOMESPUN_KILL_POINT("vacuum");
    if (auto renamed = sys::rename_durably(fresh, path); !renamed) return give_up(renamed.error().message);
    HOMESPUN_KILL_POINT("vacuum");
    return before - size_of(path);
}

}  // namespace homespun::sync::store::sqlite
