#include "seism/wire/mysql_login.hpp"

#include <cstddef>

#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_bytes.hpp"

namespace homespun::seism::wire {

namespace capability = mysql_capability;

std::optional<std::uint64_t> read_mysql_greeting(std::string& payload, bool strip_tls) {
    static constexpr std::uint64_t unreadable = capability::tls | capability::compress | capability::zstd;
    const auto version_end = payload.find('\0', 1);
    const auto low_at = version_end == std::string::npos ? payload.size() : version_end + 14;
    if (payload.size() < low_at + 18 || payload.front() != '\x0a') return std::nullopt;
    const auto high_at = low_at + 5, mariadb_at = low_at + 14;
    const auto number_at = [&](std::size_t at, std::size_t size) {
        return MysqlBytes(std::string_view(payload).substr(at)).number(size);
    };
    auto capabilities = number_at(low_at, 2) | number_at(high_at, 2) << 16;
    if (strip_tls) {
        capabilities &= ~unreadable;
        for (std::size_t i = 0; i < 2; ++i) {
            payload[low_at + i] = static_cast<char>(capabilities >> 8 * i & 0xff);
            payload[high_at + i] = static_cast<char>(capabilities >> (16 + 8 * i) & 0xff);
        }
    }
    if ((capabilities & capability::is_mysql) == 0) capabilities |= number_at(mariadb_at, 4) << 32;
    return capabilities;
}

std::optional<std::uint64_t> read_mysql_login(std::string_view start) {
    MysqlBytes bytes(start);
    auto capabilities = bytes.number(4);
    bytes.take(24);
    const auto of_mariadb = bytes.number(4);
    if (!bytes) return std::nullopt;
    if ((capabilities & capability::is_mysql) == 0) capabilities |= of_mariadb << 32;
    return capabilities;
}

}  // namespace homespun::seism::wire
