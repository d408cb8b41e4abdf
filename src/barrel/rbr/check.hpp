#pragma once

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/diagnostic.hpp"

namespace homespun::barrel::rbr {

/// Everything that is wrong with a file that parses: what is said twice or is missing, unknown types,
/// addresses that could never be reached, rules that contradict each other. Empty: the file holds together
/// and can be bound. In the order of the file, at most 100.
[[nodiscard]] Diagnostics check(const File& file);

}  // namespace homespun::barrel::rbr
