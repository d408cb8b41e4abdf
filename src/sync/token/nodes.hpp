#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace homespun::sync::token {

/// A row of `nodes`: a storage server that users may be sent to (sync-1.5 sheet, 20 and 21).
struct Node {
    std::int64_t id = 0;
    std::string url;  ///< the endpoint of a user is `{url}/1.5/{uid}`
    std::int64_t available = 0, current_load = 0, capacity = 0;
    bool downed = false;       ///< takes nobody new; its old rows wait with their purge
    bool backing_off = false;  ///< takes nobody new
    bool own = false;          ///< this very program
    std::int64_t users = 0;    ///< rows that are not replaced, counted
};

/// What is to be different; absent = stays.
struct NodeChange {
    std::optional<std::int64_t> available{}, current_load{}, capacity{};
    std::optional<bool> downed{}, backing_off{};
};

/// What the generation of an ended account is raised to (sync-1.5 sheet, 22: retired).
inline constexpr std::int64_t retired_generation = std::numeric_limits<std::int64_t>::max();

/// A row of `users`.
struct UserRow {
    std::uint64_t uid = 0;
    std::string email;  ///< `<account>@<domain>`
    std::int64_t generation = 0;
    std::string client_state;
    std::int64_t created_at = 0;              ///< ms
    std::optional<std::int64_t> replaced_at;  ///< ms; absent: the one in force
    std::optional<std::int64_t> keys_changed_at;
    std::string node;  ///< its URL; empty when the row is gone
    bool node_is_own = false, node_downed = false;
};

}  // namespace homespun::sync::token
