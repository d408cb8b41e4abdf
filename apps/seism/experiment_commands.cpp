#include "experiment_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>

#include "base/json.hpp"
#include "seism/discovery/discover.hpp"
#include "seism/experiment/chaos_toolkit.hpp"
#include "seism/experiment/variables.hpp"
#include "seism/run/run.hpp"
#include "seism/verdict/artefacts.hpp"
#include "sys/files.hpp"

using namespace homespun;
using seism::ExitCode;

namespace {

struct Options {
    std::string file;
    std::string folder = "seism-out";
    std::optional<std::uint64_t> seed;
    bool strict = false;
    std::vector<std::string> off;
    std::vector<std::string> traffic;    ///< behind `--`: the clients, or without a file the application
    std::optional<std::uint16_t> front;  ///< of an application without a file
    std::vector<std::string> paths;      ///< of the same
    bool json = false;

    [[nodiscard]] bool is_without_file() const { return file.empty(); }
};

int code(ExitCode exit) {
    return static_cast<int>(exit);
}

int tell_problems(const std::string& file, const seism::Problems& problems) {
    for (const auto& problem : problems)
        fmt::print(stderr, "{}: {}\n", file, problem);
    return code(ExitCode::usage);
}

std::string quoted(const std::string& word) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./:=,@%+") == std::string::npos;
    if (plain) return word;
    std::string text = "'";
    for (const char letter : word)
        text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return text + "'";
}

std::string replay_command(const Options& options, std::uint64_t seed) {
    auto text = fmt::format("seism run {} --seed {}", quoted(options.file), seed);
    if (options.strict) text += " --strict";
    for (const auto& rule : options.off)
        text += " --off " + quoted(rule);
    if (options.traffic.empty()) return text;
    text += " --";
    for (const auto& word : options.traffic)
        text += " " + quoted(word);
    return text;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

seism::Variables own_environment() {
    seism::Variables variables;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view line(*each);
        const auto equals = line.find('=');
        if (equals != std::string_view::npos)
            variables.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return variables;
}

/// An experiment file for the command behind `--`; tells what was found. Nothing when that is nothing.
std::optional<std::string> discovered_experiment(const Options& options, std::string_view command) {
    const auto found = seism::discover_backs(own_environment());
    for (const auto& back : found.backs)
        fmt::print(stderr, "{} at {}, called {}: {}\n", seism::wire::word_of(back.place.protocol),
                   back.place.at.text(), back.name, fmt::join(back.variables, ", "));
    for (const auto& each : found.left_alone)
        fmt::print(stderr, "left alone: {}\n", each);
    if (!found.backs.empty())
        return seism::standard_experiment(
            found, {.command = options.traffic, .front = options.front, .paths = options.paths});
    fmt::print(
        stderr,
        "seism {0}: no variable of the environment tells of a back-end. These are looked at: those called\n"
        "…_URL, …_URI and …_DSN with a URL of postgres, mysql, mariadb, redis, memcached, ldap or http, and\n"
        "PGHOST, POSTGRES_HOST, MYSQL_HOST, MARIADB_HOST, REDIS_HOST, MEMCACHED_HOST, LDAP_HOST (with "
        "…PORT).\n"
        "Set one: DATABASE_URL=postgres://HOST/NAME seism {0} -- {1} …; or write an experiment file.\n",
        command, options.traffic.front());
    return std::nullopt;
}

int run_text(const Options& options, const std::string& source) {
    auto experiment = load_experiment(source, options.seed);
    if (!experiment) return tell_problems(options.file, experiment.error());
    auto& thresholds = experiment->thresholds;
    thresholds.strict = thresholds.strict || options.strict;
    for (const auto& rule : options.off) {
        if (!seism::is_rule(rule)) {
            fmt::print(stderr, "seism run: --off {}: there is no such rule\n", rule);
            return code(ExitCode::usage);
        }
        thresholds.off.insert(rule);
    }
    if (!options.traffic.empty()) experiment->traffic.driven = false;
    if (!experiment->traffic.driven && !experiment->front.listen) {
        fmt::print(stderr, "{}: front.listen is missing: where the traffic of others comes in\n",
                   options.file);
        return code(ExitCode::usage);
    }
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) {
        fmt::print(stderr, "seism run: {}: {}\n", options.folder, error.message());
        return code(ExitCode::environment);
    }
    const auto outcome = seism::run_experiment(
        *experiment, {.folder = options.folder, .traffic = options.traffic, .say = [](std::string_view line) {
                          fmt::print(stderr, "{}\n", line);
                      }});
    const seism::RunFacts facts{.title = experiment->title,
                                .description = experiment->description,
                                .version = HOMESPUN_VERSION,
                                .seed = experiment->seed,
                                .file = options.file,
                                .source = source,
                                .replay = replay_command(options, experiment->seed),
                                .off = options.off,
                                .traffic = options.traffic,
                                .hostname = host_name(),
                                .began = outcome.began,
                                .ended = outcome.ended,
                                .exit = outcome.exit_code(),
                                .trouble = outcome.trouble,
                                .events = outcome.events};
    if (auto written = seism::write_artefacts(options.folder, facts, outcome.judgement); !written) {
        fmt::print(stderr, "seism run: {}\n", written.error().message);
        return code(ExitCode::environment);
    }
    if (!outcome.trouble.empty()) fmt::print(stderr, "seism run: {}\n", outcome.trouble);
    if (outcome.interrupted) fmt::print(stderr, "interrupted; everything is taken back\n");
    fmt::print("{}: {}/report.html\n", word_of(outcome.judgement.overall()), options.folder);
    const auto counts = outcome.judgement.counts();
    fmt::print("{} passed, {} failed, {} skipped\n", counts.passed, counts.failed, counts.skipped);
    return code(outcome.exit_code());
}

