#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "seism/experiment/experiment.hpp"
#include "seism/monkey/journal.hpp"
#include "seism/verdict/judgement.hpp"

namespace homespun::seism {

/// Without end, in place of each perturbation once.
struct MonkeyRun {
    std::optional<std::chrono::milliseconds> time{};  ///< no event begins later
    /// Called with each event, once it was judged; null: quiet hours left it out.
    std::function<void(const MonkeyEvent&, const MonkeyResult*)> tell;
};

struct RunOptions {
    std::string folder;                         ///< for what the application and the commands write; exists
    std::vector<std::string> traffic{};         ///< a command that makes the requests, in place of the driver
    std::function<void(std::string_view)> say;  ///< gets a line about each step
    std::optional<MonkeyRun> monkey{};
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
/// run; call it before there are other threads. The outcome of a monkey's run holds no trials and no events.
RunOutcome run_experiment(const Experiment& experiment, const RunOptions& options);

}  // namespace homespun::seism
