#pragma once
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "seism/toxics/toxic.hpp"

namespace homespun::seism {

/// A toxic of a type of the catalogue; `attributes` is an object, or null for the standard values. The error
/// says what is known instead.
base::Result<Toxic> make_behaviour(std::string_view type, const base::json::Value* attributes);

/// How a matrix writes it: `refuse`, `latency:500` (the first attribute), `latency:latency=500,jitter=20`.
base::Result<Toxic> parse_behaviour(std::string_view text);

/// The attributes that are not standard: `latency=500 jitter=20`.
std::string attributes_text(const Toxic& toxic);

}  // namespace homespun::seism
