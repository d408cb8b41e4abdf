#include "sync/store/sqlite/read_steps.hpp"

namespace homespun::sync::store::sqlite {

SqlResult<FoundCollection> find_collection(Database& database, UserId user, std::string_view name) {
    auto row = database.use("SELECT cid, modified FROM collection WHERE user = ?1 AND name = ?2");
    const auto found = row.bind(1, static_cast<std::int64_t>(user)).bind(2, name).step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return FoundCollection{};
    return FoundCollection{row.integer(0), {row.integer(1)}};
}

Failure read_failure(base::Logger& logger, const SqlError& error) {
    constexpr int later_s = 10;
    logger.error("read_failed", {{"code", std::int64_t{error.code}}, {"error", error.message}});
    return Failure{Failure::Kind::unavailable, {}, later_s, error.message};
}

}  // namespace homespun::sync::store::sqlite
