#include "sync/store/sqlite/store_files.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "sync/store/sqlite/shard_schema.hpp"

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

/// A file left over from an interrupted making holds no user: its making is done again.
base::Result<void> refuse_used(Database& database, const std::string& directory, const std::string& path) {
    const auto exists = shard_exists(database);
    if (!exists) return std::unexpected(told(exists.error()));
    if (!*exists) return {};
    auto row = database.use("SELECT EXISTS (SELECT 1 FROM collection)");
    if (const auto stepped = row.step(); !stepped) return std::unexpected(told(stepped.error()));
    if (row.integer(0) == 0) return {};
    return base::fail(
        fmt::format("{} is missing, but {} holds records: restore the missing file from a backup",
                    shard_path(directory, 0), path));
}

base::Result<void> create_all(const std::string& directory, std::size_t shards, const OpenOptions& options) {
    std::string store;
    for (std::size_t number = shards; number-- > 0;) {
        const auto path = shard_path(directory, number);
        if (fs::exists(path)) {
            auto left = open_file(path, options);
            if (!left) return std::unexpected(left.error());
            if (auto unused = refuse_used(left->database, directory, path); !unused) return unused;
            left->database = Database();
            fs::remove(path);
        }
        auto file = open_file(path, options);
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
    }
    return {};
}

base::Result<bool> store_exists(const std::string& directory, const OpenOptions& options) {
    const auto path = shard_path(directory, 0);
    std::error_code error;
    const bool present = fs::exists(path, error);
    if (error) return base::fail(fmt::format("cannot read {}: {}", path, error.message()));
    if (!present) return false;
    auto first = open_file(path, options);
    if (!first) return std::unexpected(first.error());
    const auto exists = shard_exists(first->database);
    if (!exists) return std::unexpected(told(exists.error()));
    return *exists;
}

base::Result<ShardIdentity> adopt(StoreFile& file) {
    if (auto adopted = adopt_shard(file.database, file.path, {}); !adopted)
        return std::unexpected(adopted.error());
    auto identity = read_identity(file.database);
    if (!identity) return std::unexpected(told(identity.error()));
    return std::move(*identity);
}

base::Result<void> open_rest(std::vector<StoreFile>& files, const std::string& directory,
                             const ShardIdentity& first, const OpenOptions& options) {
    for (std::int64_t number = 1; number < first.shards; ++number) {
        const auto path = shard_path(directory, static_cast<std::size_t>(number));
        if (!fs::exists(path)) {
            return base::fail(fmt::format("{} is missing: the store has {} shards. Restore it from a backup",
                                          path, first.shards));
        }
        auto file = open_file(path, options);
        if (!file) return std::unexpected(file.error());
        auto identity = adopt(*file);
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
    const auto identity = adopt(files.front());
    if (!identity) return std::unexpected(identity.error());
    if (identity->index != 0 || identity->shards < 1) {
        return base::fail(fmt::format("{} belongs to another place in a store", files.front().path));
    }
    if (auto rest = open_rest(files, directory, *identity, options); !rest)
        return std::unexpected(rest.error());
    return files;
}

}  // namespace homespun::sync::store::sqlite
