#pragma once

#include <string>

#include "barrel/rbr/ast.hpp"

namespace homespun::barrel::rbr {

/// The paths of a checked file for people, one a line: methods, address below the root, name, auth, largest
/// body, target, extensions.
[[nodiscard]] std::string routes_table(const File& file);

/// The whole address of a path: the root and its url joined as the router does it.
[[nodiscard]] std::string full_address(const File& file, const Path& path);

}  // namespace homespun::barrel::rbr
