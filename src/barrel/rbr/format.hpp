#pragma once

#include <string>

#include "barrel/rbr/ast.hpp"

namespace homespun::barrel::rbr {

/// Writes a tree as RBR in the one canonical layout. `parse(format(file)) == file`, comments included.
[[nodiscard]] std::string format(const File& file);

/// One value as it would stand in a file: `native:a.b`, `"text"`, `16k`.
[[nodiscard]] std::string to_string(const Target& target);
[[nodiscard]] std::string to_string(const Literal& literal);

}  // namespace homespun::barrel::rbr
