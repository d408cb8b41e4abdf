#include "sync/ops/backup.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "sync/store/sqlite/file_copy.hpp"
#include "sync/store/sqlite/inspection.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sys/files.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::ops {
namespace {

namespace fs = std::filesystem;
namespace sqlite = store::sqlite;

/// A directory that goes unless it is kept: what an end by failure leaves is nothing.
class PartialDirectory {
  public:
    /// What an interrupted backup left under this name goes first; one that is under way keeps us out.
    static base::Result<PartialDirectory> make(const std::string& path) {
        if (::mkdir(path.c_str(), 0700) != 0) {
            if (errno != EEXIST)
                return base::fail(
                    fmt::format("cannot make the directory {}: {}", path, std::strerror(errno)));
            {
                auto lock = sys::DirectoryLock::take(path);
                if (!lock) return base::fail(fmt::format("another backup is being written to {}", path));
                std::error_code error;
                fs::remove_all(path, error);
                if (error)
                    return base::fail(
                        fmt::format("cannot remove {}, left by a backup that was interrupted: {}", path,
                                    error.message()));
            }
            if (::mkdir(path.c_str(), 0700) != 0)
                return base::fail(
                    fmt::format("cannot make the directory {}: {}", path, std::strerror(errno)));
        }
        auto lock = sys::DirectoryLock::take(path);
        if (!lock) return base::fail(fmt::format("another backup is being written to {}", path));
        return PartialDirectory(path, std::move(*lock));
    }
    PartialDirectory(PartialDirectory&& other) noexcept
        : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
    PartialDirectory& operator=(PartialDirectory&&) = delete;
    ~PartialDirectory() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    base::Result<void> rename_to(const std::string& target) {
        auto renamed = sys::rename_durably(path_, target, sys::Taken::refuse);
        if (renamed) path_.clear();
        return renamed;
    }

  private:
    PartialDirectory(std::string path, sys::DirectoryLock lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    std::string path_;
    sys::DirectoryLock lock_;
};

base::Result<std::int64_t> count_shards(const std::string& store) {
    const auto path = sqlite::shard_path(store, 0);
    auto first = sqlite::Database::open(path, {.read_only = true});
    if (!first) return base::fail(first.error().message);
    if (auto good = sqlite::judge_shard(*first, path); !good) return std::unexpected(good.error());
    const auto identity = sqlite::read_identity(*first);
    if (!identity) return base::fail(fmt::format("{}: {}", path, identity.error().message));
    return identity->shards;
}

/// One backup under way.
class Backup {
  public:
    Backup(const BackupRequest& request, std::string directory)
        : request_(request),
          directory_(std::move(directory)),
          manifest_{request.program, request.now_ms, {}, 0, {}, {}} {}

    base::Result<Manifest> run() {
        const auto shards = count_shards(request_.data + "/store");
        if (!shards) return std::unexpected(shards.error());
        manifest_.shards = *shards;
        if (::mkdir((directory_ + "/store").c_str(), 0700) != 0)
            return base::fail(fmt::format("cannot make {}/store: {}", directory_, std::strerror(errno)));
        base::Result<void> done;
        for (std::int64_t number = 0; done && number < *shards; ++number)
            done = copy(fmt::format("store/shard-{}.db", number), sqlite::FileKind::shard);
        if (done) done = copy("token.db", sqlite::FileKind::token);
        if (done) done = copy("accounts.db", sqlite::FileKind::accounts);
        // Data of before the services of 2010 have none.
        if (done && fs::exists(request_.data + "/registration.db"))
            done = copy("registration.db", sqlite::FileKind::registration);
        if (done) done = copy_secrets();
        if (done)
            done =
                sys::write_file_atomically(directory_ + "/manifest.json", manifest_.to_json() + "\n", 0600);
        if (done) done = sys::sync_path(directory_ + "/store");
        if (done) done = sys::sync_path(directory_);
        if (!done) return std::unexpected(done.error());
        return std::move(manifest_);
    }

  private:
    base::Result<void> copy(const std::string& name, sqlite::FileKind kind) {
        if (request_.stop.stop_requested()) return base::fail("the server is stopping: no backup was made");
        {
            auto source = sqlite::Database::open(request_.data + "/" + name, {.read_only = true});
            if (!source) return base::fail(source.error().message);
            if (auto copied = sqlite::copy_database(*source, directory_ + "/" + name); !copied) return copied;
        }
        HOMESPUN_KILL_POINT("backup");
        return read_back(name, kind);
    }

    base::Result<void> copy_secrets() {
        const std::string name = "secrets.json";
        if (auto copied = sys::copy_file(request_.data + "/" + name, directory_ + "/" + name); !copied)
            return copied;
        return add(name, 0, {});
    }

    /// A copy counts when it can be read from end to end. What breaks our own rules only is no reason to have
    /// none.
    base::Result<void> read_back(const std::string& name, sqlite::FileKind kind) {
        auto found = sqlite::inspect(directory_ + "/" + name, kind,
                                     {.immutable = true, .now = store::Timestamp::from_ms(request_.now_ms)});
        if (!found) return std::unexpected(found.error());
        if (found->damaged || found->format > sqlite::known_format(kind)) {
            return base::fail(fmt::format("{}/{} {}; run `homespun check`. No backup was made", request_.data,
                                          name, found->problems.front()));
        }
        for (const auto& problem : found->problems)
            manifest_.problems.push_back(fmt::format("{}: {}", name, problem));
        if (kind == sqlite::FileKind::shard) manifest_.store = found->store;
        return add(name, found->format, std::move(found->rows));
    }

    base::Result<void> add(const std::string& name, std::int64_t format, sqlite::Numbers rows) {
        auto digest = digest_file(directory_ + "/" + name);
        if (!digest) return std::unexpected(digest.error());
        manifest_.files.push_back({name, format, digest->bytes, std::move(digest->sha256), std::move(rows)});
        HOMESPUN_KILL_POINT("backup");
        return {};
    }

    const BackupRequest& request_;
    const std::string directory_;
    Manifest manifest_;
};

}  // namespace

base::Result<FileDigest> digest_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    base::Sha256 hash;
    std::string buffer(std::size_t{1} << 20, '\0');
    std::int64_t bytes = 0;
    while (file) {
        file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        hash.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())));
        bytes += file.gcount();
    }
    if (!file.eof()) return base::fail(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    return FileDigest{bytes, base::hex_encode(hash.finish())};
}

base::Result<Manifest> make_backup(const BackupRequest& request) {
    auto target = request.target;
    while (target.size() > 1 && target.ends_with('/'))
        target.pop_back();
    std::error_code error;
    if (fs::symlink_status(target, error).type() != fs::file_type::not_found) {
        return base::fail(fmt::format("{} exists already: name a directory that does not", target));
    }
    const bool at_once = HOMESPUN_PLANTED_FAULT("backup_in_place");
    auto partial = PartialDirectory::make(at_once ? target : target + ".partial");
    if (!partial) return std::unexpected(partial.error());
    auto manifest = Backup(request, partial->path()).run();
    if (!manifest) return manifest;
    HOMESPUN_KILL_POINT("backup");
    if (auto renamed = partial->rename_to(target); !renamed) return std::unexpected(renamed.error());
    HOMESPUN_KILL_POINT("backup");
    return manifest;
}

}  // namespace homespun::sync::ops
