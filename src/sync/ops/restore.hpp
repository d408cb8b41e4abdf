#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "sync/ops/manifest.hpp"

namespace homespun::sync::ops {

struct RestoreRequest {
    std::string backup;
    std::string data;      ///< the data directory; the caller holds its lease
    bool replace = false;  ///< data that are there are moved aside
    std::int64_t now_ms = 0;
};

struct Restored {
    Manifest manifest;
    std::string moved_to;  ///< where the old data are now; empty when there were none
};

/// Reads the manifest of a backup and refuses formats that are too new for us.
base::Result<Manifest> read_manifest(const std::string& backup);

/// Whether one file of a backup is what the manifest says; the error names it.
base::Result<void> verify_file(const std::string& backup, const BackupFile& file);

/// Copies all files of a backup beside the data, checks each against the manifest, and only then renames them
/// into place. Refused, with nothing changed: a file that is not what the manifest says (named), a newer
/// format, data in the way without `replace`. An end in between leaves `restore.partial` in the data
/// directory, with which no server starts; restoring again mends it.
base::Result<Restored> restore_backup(const RestoreRequest& request);

/// Fails, saying what to do, where a restore was interrupted.
base::Result<void> refuse_unfinished_restore(const std::string& data);

}  // namespace homespun::sync::ops
