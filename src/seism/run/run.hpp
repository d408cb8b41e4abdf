#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "seism/experiment/experiment.hpp"
#include "seism/verdict/judgement.hpp"

namespace homespun::seism {

struct RunOptions {
    std::string folder;                         ///< for what the application and the commands write; exists
    std::vector<std::string> traffic{};         ///< a command that makes the requests, in place of the driver
    std::function<void(std::string_view)> say;  ///< gets a line about each step
};

struct RunOutcome {
    Judgement judgement{};
    std::vector<PerturbationEvent> events{};
    std::chrono::system_clock::time_point began{}, ended{};
    std::string trouble{};     ///< why it could not be carried out; empty: it was
    bool interrupted = false;  ///< by a signal, or its time was up; everything was taken back
    [[nodiscard]] ExitCode exit_code() const;
};

/// Carries an experiment out, from the start of the application to the verdict. Whatever happens, what is
/// perturbed is taken back and what was started is ended. Blocks SIGINT, SIGTERM and SIGHUP, which end the
/// run; call it before there are other threads.
RunOutcome run_experiment(const Experiment& experiment, const RunOptions& options);

}  // namespace homespun::seism
