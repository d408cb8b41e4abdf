#pragma once

#include <string_view>

namespace homespun::barrel::rbr {

/// What to do instead of a word that other versions of the language, or people's habits, put there; empty
/// when there is nothing to say.
[[nodiscard]] std::string_view hint_for_definition(std::string_view word);
[[nodiscard]] std::string_view hint_for_statement(std::string_view word);
[[nodiscard]] std::string_view hint_for_command(std::string_view word);
[[nodiscard]] std::string_view hint_for_target(std::string_view prefix);
[[nodiscard]] std::string_view hint_for_method(std::string_view name);

}  // namespace homespun::barrel::rbr
