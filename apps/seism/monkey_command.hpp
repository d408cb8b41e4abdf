#pragma once
#include <span>
#include <string>

/// `seism monkey`; `words` begin with that. Returns the status to exit with.
int run_monkey_command(std::span<const std::string> words);
