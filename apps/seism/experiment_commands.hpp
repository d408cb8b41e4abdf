#pragma once
#include <span>
#include <string>

/// Whether `word` is one of the commands below.
bool is_experiment_command(std::string_view word);

/// `run FILE [-- COMMAND…]`, `check FILE`, `replay VERDICT`, `import FILE`. What it gives is the exit code: 0
/// passed, 1 failed, 2 wrong usage or file, 3 inconclusive, 4 could not be carried out, 130 interrupted.
int run_experiment_command(std::span<const std::string> words);
