#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/cursor.hpp"

namespace homespun::barrel::rbr {

[[nodiscard]] std::optional<Section::Kind> section_from(std::string_view word);

/// Reads one command of a section of this kind; false after an error, like everything of Cursor.
[[nodiscard]] bool parse_command(Cursor& cursor, Section::Kind section, Command& out);

/// Reads `value` or `( value, … )` behind an `x-…` word.
[[nodiscard]] bool extension_values(Cursor& cursor, std::vector<Literal>& out);

}  // namespace homespun::barrel::rbr
