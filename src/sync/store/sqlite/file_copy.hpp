#pragma once
#include <string>

#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// Copies the whole database that `source` has open into the new file `to` (mode 0600), as of one moment, and
/// syncs the file; its directory is the caller's to sync. One step of SQLite's backup interface: a read
/// transaction that keeps no writer waiting, and which no writer makes begin anew, as it would a copy in
/// several steps. Meanwhile the WAL grows. `to` must not exist; after a failure it does not.
base::Result<void> copy_database(Database& source, const std::string& to);

/// The same under a temporary name, then renamed over `to`: whatever is called `to` is whole.
base::Result<void> copy_database_whole(Database& source, const std::string& to);

}  // namespace homespun::sync::store::sqlite
