#pragma once
#include "options.hpp"

/// What `stampede model` is told on the command line.
struct LogModelOptions {
    std::vector<std::string> logs;  ///< "-": the standard input
    std::string mix_file;           ///< to be written; empty: none
    bool json = false;
};
void add_log_model_options(CLI::App& command, LogModelOptions& options);
/// `stampede model`: what the users of a log did.
int run_log_model(const LogModelOptions& options);

/// What `stampede replay` is told on the command line.
struct ReplayOptions {
    LoadOptions load;
    std::vector<std::string> logs;
};
void add_replay_options(CLI::App& command, ReplayOptions& options);
/// `stampede replay`: the requests of a log once more, user by user, at their times.
int run_log_replay(const ReplayOptions& options);
