#include "sync/ops/restore.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sync/ops/backup.hpp"
#include "sync/store/sqlite/inspection.hpp"
#include "sys/files.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::ops {
namespace {

namespace fs = std::filesystem;
namespace sqlite = store::sqlite;

/// Not in backups of before the services of 2010.
constexpr const char* optional_name = "registration.db";
/// What a restore brings.
constexpr const char* restored_names[] = {"store", "token.db", "accounts.db", optional_name, "secrets.json"};
/// What must not stay beside it: a WAL of another database would be taken for its own.
constexpr const char* old_names[] = {
    "store",           "token.db",        "token.db-wal",    "token.db-shm",        "accounts.db",
    "accounts.db-wal", "accounts.db-shm", "registration.db", "registration.db-wal", "registration.db-shm",
    "secrets.json",    "setup-link"};

bool is_there(const std::string& path) {
    std::error_code error;
    return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

/// While files are copied; the data are as they were.
std::string staging_in(const std::string& data) {
    return data + "/restore.staging";
}
/// The same directory while names change: with it, the data are neither the old nor the new ones.
std::string swapping_in(const std::string& data) {
    return data + "/restore.partial";
}

base::Result<void> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    return base::fail(fmt::format("cannot make the directory {}: {}", path, std::strerror(errno)));
}

std::int64_t known_format_of(const std::string& name) {
    if (name == "secrets.json") return 0;
    if (name == "token.db") return sqlite::known_format(sqlite::FileKind::token);
    if (name == "accounts.db") return sqlite::known_format(sqlite::FileKind::accounts);
    if (name == optional_name) return sqlite::known_format(sqlite::FileKind::registration);
    return sqlite::known_format(sqlite::FileKind::shard);
}

/// Whether `path` is what the manifest says of `file`; `source` is what messages call it.
base::Result<void> compare(const std::string& path, const std::string& source, const BackupFile& file) {
    const auto digest = digest_file(path);
    if (!digest) return std::unexpected(digest.error());
    if (digest->bytes != file.bytes) {
        return base::fail(fmt::format("{} is damaged: it has {} bytes, the manifest says {}", source,
                                      digest->bytes, file.bytes));
    }
    if (digest->sha256 != file.sha256)
        return base::fail(fmt::format("{} is damaged: its SHA-256 is not the manifest's", source));
    return {};
}

/// The copy is checked, not the original: what is used afterwards is what was looked at.
base::Result<void> copy_checked(const std::string& backup, const std::string& to, const BackupFile& file) {
    const auto source = backup + "/" + file.name;
    const auto copy = to + "/" + file.name;
    if (auto copied = sys::copy_file(source, copy); !copied) return copied;
    return compare(copy, source, file);
}

base::Result<void> stage(const RestoreRequest& request, const Manifest& manifest,
                         const std::string& staging) {
    auto done = make_directory(staging);
    if (done) done = make_directory(staging + "/store");
    for (const auto& file : manifest.files) {
        if (!done) return done;
        done = copy_checked(request.backup, staging, file);
        HOMESPUN_KILL_POINT("restore");
    }
    if (done) done = sys::sync_path(staging + "/store");
    if (done) done = sys::sync_path(staging);
    if (done) done = sys::sync_path(request.data);
    return done;
}

/// From here on the data are not to be used. What an earlier restore left says the same, so it goes only when
/// what is staged has its name.
base::Result<void> begin_swapping(const std::string& staging, const std::string& swapping) {
    if (!is_there(swapping)) return sys::rename_durably(staging, swapping, sys::Taken::refuse);
    if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, swapping.c_str(), RENAME_EXCHANGE) != 0) {
        return base::fail(
            fmt::format("cannot exchange {} and {}: {}", staging, swapping, std::strerror(errno)));
    }
    HOMESPUN_KILL_POINT("restore");
    std::error_code error;
    fs::remove_all(staging, error);
    if (error) return base::fail(fmt::format("cannot remove {}: {}", staging, error.message()));
    return sys::sync_path(fs::path(swapping).parent_path());
}

