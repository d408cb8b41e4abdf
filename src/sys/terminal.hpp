#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::sys {

/// Whether a person sits at standard input.
bool stdin_is_terminal();

/// The next line of standard input without its line end. Where it is a terminal, `question` is written to
/// standard error first. Fails at the end of the input. For one thread at a time.
base::Result<std::string> ask(std::string_view question);

/// The same without showing what is typed. A signal that ends or stops the program finds the terminal as it
/// was before.
base::Result<std::string> ask_secret(std::string_view question);

}  // namespace homespun::sys
