#pragma once
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "seism/experiment/experiment.hpp"

/// Reads an experiment file's text, with what the environment tells of its back-ends.
std::expected<homespun::seism::Experiment, homespun::seism::Problems> load_experiment(
    const std::string& source, std::optional<std::uint64_t> seed);

/// Whether `word` is one of the commands below.
bool is_experiment_command(std::string_view word);

/// `run FILE [-- COMMAND…]`, `check FILE`, `replay VERDICT`, `import FILE`. What it gives is the exit code: 0
/// passed, 1 failed, 2 wrong usage or file, 3 inconclusive, 4 could not be carried out, 130 interrupted.
int run_experiment_command(std::span<const std::string> words);