/// `seism run -- COMMAND`: the experiment is left beside its results, to be run again or worked on.
int run_discovered(Options options) {
    const auto source = discovered_experiment(options, "run");
    if (!source) return code(ExitCode::usage);
    options.file = options.folder + "/experiment.json";
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);  // what is wrong with it, writing tells
    if (const auto written = sys::write_file_atomically(options.file, *source, 0644); !written) {
        fmt::print(stderr, "seism run: {}\n", written.error().message);
        return code(ExitCode::environment);
    }
    options.traffic.clear();
    return run_text(options, *source);
}

int run_file(const Options& options) {
    const auto source = sys::read_file(options.file);
    if (source) return run_text(options, *source);
    fmt::print(stderr, "seism run: {}\n", source.error().message);
    return code(ExitCode::usage);
}

int check_text(const Options& options, const std::string& source) {
    const auto experiment = load_experiment(source, options.seed);
    if (!experiment) return tell_problems(options.file, experiment.error());
    fmt::print("{}, seed {}, {} at least\n", experiment->title, experiment->seed,
               seism::duration_text(seism::shortest_run(*experiment)));
    for (const auto& each : experiment->perturbations)
        fmt::print("  {}: {} {} on {}, {}{}\n", each.name, each.toxic.type, each.settings(),
                   experiment->backs[each.back].name, seism::duration_text(each.time),
                   each.cycles > 1 ? fmt::format(" x {}", each.cycles) : "");
    return code(ExitCode::passed);
}

int check_discovered(Options options) {
    const auto source = discovered_experiment(options, "check");
    if (!source) return code(ExitCode::usage);
    if (options.json) {
        fmt::print("{}", *source);
        return code(ExitCode::passed);
    }
    if (!options.front) fmt::print(stderr, "the port that it opens is found when it runs; --front sets it\n");
    options.file = "seism check";
    return check_text(options, *source);
}

int check_file(const Options& options) {
    const auto source = sys::read_file(options.file);
    if (source) return check_text(options, *source);
    fmt::print(stderr, "seism check: {}\n", source.error().message);
    return code(ExitCode::usage);
}

/// Does again what a verdict.json tells of.
int replay_file(Options options) {
    const auto fail = [&](std::string_view why) {
        fmt::print(stderr, "seism replay: {}: {}\n", options.file, why);
        return code(ExitCode::usage);
    };
    const auto text = sys::read_file(options.file);
    if (!text) return fail(text.error().message);
    const auto verdict = base::json::parse(*text);
    if (!verdict) return fail(verdict.error().message);
    const auto* source = verdict->string("source");
    const auto* seed = verdict->integer("seed");
    const auto* file = verdict->string("file");
    if (!source || !seed || !file) return fail("this is no verdict.json of `seism run`");
    options.file = *file;
    options.seed = static_cast<std::uint64_t>(*seed);
    if (const auto* strict = verdict->boolean("strict")) options.strict = options.strict || *strict;
    for (auto [name, words] : {std::pair("off", &options.off), std::pair("traffic", &options.traffic)}) {
        const auto* list = verdict->member(name);
        for (const auto& word : list && list->array() ? *list->array() : base::json::Array()) {
            if (word.string()) words->push_back(*word.string());
        }
    }
    return run_text(options, *source);
}

