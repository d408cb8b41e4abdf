#pragma once
#include <vector>

#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {

/// The types that meet requests of a protocol; part of the catalogue.
[[nodiscard]] std::vector<ToxicType> request_types();

}  // namespace homespun::seism