/// A name below the data directory that nothing has yet.
std::string free_name(const std::string& data, std::int64_t now_ms) {
    auto stamp = utc_text(now_ms);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    const auto first = data + "/replaced-" + stamp;
    auto name = first;
    for (int i = 2; is_there(name); ++i)
        name = fmt::format("{}-{}", first, i);
    return name;
}

base::Result<std::string> move_aside(const RestoreRequest& request) {
    auto target = free_name(request.data, request.now_ms);
    auto done = make_directory(target);
    for (const auto* name : old_names) {
        const auto path = request.data + "/" + name;
        if (!done || !is_there(path)) continue;
        done = sys::rename_durably(path, target + "/" + name);
        HOMESPUN_KILL_POINT("restore");
    }
    if (!done) return std::unexpected(done.error());
    return target;
}

}  // namespace

base::Result<Manifest> read_manifest(const std::string& backup) {
    const auto path = backup + "/manifest.json";
    const auto text = sys::read_file(path);
    if (!text) {
        return base::fail(fmt::format("{} is no finished backup: {}", backup, text.error().message));
    }
    auto manifest = Manifest::parse(*text);
    if (!manifest) return base::fail(fmt::format("{} cannot be used: {}", path, manifest.error().message));
    for (const auto& file : manifest->files) {
        const auto known = known_format_of(file.name);
        if (file.format > known) {
            return base::fail(
                fmt::format("{}/{} has format {}, this program knows formats up to {}: restore it with the "
                            "newer version that made it ({})",
                            backup, file.name, file.format, known, manifest->program));
        }
    }
    return manifest;
}

base::Result<void> verify_file(const std::string& backup, const BackupFile& file) {
    const auto path = backup + "/" + file.name;
    return compare(path, path, file);
}

base::Result<Restored> restore_backup(const RestoreRequest& request) {
    auto manifest = read_manifest(request.backup);
    if (!manifest) return std::unexpected(manifest.error());
    bool occupied = false;
    for (const auto* name : restored_names)
        occupied |= is_there(request.data + "/" + name);
    if (occupied && !request.replace) {
        return base::fail(
            fmt::format("{} holds data: --replace moves them aside (nothing is deleted), or name another "
                        "directory with --data",
                        request.data));
    }
    const auto staging = staging_in(request.data);
    const auto swapping = swapping_in(request.data);
    std::error_code error;
    fs::remove_all(staging, error);
    if (error) return base::fail(fmt::format("cannot remove {}: {}", staging, error.message()));
    if (auto staged = stage(request, *manifest, staging); !staged) {
        fs::remove_all(staging, error);
        return base::fail(staged.error().message + "; nothing was restored");
    }
    if (auto begun = begin_swapping(staging, swapping); !begun) return std::unexpected(begun.error());
    HOMESPUN_KILL_POINT("restore");
    Restored restored{std::move(*manifest), {}};
    if (occupied) {
        auto moved = move_aside(request);
        if (!moved) return std::unexpected(moved.error());
        restored.moved_to = std::move(*moved);
    }
    for (const auto* name : restored_names) {
        if (name == optional_name && !is_there(swapping + "/" + name)) continue;
        auto renamed =
            sys::rename_durably(swapping + "/" + name, request.data + "/" + name, sys::Taken::refuse);
        if (!renamed) return std::unexpected(renamed.error());
        HOMESPUN_KILL_POINT("restore");
    }
    fs::remove(swapping, error);
    if (error) return base::fail(fmt::format("cannot remove {}: {}", swapping, error.message()));
    HOMESPUN_KILL_POINT("restore");
    if (auto synced = sys::sync_path(request.data); !synced) return std::unexpected(synced.error());
    return restored;
}

base::Result<void> refuse_unfinished_restore(const std::string& data) {
    if (!is_there(swapping_in(data)) || HOMESPUN_PLANTED_FAULT("start_half_restored")) return {};
    return base::fail(fmt::format(
        "a restore of {} was interrupted: run `homespun restore DIR --replace` again. What was there "
        "before it is in {}/replaced-…, if it had been moved already",
        data, data));
}

}  // namespace homespun::sync::ops
