#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace homespun::sync::ops {

/// Version of a backup's layout, kept in its manifest.
constexpr std::int64_t backup_format = 1;

/// One file of a backup.
struct BackupFile {
    std::string name;         ///< below the backup: `store/shard-N.db`, `accounts.db`, `token.db`,
                              ///< `registration.db`, `secrets.json`
    std::int64_t format = 0;  ///< of a database; 0 for secrets.json
    std::int64_t bytes = 0;
    std::string sha256;                                      ///< hex
    std::vector<std::pair<std::string, std::int64_t>> rows;  ///< by table

    bool operator==(const BackupFile&) const = default;
};

/// `manifest.json` of a backup (docs/operations.md): what belongs to it, and by what to see that it is whole.
struct Manifest {
    std::string program;  ///< the version that made it
    std::int64_t made_at_ms = 0;
    std::string store;        ///< the store's name, as in each of its shards
    std::int64_t shards = 0;  ///< how many the store has
    std::vector<BackupFile> files;
    std::vector<std::string> problems;  ///< what was wrong with the data when they were copied

    bool operator==(const Manifest&) const = default;
    [[nodiscard]] std::string to_json() const;
    /// Refuses other layouts, names that a backup never has, and a set of files that is not complete. The
    /// error does not name the file.
    static base::Result<Manifest> parse(std::string_view text);
};

/// "2026-11-21T17:06:29Z"
std::string utc_text(std::int64_t ms);

}  // namespace homespun::sync::ops
