#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "sync/accounts/accounts_store.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// Version of the format of accounts.db, kept in the file's user_version.
constexpr std::int64_t accounts_format = 1;

/// Opens `path` (made when missing, readable by its owner only) and brings its format up to date. Refuses a
/// newer format, saying what to do. The result belongs to one thread at a time.
base::Result<std::unique_ptr<accounts::AccountsStore>> open_accounts(const std::string& path,
                                                                     const OpenOptions& options);

}  // namespace homespun::sync::store::sqlite
