#include "sync/store/sqlite/sqlite_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/shard_reader.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sync/store/sqlite/weave_reader.hpp"

namespace homespun::sync::store::sqlite {
namespace {

constexpr std::size_t most_readers = 16;
constexpr std::size_t kept_readers = 4;
constexpr int reader_cache_kib = 1024;

std::unique_ptr<WriteRequest> make_request(WriteKind kind, UserId user, std::string collection,
                                           Precondition when) {
    auto request = std::make_unique<WriteRequest>();
    request->kind = kind;
    request->user = user;
    request->collection = std::move(collection);
    request->when = when;
    return request;
}

Outcome<Timestamp> timestamp_of(Outcome<WriteResult> result) {
    if (!result) return std::unexpected(std::move(result.error()));
    return result->timestamp;
}

Outcome<Store::Written> written_of(Outcome<WriteResult> result) {
    if (!result) return std::unexpected(std::move(result.error()));
    return Store::Written{result->timestamp, result->user_bytes};
}

Outcome<Store::Staged> staged_of(Outcome<WriteResult> result) {
    if (!result) return std::unexpected(std::move(result.error()));
    return Store::Staged{std::move(result->batch), result->timestamp};
}

}  // namespace

struct SqliteStore::Shard {
    Shard(Database database, const std::string& path, const OpenOptions& reading, const Options& options,
          const WriterSettings& settings)
        : table(options.remembered_entries, settings.metrics),
          writer(std::move(database), table, options.clock, options.logger, settings),
          pool(path, reading, most_readers, kept_readers, settings.metrics),
          reader(pool, table, writer, options.clock, options.logger),
          weave_reader(pool, options.clock, options.logger) {}

    UserTable table;
    ShardWriter writer;
    ReadPool pool;
    ShardReader reader;
    WeaveReader weave_reader;
};

std::size_t shard_number(UserId user, std::size_t shards) {
    // The finaliser of splitmix64: neighbouring uids spread evenly.
    std::uint64_t mixed = user + 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return (mixed ^ (mixed >> 31)) % shards;
}

base::Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const Options& options) {
    OpenOptions writing;
    writing.autocheckpoint_pages = 0;
    writing.incremental_vacuum = true;
    writing.synchronous_full = options.synchronous == Synchronous::full;
    writing.vfs = options.vfs;
    const std::size_t wanted =
        options.shards ? options.shards : std::max(1u, std::thread::hardware_concurrency());
    auto files = open_store_files(options.directory, wanted, writing);
    if (!files) return std::unexpected(files.error());

    OpenOptions reading = writing;
    reading.read_only = true;
    reading.cache_kib = reader_cache_kib;
    std::vector<std::unique_ptr<Shard>> shards;
    const auto quota = std::make_shared<Quota>(options.quota, files->size());
    for (auto& file : *files) {
        if (auto dropped = drop_unfinished_imports(file.database); !dropped)
            return base::fail(fmt::format("{}: {}", file.path, dropped.error().message));
        WriterSettings settings{std::filesystem::path(file.path).filename(), options.limits,
                                options.idle_after, options.purge_every};
        settings.quota = quota;
        settings.number = shards.size();
        if (options.metrics != nullptr)
            settings.metrics = ShardMetrics(*options.metrics, std::to_string(shards.size()));
        shards.push_back(
            std::make_unique<Shard>(std::move(file.database), file.path, reading, options, settings));
    }
    if (options.shards && options.shards != shards.size()) {
        options.logger.warning("shards_fixed", {{"wanted", static_cast<std::int64_t>(options.shards)},
                                                {"recorded", static_cast<std::int64_t>(shards.size())}});
    }
    options.logger.info("store_opened", {{"directory", options.directory},
                                         {"shards", static_cast<std::int64_t>(shards.size())}});
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(shards), options.clock));
}

SqliteStore::SqliteStore(std::vector<std::unique_ptr<Shard>> shards, const base::Clock& clock)
    : shards_(std::move(shards)), clock_(clock) {}
SqliteStore::~SqliteStore() {
    close();
}

SqliteStore::Shard& SqliteStore::shard_of(UserId user) const {
    return *shards_[shard_number(user, shards_.size())];
}

double SqliteStore::fullness() const {
    double fullest = 0;
    for (const auto& shard : shards_)
        fullest = std::max(fullest, shard->writer.fullness());
    return fullest;
}

bool SqliteStore::healthy() const {
    return std::ranges::all_of(shards_, [](const auto& shard) { return shard->writer.healthy(); });
}

void SqliteStore::close() {
    // Readers first: the writer's connection is then the last one, and closing it empties the WAL.
    for (auto& shard : shards_)
        shard->pool.close();
    for (auto& shard : shards_) {
        shard->writer.close();
        shard->table.clear();
    }
}

base::Task<Outcome<ByCollection<Timestamp>>> SqliteStore::info(base::Executor& home, UserId user,
                                                               Precondition when) {
    return shard_of(user).reader.info(home, user, when);
}

base::Task<Outcome<ByCollection<std::uint64_t>>> SqliteStore::counts(base::Executor& home, UserId user,
                                                                     Precondition when) {
    return shard_of(user).reader.sums(home, user, when, ShardReader::Sum::count);
}

base::Task<Outcome<ByCollection<std::uint64_t>>> SqliteStore::usage(base::Executor& home, UserId user,
                                                                    Precondition when) {
    return shard_of(user).reader.sums(home, user, when, ShardReader::Sum::bytes);
}

