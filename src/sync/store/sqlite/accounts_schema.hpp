#pragma once
#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// Makes the tables of accounts.db, or checks that their format is one we know. `path` is for the message.
base::Result<void> prepare_accounts_schema(Database& database, const std::string& path);

}  // namespace homespun::sync::store::sqlite
