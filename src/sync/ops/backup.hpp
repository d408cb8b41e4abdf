#pragma once
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "sync/ops/manifest.hpp"

namespace homespun::sync::ops {

struct BackupRequest {
    std::string data;     ///< the data directory
    std::string target;   ///< absolute; must not exist, its parent must
    std::string program;  ///< version, for the manifest
    std::int64_t now_ms = 0;
    std::stop_token stop{};  ///< looked at between files
};

/// Copies a data directory that is in use (by this process) or at rest (under the lease) into a directory of
/// its own: records first, then token.db, then accounts.db, then the secrets, so that nothing copied refers
/// to what the copy lacks (docs/operations.md). Written as `<target>.partial`, read back, synced, then
/// renamed. After a failure nothing is left. Blocks for as long as it takes.
base::Result<Manifest> make_backup(const BackupRequest& request);

/// Bytes and hash of a file; read piece by piece.
struct FileDigest {
    std::int64_t bytes = 0;
    std::string sha256;  ///< hex
};
base::Result<FileDigest> digest_file(const std::string& path);

}  // namespace homespun::sync::ops
