#pragma once
#include <string>
#include <string_view>

/// What strangers wrote, for a terminal: nothing in it may steer the terminal or change what stands where.
/// That is control characters (C0, DEL, C1), marks that are not seen, and those that change the direction of
/// writing. Pure.
namespace homespun::sync::client {

/// A valid JSON text on one line that means the same: such characters become \uXXXX.
std::string printable_json(std::string_view json);

/// Any bytes: such characters become \u{X}, what is no UTF-8 \xXX, a backslash two.
std::string printable_text(std::string_view text);

}  // namespace homespun::sync::client
