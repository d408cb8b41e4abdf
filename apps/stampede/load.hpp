#pragma once
#include "options.hpp"

/// Exit codes of every command.
enum ExitCode : int {
    exit_well = 0,
    exit_not_held = 1,  ///< a demand was not held, or a comparison came out worse
    exit_failed = 2,    ///< wrong usage, or the work could not be done
    exit_inconclusive =
        3,  ///< the generator, the warm-up, wrong bodies or an interruption forbid a conclusion
};

/// `stampede run`
int run_load(const LoadOptions& options);
/// `stampede replay`; `options.replay` is there.
int run_replay(const LoadOptions& options);
/// `stampede capacity`
int run_capacity(const LoadOptions& options);
