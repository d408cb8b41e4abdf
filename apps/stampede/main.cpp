// stampede: how many users a server holds, and what breaks first. Exit codes: load.hpp.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "compare.hpp"
#include "load.hpp"
#include "logs.hpp"
#include "model_choice.hpp"
#include "report_files.hpp"
#include "watch_server.hpp"

namespace {

std::string joined(int count, char** words) {
    std::string line;
    for (int i = 0; i < count; ++i) {
        const std::string word = words[i];
        // The secret behind a URL is nobody's business who reads a report.
        const auto hash = word.starts_with("http") ? word.find('#') : std::string::npos;
        line += (i == 0 ? "" : " ") + (hash == std::string::npos ? word : word.substr(0, hash) + "#…");
    }
    return line;
}

void add_compare_options(CLI::App& command, CompareOptions& options) {
    command.add_option("folders", options.folders, "run folders")->required();
    command.add_option("-o,--output", options.output, "also write the page and the JSON there");
    command.add_flag("--json", options.json, "print JSON");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("How many users does it hold, and what breaks first?", "stampede");
    app.set_version_flag("--version", std::string("stampede ") + HOMESPUN_VERSION);
    app.require_subcommand(1);
    LoadOptions run, capacity;
    run.command_line = capacity.command_line = joined(argc, argv);

    auto* run_command = app.add_subcommand("run", "load a server and report");
    add_load_options(*run_command, run);
    add_run_options(*run_command, run);
    auto* capacity_command =
        app.add_subcommand("capacity", "find the highest load that holds, and how the server fails beyond");
    add_load_options(*capacity_command, capacity);
    add_capacity_options(*capacity_command, capacity);
    auto* models_command = app.add_subcommand("models", "list the models");
    CompareOptions diff, trend;
    auto* diff_command =
        app.add_subcommand("diff", "compare two runs, or two sets of repeats: A1,A2,… B1,B2,…");
    add_compare_options(*diff_command, diff);
    diff_command->get_option("folders")->expected(2);
    diff_command->add_flag("--force", diff.force,
                           "compare runs of different environments, or inconclusive ones");
    auto* trend_command = app.add_subcommand("trend", "follow many runs over time");
    add_compare_options(*trend_command, trend);
    trend_command
        ->add_option("--recent", trend.recent, "a worsening counts when it began within so many runs")
        ->capture_default_str();
    std::string reported;
    auto* report_command = app.add_subcommand("report", "write a run's report anew, and print it in short");
    report_command->add_option("folder", reported, "run folder")->required();

    WatchOptions watch;
    auto* watch_command =
        app.add_subcommand("watch", "tell a stampede on another host what processes here use");
    watch_command->add_option("what", watch.what, "NAME=pid:N,port:N,dir:PATH; one or more")->required();
    watch_command->add_option("--listen", watch.listen, "address and port")->capture_default_str();
    LogModelOptions log_model;
    auto* log_model_command = app.add_subcommand("model", "tell what the users of an access log did");
    add_log_model_options(*log_model_command, log_model);
    ReplayOptions replay;
    replay.load.command_line = run.command_line;
    auto* replay_command = app.add_subcommand("replay", "send the requests of an access log once more");
    add_replay_options(*replay_command, replay);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_well : exit_failed;
    }
    if (*run_command) return run_load(run);
    if (*capacity_command) return run_capacity(capacity);
    if (*log_model_command) return run_log_model(log_model);
    if (*replay_command) return run_log_replay(replay);
    if (*diff_command) return run_diff(diff);
    if (*trend_command) return run_trend(trend);
    if (*report_command) return run_report(reported);
    if (*watch_command) return run_watch(watch);
    if (*models_command) list_models();
    return exit_well;
}
