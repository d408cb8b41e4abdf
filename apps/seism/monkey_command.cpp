#include "monkey_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "experiment_commands.hpp"
#include "seism/monkey/journal.hpp"
#include "seism/run/run.hpp"
#include "sys/files.hpp"

using namespace homespun;
using seism::Colour;
using seism::ExitCode;
using std::chrono::system_clock;

namespace {

struct Options {
    std::string file;
    std::string folder = "seism-out";
    std::optional<std::uint64_t> seed;
    std::string time;
    bool dry = false;
    std::vector<std::string> traffic;
};

int fail(ExitCode code, std::string_view place, std::string_view what) {
    fmt::print(stderr, "{}: {}\n", place, what);
    return static_cast<int>(code);
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// The journal, and how often which verdict was in it.
class Journal {
  public:
    Journal(const seism::Experiment& experiment, File file)
        : experiment_(experiment), file_(std::move(file)) {}

    void add(const seism::MonkeyEvent& event, const seism::MonkeyResult* result) {
        const auto now = system_clock::now();
        const auto line = result ? seism::journal_line(experiment_, event, *result, now)
                                 : seism::quiet_line(experiment_, event, now);
        const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                             std::fflush(file_.get()) == 0;
        if (!written)
            fmt::print(stderr, "seism monkey: the journal cannot be written; this was event {}\n",
                       event.number);
        failed_ = failed_ || !written;
        if (result)
            ++counts_[result->judged.overall];
        else
            fmt::print(stderr, "{}: quiet hours\n", event.number);
    }
    [[nodiscard]] ExitCode exit_code(const seism::RunOutcome& outcome) const {
        if (!outcome.trouble.empty() || failed_) return ExitCode::environment;
        const auto bad = count(Colour::red) + (experiment_.thresholds.strict ? count(Colour::amber) : 0);
        if (bad > 0) return ExitCode::failed;
        return count(Colour::green) + count(Colour::amber) > 0 ? ExitCode::passed : ExitCode::inconclusive;
    }
    [[nodiscard]] std::size_t count(Colour colour) const {
        const auto found = counts_.find(colour);
        return found == counts_.end() ? 0 : found->second;
    }

  private:
    const seism::Experiment& experiment_;
    File file_;
    std::map<Colour, std::size_t> counts_;
    bool failed_ = false;
};

/// Without an end, so many events.
int print_schedule(const seism::Experiment& experiment, std::optional<std::chrono::milliseconds> time) {
    constexpr int some = 20;
    seism::MonkeySchedule schedule(experiment);
    const auto now = system_clock::now();
    fmt::print("seed {}; times as if it began now\n", experiment.seed);
    for (int i = 0; time || i < some; ++i) {
        const auto event = schedule.next();
        if (time && event.at >= *time) break;
        const bool quiet = seism::is_quiet(experiment.monkey, now + event.at);
        fmt::print("{} {:%F %T} {}{}\n", event.number,
                   fmt::localtime(system_clock::to_time_t(now + event.at)), event.text(),
                   quiet ? " (quiet hours: left out)" : "");
    }
    return 0;
}

int run_monkey(const Options& options, const seism::Experiment& experiment,
               std::optional<std::chrono::milliseconds> time) {
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    const auto path = options.folder + "/monkey.jsonl";
    File file(std::fopen(path.c_str(), "ae"), &std::fclose);
    if (!file) return fail(ExitCode::environment, path, "cannot be written");
    Journal journal(experiment, std::move(file));
    fmt::print(stderr, "seed {}; {}\n", experiment.seed,
               time ? "for " + seism::duration_text(*time) : "until it is interrupted");
    const auto tell = [&](const auto& event, const auto* result) { journal.add(event, result); };
    const auto outcome = seism::run_experiment(
        experiment, {.folder = options.folder,
                     .traffic = options.traffic,
                     .say = [](std::string_view line) { fmt::print(stderr, "{}\n", line); },
                     .monkey = seism::MonkeyRun{.time = time, .tell = tell}});
    if (!outcome.trouble.empty()) fmt::print(stderr, "seism monkey: {}\n", outcome.trouble);
    if (outcome.interrupted) fmt::print(stderr, "interrupted; everything is taken back\n");
    fmt::print("{} green, {} amber, {} red, {} inconclusive: {}\n", journal.count(Colour::green),
               journal.count(Colour::amber), journal.count(Colour::red), journal.count(Colour::grey), path);
    return static_cast<int>(journal.exit_code(outcome));
}

int run_options(const Options& options) {
    std::optional<std::chrono::milliseconds> time;
    if (!options.time.empty()) {
        time = seism::parse_duration(options.time);
        if (!time) return fail(ExitCode::usage, "seism monkey: --for", "must be like 250ms, 5s, 2m or 1h");
    }
    const auto source = sys::read_file(options.file);
    if (!source) return fail(ExitCode::usage, "seism monkey", source.error().message);
    const auto experiment = load_experiment(*source, options.seed);
    if (!experiment) {
        for (const auto& problem : experiment.error())
            fmt::print(stderr, "{}: {}\n", options.file, problem);
        return static_cast<int>(ExitCode::usage);
    }
    if (options.dry) return print_schedule(*experiment, time);
    auto chosen = *experiment;
    if (!options.traffic.empty()) chosen.traffic.driven = false;
    if (!chosen.traffic.driven && !chosen.front.listen)
        return fail(ExitCode::usage, options.file,
                    "front.listen is missing: where the traffic of others comes in");
    return run_monkey(options, chosen, time);
}

}  // namespace

int run_monkey_command(std::span<const std::string> words) {
    Options options;
    const auto dashes = std::ranges::find(words, "--");
    if (dashes != words.end()) options.traffic.assign(dashes + 1, words.end());
    CLI::App app("Perturb at random times without end; behind -- a command that makes the requests.",
                 "seism monkey");
    app.add_option("file", options.file, "the experiment: what is drawn from")->required();
    app.add_option("--for", options.time,
                   "no event begins later; without it it goes on until it is interrupted");
    app.add_option("--seed", options.seed, "in place of the file's");
    app.add_flag("--dry", options.dry, "print the schedule and do nothing");
    app.add_option("-o,--output", options.folder, "folder for the journal and the logs")
        ->capture_default_str();
    std::vector<std::string> arguments(words.begin() + 1, dashes);
    std::ranges::reverse(arguments);
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    return run_options(options);
}
