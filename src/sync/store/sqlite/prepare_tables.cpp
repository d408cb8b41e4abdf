#include "sync/store/sqlite/prepare_tables.hpp"

#include <fmt/format.h>

namespace homespun::sync::store::sqlite {
namespace {

/// Unless another program that shares the file has made them meanwhile.
SqlResult<void> make_tables(Database& database, std::int64_t format, std::string_view tables) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    const auto found = database.user_version();
    if (!found) return std::unexpected(found.error());
    if (*found != 0) return {};
    if (auto made = database.execute(tables); !made) return made;
    if (auto set = database.set_user_version(format); !set) return set;
    return transaction->commit();
}

}  // namespace

base::Result<void> prepare_tables(Database& database, const std::string& path, std::int64_t format,
                                  std::string_view tables) {
    const auto failed = [&](const SqlError& error) {
        return base::fail(fmt::format("cannot prepare {}: {}", path, error.message));
    };
    const auto found = database.user_version();
    if (!found) return failed(found.error());
    if (*found > format) {
        return base::fail(
            fmt::format("{} has format {}, and this program knows formats up to {}: it was written by a "
                        "newer version of homespun. Start that version, or restore the backup made "
                        "before the upgrade",
                        path, *found, format));
    }
    if (*found != 0) return {};
    if (auto made = make_tables(database, format, tables); !made) return failed(made.error());
    return {};
}

}  // namespace homespun::sync::store::sqlite
