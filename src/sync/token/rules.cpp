#include "sync/token/rules.hpp"

#include <algorithm>

namespace homespun::sync::token {
namespace {

/// "x > y" of the sheet: false when one is absent.
bool above(std::optional<std::int64_t> x, std::optional<std::int64_t> y) {
    return x && y && *x > *y;
}

}  // namespace

std::optional<RuleBreach> broken_rule(const KeyFacts& request, const CurrentUser& current) {
    const auto& g = request.generation;
    const auto& k = request.keys_changed_at;
    const auto& c = request.client_state;
    const std::optional<std::int64_t> stored_g = current.generation;
    const auto& stored_k = current.keys_changed_at;
    const bool changed = c != current.client_state;
    if (above(k, stored_k) && above(k, g)) return RuleBreach::keys_changed_without_generation;
    if (!current.client_state.empty() && c.empty()) return RuleBreach::empty_client_state;
    if (std::ranges::find(current.old_client_states, c) != current.old_client_states.end()) {
        return RuleBreach::stale_client_state;
    }
    if (changed && g && *g <= current.generation) return RuleBreach::no_generation_change;
    if (changed && k && stored_k && *k <= *stored_k) return RuleBreach::no_keys_changed_at_change;
    if (above(stored_g, g)) return RuleBreach::old_generation;
    if (above(stored_k, k)) return RuleBreach::old_keys_changed_at;
    if (!k && stored_k && *stored_k != 0) return RuleBreach::old_keys_changed_at;
    return std::nullopt;
}

NewValues new_values(const KeyFacts& request, const CurrentUser& current) {
    NewValues values{current.generation, current.keys_changed_at};
    const auto& k = request.keys_changed_at;
    if (k) values.keys_changed_at = k;
    if (request.generation) {
        values.generation = *request.generation;
    } else if (k && *k > current.generation && (!current.keys_changed_at || *k > *current.keys_changed_at)) {
        values.generation = *k;
    }
    return values;
}

}  // namespace homespun::sync::token
