#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace homespun::tests {

/// Ways to damage a store so that a checker must notice.
std::vector<std::string> tamperings();

/// Does one of them to a store that nobody has open; `directory` holds the shards. How many rows it
/// damaged: 0 when there is no such row just now.
base::Result<std::int64_t> tamper(const std::string& directory, const std::string& how);

}  // namespace homespun::tests
