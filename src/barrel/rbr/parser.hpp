#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/diagnostic.hpp"

namespace homespun::barrel::rbr {

/// Reads one RBR file. Stops at the first thing that is not RBR, or that is RBR of another version and has no
/// meaning here: whatever comes back is understood completely. Never throws on any input; takes linear time.
/// `file` is the name shown in diagnostics. Whether the parts fit together is a question for `check`.
[[nodiscard]] std::expected<File, Diagnostic> parse(std::string_view source, std::string file);

}  // namespace homespun::barrel::rbr
