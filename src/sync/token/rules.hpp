#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homespun::sync::token {

/// What a request says of the account's keys (sync-1.5 sheet, 19). 0 counts as "not given".
struct KeyFacts {
    std::optional<std::int64_t> generation;
    std::optional<std::int64_t> keys_changed_at;
    std::string client_state;  ///< hex
};

/// The current row of `users`, and the client states of the rows before it.
struct CurrentUser {
    std::uint64_t uid = 0;
    std::int64_t generation = 0;
    std::optional<std::int64_t> keys_changed_at;
    std::string client_state;
    std::vector<std::string> old_client_states;
};

enum class RuleBreach {
    keys_changed_without_generation,  ///< invalid-keysChangedAt
    empty_client_state,               ///< invalid-client-state, "empty string"
    stale_client_state,               ///< invalid-client-state, "stale value"
    no_generation_change,             ///< invalid-client-state, "new value with no generation change"
    no_keys_changed_at_change,        ///< invalid-client-state, "new value with no keys_changed_at change"
    old_generation,                   ///< invalid-generation
    old_keys_changed_at,              ///< invalid-keysChangedAt
};

/// The first rule the request breaks, in the order of the sheet, or nothing.
std::optional<RuleBreach> broken_rule(const KeyFacts& request, const CurrentUser& current);

/// The values the row has after a request that kept the rules.
struct NewValues {
    std::int64_t generation;
    std::optional<std::int64_t> keys_changed_at;
    bool operator==(const NewValues&) const = default;
};
NewValues new_values(const KeyFacts& request, const CurrentUser& current);

}  // namespace homespun::sync::token
