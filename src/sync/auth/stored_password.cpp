#include "sync/auth/stored_password.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::string_view prefix = "{ARGON2ID}";
constexpr std::uint32_t most_passes = 64;
constexpr std::uint32_t most_memory_kib = 1 << 20;
constexpr std::uint32_t most_lanes = 16;

std::optional<std::uint32_t> number(std::string_view text, std::string_view name, std::uint32_t most) {
    if (!text.starts_with(name)) return std::nullopt;
    const auto value = base::parse_integer<std::uint32_t>(text.substr(name.size()));
    return value && *value >= 1 && *value <= most ? value : std::nullopt;
}

}  // namespace

std::string StoredPassword::text() const {
    return fmt::format("{}m={},t={},p={}${}${}", prefix, cost.memory_kib, cost.passes, cost.lanes,
                       base::base64_encode(salt, base::Base64::url_nopad),
                       base::base64_encode(hash, base::Base64::url_nopad));
}

std::optional<StoredPassword> StoredPassword::parse(std::string_view text) {
    if (!text.starts_with(prefix)) return std::nullopt;
    const auto parts = base::split(text.substr(prefix.size()), '$');
    if (parts.size() != 3) return std::nullopt;
    const auto costs = base::split(parts[0], ',');
    if (costs.size() != 3) return std::nullopt;
    const auto memory = number(costs[0], "m=", most_memory_kib);
    const auto passes = number(costs[1], "t=", most_passes);
    const auto lanes = number(costs[2], "p=", most_lanes);
    auto salt = base::base64_decode(parts[1], base::Base64::url_nopad);
    auto hash = base::base64_decode(parts[2], base::Base64::url_nopad);
    if (!memory || !passes || !lanes || !salt || !hash) return std::nullopt;
    if (salt->size() != accounts::password_salt_size || hash->size() != accounts::key_size)
        return std::nullopt;
    return StoredPassword{
        {.passes = *passes, .memory_kib = *memory, .lanes = *lanes}, std::move(*salt), std::move(*hash)};
}

}  // namespace homespun::sync::auth