/// Prints the experiment of another tool as one of ours.
int import_file(const Options& options) {
    const auto fail = [&](std::string_view why) {
        fmt::print(stderr, "seism import: {}: {}\n", options.file, why);
        return code(ExitCode::usage);
    };
    const auto text = sys::read_file(options.file);
    if (!text) return fail(text.error().message);
    const auto imported = seism::import_chaos_toolkit(*text);
    if (!imported) return fail(imported.error().message);
    for (const auto& note : imported->notes)
        fmt::print(stderr, "{}: {}\n", options.file, note);
    fmt::print("{}", imported->text);
    return code(ExitCode::passed);
}

void add_discovery_options(CLI::App& command, Options& options) {
    command.add_option("--seed", options.seed, "in place of the file's");
    command.add_option("--front", options.front, "without a file: the port of the application");
    command
        .add_option("--get", options.paths, "without a file: a path to ask for, / else; may be given again")
        ->check([](const std::string& path) {
            return path.starts_with('/') ? std::string() : path + " must begin with /";
        });
}

}  // namespace

std::expected<seism::Experiment, seism::Problems> load_experiment(const std::string& source,
                                                                  std::optional<std::uint64_t> seed) {
    auto experiment = seism::parse_experiment(source, seed);
    if (!experiment) return experiment;
    if (auto problems = seism::complete_backs(*experiment, own_environment()); !problems.empty())
        return std::unexpected(std::move(problems));
    return experiment;
}

bool is_experiment_command(std::string_view word) {
    constexpr std::array<std::string_view, 4> commands = {"run", "check", "replay", "import"};
    return std::ranges::find(commands, word) != commands.end();
}

int run_experiment_command(std::span<const std::string> words) {
    Options options;
    const auto dashes = std::ranges::find(words, "--");
    if (dashes != words.end()) options.traffic.assign(dashes + 1, words.end());
    CLI::App app("Perturb what an application depends on, and judge how it takes it.", "seism");
    app.require_subcommand(1);
    auto* run = app.add_subcommand("run",
                                   "carry an experiment out; behind -- a command that makes the requests, or "
                                   "without a file an application whose environment tells of its back-ends");
    auto* check = app.add_subcommand("check", "read an experiment and tell what it would do");
    auto* replay = app.add_subcommand("replay", "do once more what a verdict.json tells of");
    auto* import = app.add_subcommand("import", "print an experiment of the Chaos Toolkit as one of Seism");
    import->add_option("file", options.file, "experiment.json")->required();
    for (auto* command : {run, check, replay}) {
        auto* file =
            command->add_option("file", options.file, command == replay ? "verdict.json" : "the experiment");
        if (command == replay || options.traffic.empty()) file->required();
        if (command != replay) add_discovery_options(*command, options);
        if (command == check)
            command->add_flag("--json", options.json, "without a file: print the experiment");
        if (command == check) continue;
        command->add_option("-o,--output", options.folder, "folder for the report and all the rest")
            ->capture_default_str();
        command->add_flag("--strict", options.strict, "amber fails, too");
        command->add_option("--off", options.off, "do not ask this rule; may be given again");
    }
    std::vector<std::string> arguments(words.begin(), dashes);
    std::ranges::reverse(arguments);
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : code(ExitCode::usage);
    }
    if (!replay->parsed() && !import->parsed() && !options.is_without_file() &&
        (options.front || !options.paths.empty() || options.json)) {
        fmt::print(stderr, "seism: --front, --get and --json are for a command without an experiment file\n");
        return code(ExitCode::usage);
    }
    if (check->parsed()) return options.is_without_file() ? check_discovered(options) : check_file(options);
    if (import->parsed()) return import_file(options);
    if (replay->parsed()) return replay_file(options);
    return options.is_without_file() ? run_discovered(options) : run_file(options);
}