base::Task<Outcome<Timestamp>> SqliteStore::get(base::Executor& home, UserId user, std::string collection,
                                                std::string id, Precondition when, RowSink sink) {
    return shard_of(user).reader.get(home, user, std::move(collection), std::move(id), when, std::move(sink));
}

base::Task<Outcome<Listing>> SqliteStore::list(base::Executor& home, UserId user, std::string collection,
                                               ListQuery query, Precondition when, RowSink sink) {
    return shard_of(user).reader.list(home, user, std::move(collection), std::move(query), when,
                                      std::move(sink));
}

base::Task<Outcome<Store::Written>> SqliteStore::put(base::Executor& home, UserId user,
                                                     std::string collection, RecordUpdate update,
                                                     Precondition when) {
    auto request = make_request(WriteKind::put, user, std::move(collection), when);
    request->updates.push_back(std::move(update));
    co_return written_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Store::Written>> SqliteStore::post(base::Executor& home, UserId user,
                                                      std::string collection,
                                                      std::vector<RecordUpdate> updates, Precondition when) {
    auto request = make_request(WriteKind::post, user, std::move(collection), when);
    request->updates = std::move(updates);
    co_return written_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Timestamp>> SqliteStore::remove(base::Executor& home, UserId user, std::string collection,
                                                   std::string id, Precondition when) {
    auto request = make_request(WriteKind::remove, user, std::move(collection), when);
    request->ids.push_back(std::move(id));
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Timestamp>> SqliteStore::remove_ids(base::Executor& home, UserId user,
                                                       std::string collection, std::vector<std::string> ids,
                                                       Precondition when) {
    auto request = make_request(WriteKind::remove_ids, user, std::move(collection), when);
    request->ids = std::move(ids);
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Timestamp>> SqliteStore::remove_collection(base::Executor& home, UserId user,
                                                              std::string collection, Precondition when) {
    auto request = make_request(WriteKind::remove_collection, user, std::move(collection), when);
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Timestamp>> SqliteStore::remove_user(base::Executor& home, UserId user,
                                                        Precondition when) {
    auto request = make_request(WriteKind::remove_user, user, {}, when);
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

/// Persons' numbers are positive in the files, so one with the highest bit set is never theirs. The time
/// keeps it apart from those of earlier runs.
UserId SqliteStore::staging_place(UserId user) {
    constexpr UserId highest_bit = UserId{1} << 63;
    const auto shard = shard_number(user, shards_.size());
    const auto begin = static_cast<UserId>(clock_.now_ms()) << 20;
    while (true) {
        const UserId place = highest_bit | (begin + staging_places_.fetch_add(1));
        if (shard_number(place, shards_.size()) == shard) return place;
    }
}

base::Task<Outcome<Timestamp>> SqliteStore::replace_user(base::Executor& home, UserId user, UserId staged,
                                                         Precondition when) {
    auto request = make_request(WriteKind::replace_user, user, {}, when);
    request->staged = staged;
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Store::Staged>> SqliteStore::open_batch(base::Executor& home, UserId user,
                                                           std::string collection,
                                                           std::vector<RecordUpdate> updates,
                                                           Precondition when) {
    auto request = make_request(WriteKind::open_batch, user, std::move(collection), when);
    request->updates = std::move(updates);
    co_return staged_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Store::Staged>> SqliteStore::append_batch(base::Executor& home, UserId user,
                                                             std::string collection, std::string batch,
                                                             std::vector<RecordUpdate> updates,
                                                             Precondition when) {
    auto request = make_request(WriteKind::append_batch, user, std::move(collection), when);
    request->batch = std::move(batch);
    request->updates = std::move(updates);
    co_return staged_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Store::Written>> SqliteStore::commit_batch(base::Executor& home, UserId user,
                                                              std::string collection, std::string batch,
                                                              std::vector<RecordUpdate> updates,
                                                              Precondition when) {
    auto request = make_request(WriteKind::commit_batch, user, std::move(collection), when);
    request->batch = std::move(batch);
    request->updates = std::move(updates);
    co_return written_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<std::vector<std::pair<std::string, Timestamp>>>> SqliteStore::weave_stamps(
    base::Executor& home, UserId user) {
    return shard_of(user).weave_reader.stamps(home, user);
}

base::Task<Outcome<std::uint64_t>> SqliteStore::weave_find(base::Executor& home, UserId user,
                                                           std::string collection, WeaveQuery query,
                                                           WeaveSink sink) {
    return shard_of(user).weave_reader.find(home, user, std::move(collection), std::move(query),
                                            std::move(sink));
}

base::Task<Outcome<Timestamp>> SqliteStore::weave_write(base::Executor& home, UserId user,
                                                        std::string collection,
                                                        std::vector<WeaveUpdate> updates, WeaveWrite how,
                                                        Precondition when) {
    auto request = make_request(WriteKind::weave_write, user, std::move(collection), when);
    request->weave_updates = std::move(updates);
    request->weave_write = how;
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

base::Task<Outcome<Timestamp>> SqliteStore::weave_remove(base::Executor& home, UserId user,
                                                         std::string collection, WeaveQuery query,
                                                         Precondition when) {
    auto request = make_request(WriteKind::weave_remove, user, std::move(collection), when);
    request->weave_query = std::move(query);
    co_return timestamp_of(co_await shard_of(user).writer.submit(home, std::move(request)));
}

}  // namespace homespun::sync::store::sqlite
