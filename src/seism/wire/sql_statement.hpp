#pragma once
#include <string>
#include <string_view>

namespace homespun::seism::wire {

/// The first word of an SQL statement in upper case (at most 32 letters), behind blanks, comments (`--`, `#`,
/// `/* */`; what stands in MySQL's `/*! */` counts) and parentheses; empty if there is none.
[[nodiscard]] std::string verb_of_statement(std::string_view statement);

/// Whether statements that begin with this word change data or its form. `SELECT` and `CALL` may, by what
/// they call; nobody can tell from outside, so they do not.
[[nodiscard]] bool verb_writes(std::string_view verb);

}  // namespace homespun::seism::wire
