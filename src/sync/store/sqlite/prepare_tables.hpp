#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// For a database that is one file, of whose format there has been one only: makes its tables when it has
/// none, in one transaction. Refuses a format newer than `format`. `path` is for the messages.
base::Result<void> prepare_tables(Database& database, const std::string& path, std::int64_t format,
                                  std::string_view tables);

}  // namespace homespun::sync::store::sqlite
