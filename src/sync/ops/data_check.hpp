#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sync/store/sqlite/inspection.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::ops {

/// What `homespun check` found.
struct DataCheck {
    struct File {
        std::string name;  ///< below the directory
        std::int64_t format = 0;
        store::sqlite::Numbers rows, notes;
    };
    std::vector<File> files;
    std::string store;                     ///< the store's name
    std::int64_t users_without_token = 0;  ///< have records, but no row in token.db: nobody can reach them
    std::vector<std::string> problems;     ///< one line each, beginning with a path
    [[nodiscard]] std::string to_json() const;
};

/// Looks at every file of a data directory, in use or at rest, or of a backup (`immutable`; then its files
/// are held against the manifest too). Reads only. Each file is looked at as of one moment of its own.
DataCheck check_data(const std::string& directory, bool immutable, store::Timestamp now);

}  // namespace homespun::sync::ops
