#include "sync/ops/data_stats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/json.hpp"
#include "sync/store/sqlite/store_files.hpp"

namespace homespun::sync::ops {
namespace {

namespace sqlite = store::sqlite;

void add(sqlite::ShardStats& sum, const sqlite::ShardStats& one) {
    sum.users += one.users;
    sum.collections += one.collections;
    sum.records += one.records;
    sum.payload_bytes += one.payload_bytes;
    sum.expired += one.expired;
    sum.dropped += one.dropped;
    if (one.oldest) sum.oldest = std::min(sum.oldest.value_or(*one.oldest), *one.oldest);
    if (one.newest) sum.newest = std::max(sum.newest.value_or(*one.newest), *one.newest);
}

void write_time(base::json::Writer& writer, std::string_view name,
                const std::optional<store::Timestamp>& time) {
    writer.key(name);
    if (time)
        writer.raw(time->text());
    else
        writer.null();
}

}  // namespace

base::Result<DataStats> read_data_stats(const std::string& directory, store::Timestamp now) {
    DataStats stats;
    const auto add_file = [&](const std::string& name) -> base::Result<void> {
        auto facts = sqlite::read_file_stats(directory + "/" + name);
        if (!facts) return std::unexpected(facts.error());
        stats.files.push_back({name, *facts});
        return {};
    };
    std::error_code error;
    for (std::size_t number = 0;
         number == 0 || std::filesystem::exists(sqlite::shard_path(directory + "/store", number), error);
         ++number) {
        const auto name = fmt::format("store/shard-{}.db", number);
        const auto shard = sqlite::read_shard_stats(directory + "/" + name, now);
        if (!shard) return std::unexpected(shard.error());
        add(stats.records, *shard);
        if (auto added = add_file(name); !added) return std::unexpected(added.error());
    }
    for (const auto* name : {"accounts.db", "token.db"}) {
        if (auto added = add_file(name); !added) return std::unexpected(added.error());
    }
    struct Table {
        const char *file, *name;
        std::int64_t* rows;
    };
    for (const auto& [file, name, rows] :
         {Table{"/accounts.db", "account", &stats.accounts},
          Table{"/accounts.db", "session", &stats.sessions}, Table{"/accounts.db", "device", &stats.devices},
          Table{"/token.db", "users", &stats.token_users}}) {
        const auto count = sqlite::count_table(directory + file, name);
        if (!count) return std::unexpected(count.error());
        *rows = *count;
    }
    return stats;
}

std::string DataStats::to_json() const {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object()
        .member("accounts", accounts)
        .member("sessions", sessions)
        .member("devices", devices)
        .member("token_users", token_users)
        .member("storage_users", records.users)
        .member("collections", records.collections)
        .member("records", records.records)
        .member("payload_bytes", records.payload_bytes)
        .member("expired_records", records.expired)
        .member("dropped_collections", records.dropped);
    write_time(writer, "oldest_write", records.oldest);
    write_time(writer, "newest_write", records.newest);
    writer.key("files").begin_array();
    for (const auto& [name, facts] : files) {
        writer.begin_object()
            .member("name", std::string_view(name))
            .member("format", facts.format)
            .member("bytes", facts.bytes)
            .member("wal_bytes", facts.wal_bytes)
            .member("free_bytes", facts.free_bytes)
            .member("shrinks", facts.shrinks)
            .end_object();
    }
    writer.end_array().end_object();
    return text;
}

}  // namespace homespun::sync::ops
