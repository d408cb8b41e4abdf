#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

enum class FileKind { shard, accounts, token, registration };

/// The newest format of a kind of file that this program knows.
std::int64_t known_format(FileKind kind);

using Numbers = std::vector<std::pair<std::string, std::int64_t>>;

/// What was found in one database file, all as of one moment.
struct Inspection {
    std::int64_t format = 0;
    std::string store;                   ///< of a shard: the store's name
    std::int64_t index = 0, shards = 0;  ///< of a shard: which one, of how many
    bool damaged = false;                ///< SQLite cannot make sense of it
    std::vector<std::string> problems;   ///< one sentence each, without the file's name
    Numbers rows;                        ///< by table
    Numbers notes;                       ///< what is no problem and worth a number, like `waits_for_purge`
    std::vector<std::int64_t> users;     ///< rising; shard: who has collections, token.db: who has a row
};

struct InspectOptions {
    bool immutable = false;  ///< nobody writes the file: a backup
    Timestamp now;           ///< decides what has expired
};

/// Reads the whole file in one read transaction: SQLite's integrity check, then our own rules (sums of
/// collections, rows that belong to nobody, users in the wrong shard, nodes that are missing). Damage lands
/// in `problems`; the error is a file that cannot be opened or read at all, or one of another program.
base::Result<Inspection> inspect(const std::string& path, FileKind kind, const InspectOptions& options);

}  // namespace homespun::sync::store::sqlite
