#include "logs.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "load.hpp"
#include "model_choice.hpp"
#include "stampede/models/log_summary.hpp"
#include "stampede/models/replay_model.hpp"
#include "sys/files.hpp"

using namespace homespun;
using namespace homespun::stampede;

namespace {

int complain(std::string_view message) {
    fmt::print(stderr, "stampede: {}\n", message);
    return exit_failed;
}

/// Hands all requests of several logs to `taker`; `Taker` has add and add_others.
template <class Taker>
base::Result<void> read_logs(const std::vector<std::string>& logs, Taker& taker) {
    for (const auto& log : logs) {
        const auto lines = read_access_log(log, [&](const AccessLine& line) { taker.add(line); });
        if (!lines) return std::unexpected(lines.error());
        taker.add_others(lines->others);
    }
    return {};
}

base::Result<void> write_mix(const LogSummary& summary, const std::string& path) {
    const auto mix = summary.mix();
    if (mix.empty()) return base::fail("there is no request in the log: no mix to write");
    std::string text = "# Weights are how often a request came. Each stands for all of its kind.\n";
    if (summary.sync_requests() > 0) {
        text +=
            "# Requests to a Sync storage are not signed by the model http: use `stampede replay`, or a "
            "Sync\n"
            "# profile of `stampede models`, against a server that asks who it is.\n";
    }
    constexpr unsigned for_all_to_read = 0644;
    return sys::write_file_atomically(path, text + http_mix_text(mix), for_all_to_read);
}

}  // namespace

void add_log_model_options(CLI::App& command, LogModelOptions& options) {
    command.add_option("logs", options.logs, "access logs; - is the standard input")->required();
    command.add_option("--write", options.mix_file, "also write the mix, for `stampede run --mix`");
    command.add_flag("--json", options.json, "print JSON");
}

int run_log_model(const LogModelOptions& options) {
    LogSummary summary;
    if (auto read = read_logs(options.logs, summary); !read) return complain(read.error().message);
    fmt::print("{}{}", options.json ? summary.json() : summary.text(), options.json ? "\n" : "");
    if (options.mix_file.empty()) return exit_well;
    const auto written = write_mix(summary, options.mix_file);
    return written ? exit_well : complain(written.error().message);
}

void add_replay_options(CLI::App& command, ReplayOptions& options) {
    add_load_options(command, options.load);
    command.add_option("logs", options.logs, "access logs; - is the standard input")->required();
    command
        .add_option("--scale", options.load.replay_scale,
                    "times are divided by it: 60 makes an hour a minute")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    // The log says who asks for what and when.
    for (const auto* name :
         {"--model", "--mix", "--arrivals", "--population", "--warm-up", "--no-preparation", "--accounts"})
        command.remove_option(command.get_option(name));
    command.get_option("url")->description("http://host:port/path; for a Sync log with #SECRET behind it");
}

int run_log_replay(const ReplayOptions& options) {
    auto load = options.load;
    const auto target = target_of(load);
    if (!target) return complain(target.error().message);
    auto log = std::make_shared<ReplayLog>(!target->secret.empty());
    if (auto read = read_logs(options.logs, *log); !read) return complain(read.error().message);
    log->finish();
    load.replay = std::move(log);
    return run_replay(load);
}
