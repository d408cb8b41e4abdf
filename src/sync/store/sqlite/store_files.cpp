#include "sync/store/sqlite/store_files.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "sync/store/sqlite/shard_schema.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_shards = 256;

base::Error told(const SqlError& error) {
    return base::Error{error.message + (error.is_busy() ? " (is another program using the store?)" : "")};
}

base::Result<void> make_directory(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (!error && !fs::is_directory(directory, error))
        error = std::make_error_code(std::errc::not_a_directory);
    if (error)
        return base::fail(fmt::format("cannot use the store's directory {}: {}", directory, error.message()));
    return {};
}

base::Result<StoreFile> open_file(const std::string& path, const OpenOptions& options) {
    auto database = Database::open(path, options);
    if (!database) return std::unexpected(told(database.error()));
    return StoreFile{path, std::move(*database)};
}

/// True when the path is there; a path that cannot be looked at is an error.
base::Result<bool> is_there(const std::string& path) {
    std::error_code error;
    const bool present = fs::exists(path, error);
    if (error) return base::fail(fmt::format("cannot read {}: {}", path, error.message()));
    return present;
}

/// Whether the file is what an interrupted making leaves: no tables, or those of a shard that never had a
/// user. A cid is never given twice, so `sqlite_sequence` remembers users that are gone.
SqlResult<bool> never_used(Database& database) {
    const auto exists = shard_exists(database);
    if (!exists) return std::unexpected(exists.error());
    if (!*exists) {
        auto tables = database.use("SELECT EXISTS (SELECT 1 FROM sqlite_schema)");
        if (const auto stepped = tables.step(); !stepped) return std::unexpected(stepped.error());
        return tables.integer(0) == 0;
    }
    const auto ours = is_shard(database);
    if (!ours || !*ours) return ours;
    auto used = database.use("SELECT EXISTS (SELECT 1 FROM sqlite_sequence)");
    if (const auto stepped = used.step(); !stepped) return std::unexpected(stepped.error());
    return used.integer(0) == 0;
}

/// The shard files that an interrupted making left. Refuses when one of them is more than that: then
/// shard-0.db was lost, and none of the others may be touched.
base::Result<std::vector<std::string>> leftovers(const std::string& directory, const OpenOptions& options) {
    std::vector<std::string> paths;
    for (std::size_t number = 0; number < most_shards; ++number) {
        const auto path = shard_path(directory, number);
        const auto present = is_there(path);
        if (!present) return std::unexpected(present.error());
        if (!*present) continue;
        auto file = open_file(path, options);
        if (!file) return std::unexpected(file.error());
        const auto unused = never_used(file->database);
        if (!unused) return std::unexpected(told(unused.error()));
        if (!*unused && number == 0)
            return base::fail(fmt::format("{} is a database, but no part of a record store", path));
        if (!*unused) {
            return base::fail(
                fmt::format("{} is missing, but {} has been in use: restore the missing file from a backup",
                            shard_path(directory, 0), path));
        }
        paths.push_back(path);
    }
    return paths;
}

base::Result<void> remove_database(const std::string& path) {
    for (const auto* suffix : {"-wal", "-shm", ""}) {
        std::error_code error;
        fs::remove(path + suffix, error);
        if (error) return base::fail(fmt::format("cannot remove {}{}: {}", path, suffix, error.message()));
    }
    return {};
}

base::Result<void> create_all(const std::string& directory, std::size_t shards, const OpenOptions& options) {
    const auto left = leftovers(directory, options);
    if (!left) return std::unexpected(left.error());
    for (const auto& path : *left) {
        if (auto removed = remove_database(path); !removed) return removed;
    }
    std::string store;
    for (std::size_t number = shards; number-- > 0;) {
        auto file = open_file(shard_path(directory, number), options);
        if (!file) return std::unexpected(file.error());
        if (store.empty()) {
            auto name = new_store_name(file->database);
            if (!name) return std::unexpected(told(name.error()));
            store = std::move(*name);
        }
        const ShardIdentity identity{store, static_cast<std::int64_t>(number),
                                     static_cast<std::int64_t>(shards)};
        if (auto done = create_shard(file->database, identity); !done)
            return std::unexpected(told(done.error()));
        HOMESPUN_KILL_POINT("store_making");
    }
    return {};
}

base::Result<bool> store_exists(const std::string& directory, const OpenOptions& options) {
    const auto path = shard_path(directory, 0);
    const auto present = is_there(path);
    if (!present || !*present) return present;
    auto first = open_file(path, options);
    if (!first) return std::unexpected(first.error());
    const auto exists = shard_exists(first->database);
    if (!exists) return std::unexpected(told(exists.error()));
    return *exists;
}

base::Result<ShardIdentity> identify(StoreFile& file) {
    HOMESPUN_KILL_POINT("store_opening");
    if (auto good = judge_shard(file.database, file.path); !good) return std::unexpected(good.error());
    auto identity = read_identity(file.database);
    if (!identity) return std::unexpected(told(identity.error()));
    return std::move(*identity);
}

base::Result<void> open_rest(std::vector<StoreFile>& files, const std::string& directory,
                             const ShardIdentity& first, const OpenOptions& options) {
    for (std::int64_t number = 1; number < first.shards; ++number) {
        const auto path = shard_path(directory, static_cast<std::size_t>(number));
        const auto present = is_there(path);
        if (!present) return std::unexpected(present.error());
        if (!*present) {
            return base::fail(fmt::format("{} is missing: the store has {} shards. Restore it from a backup",
                                          path, first.shards));
        }
        auto file = open_file(path, options);
        if (!file) return std::unexpected(file.error());
        auto identity = identify(*file);
        if (!identity) return std::unexpected(identity.error());
        if (identity->store != first.store || identity->index != number || identity->shards != first.shards) {
            return base::fail(
                fmt::format("{} belongs to another store, or to another place in this one: restore all "
                            "shards from one backup",
                            path));
        }
        files.push_back(std::move(*file));
    }
    return {};
}

}  // namespace

std::string shard_path(const std::string& directory, std::size_t number) {
    return fmt::format("{}/shard-{}.db", directory, number);
}

base::Result<std::vector<StoreFile>> open_store_files(const std::string& directory, std::size_t shards_if_new,
                                                      const OpenOptions& options) {
    if (shards_if_new < 1 || shards_if_new > most_shards) {
        return base::fail(fmt::format("a store has 1 to {} shards, not {}", most_shards, shards_if_new));
    }
    if (auto made = make_directory(directory); !made) return std::unexpected(made.error());
    const auto exists = store_exists(directory, options);
    if (!exists) return std::unexpected(exists.error());
    if (!*exists) {
        if (auto made = create_all(directory, shards_if_new, options); !made)
            return std::unexpected(made.error());
    }
    std::vector<StoreFile> files;
    auto first = open_file(shard_path(directory, 0), options);
    if (!first) return std::unexpected(first.error());
    files.push_back(std::move(*first));
    const auto identity = identify(files.front());
    if (!identity) return std::unexpected(identity.error());
    if (identity->index != 0 || identity->shards < 1) {
        return base::fail(fmt::format("{} belongs to another place in a store", files.front().path));
    }
    if (auto rest = open_rest(files, directory, *identity, options); !rest)
        return std::unexpected(rest.error());
    // Only now that all are known to be ours and not too new: a store is migrated as a whole or left alone.
    for (auto& file : files) {
        if (auto adopted = adopt_shard(file.database, file.path, shard_migrations()); !adopted)
            return std::unexpected(adopted.error());
    }
    return files;
}

}  // namespace homespun::sync::store::sqlite
