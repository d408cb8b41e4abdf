#include "options.hpp"

#include <CLI/CLI.hpp>

void add_load_options(CLI::App& command, LoadOptions& options) {
    command.add_option("url", options.url, "http://host:port/path; for Sync profiles with #SECRET behind it")
        ->required();
    command.add_option("-m,--model", options.model, "http, or a Sync profile: `stampede models` lists them")
        ->capture_default_str();
    command.add_option("--mix", options.mix_file, "file of weighted requests for the model http");
    command.add_option("-o,--output", options.output, "run folder (stampede-runs/TIME)");
    command.add_option("--watch", options.watch, "also watch NAME=pid:N,port:N,dir:PATH; may be repeated");
    command.add_flag("--no-watch", options.no_watch, "do not look for the process behind a loopback URL");
    command.add_option("--label", options.labels, "NAME=VALUE kept with the run; may be repeated");
    command.add_flag("-q,--quiet", options.quiet, "no live view");
    command.add_flag("--no-calibration", options.no_calibration, "do not measure the generator itself first");
    command.add_flag("--no-preparation", options.no_preparation,
                     "the records that the profile wants are there already");
    command.add_option("--arrivals", options.arrivals, "poisson or constant")
        ->check(CLI::IsMember({"poisson", "constant"}))
        ->capture_default_str();
    command.add_option("--connections", options.connections, "keep, or a new one per session or request")
        ->check(CLI::IsMember({"keep", "session", "request"}))
        ->capture_default_str();
    command.add_option("--most-connections", options.most_connections,
                       "connections open at once (what descriptors allow)");
    command.add_option("--seed", options.seed, "decides every random choice")->capture_default_str();
    command.add_option("-t,--threads", options.threads, "threads of the generator")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command.add_option("--timeout", options.timeout_s, "seconds from the moment a request is due")
        ->check(CLI::Range(0.01, 3600.0))
        ->capture_default_str();
    command.add_option("--population", options.population, "open model: sessions are of so many users")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--first-uid", options.first_uid, "Sync: the uid of the first user")
        ->capture_default_str();
    command.add_option("--accounts", options.accounts_file,
                       "Sync: users ask the token server at the URL, as the accounts of this file, which "
                       "`homespun seed` makes");
    command.add_option("--secret-file", options.secret_file,
                       "Sync: the secret stands in this file, not in the URL, where other users of the "
                       "machine would see it");
    command.add_option("--p99", options.demands.p99_ms, "demand: ms below which 99 % of the answers come")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command
        .add_option("--max-errors", options.demands.error_share, "demand: share of requests that may fail")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command
        .add_option("--min-good", options.demands.good_share,
                    "demand: share of what is offered that must end well")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--apdex", options.demands.apdex, "demand: least Apdex")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--apdex-target", options.demands.apdex_target_ms, "ms that satisfy")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--warm-up", options.warm_up, "most seconds of warm-up")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_run_options(CLI::App& command, LoadOptions& options) {
    auto* rate =
        command
            .add_option("-r,--rate", options.rate, "sessions a second, whatever the server does (open model)")
            ->check(CLI::PositiveNumber);
    auto* users =
        command.add_option("-u,--users", options.users, "users who rest between sessions (closed model)")
            ->check(CLI::PositiveNumber);
    auto* cycles =
        command.add_option("--cycles", options.cycles, "levels of users, like 10:20:40 (closed model)");
    rate->excludes(users)->excludes(cycles);
    users->excludes(cycles);
    command.add_option("-d,--duration", options.seconds, "counted seconds of each level")
        ->check(CLI::Range(1.0, 1e7))
        ->capture_default_str();
    command.add_option("--time-scale", options.time_scale, "rests are divided by this (closed model)")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--rest", options.rest_s, "seconds a user rests, instead of what the profile says")
        ->check(CLI::NonNegativeNumber);
}

void add_capacity_options(CLI::App& command, LoadOptions& options) {
    auto& capacity = options.capacity;
    command.add_option("--from", capacity.first_load, "sessions a second to begin with (felt out)")
        ->check(CLI::PositiveNumber);
    command.add_option("--level", capacity.level_s, "counted seconds of a level")
        ->check(CLI::Range(2.0, 3600.0))
        ->capture_default_str();
    command.add_option("--soak", capacity.soak_s, "seconds at the limit found; 0: none")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command.add_option("--push", capacity.push_s, "seconds at twice the limit; 0: none")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command.add_option("--precision", capacity.precision, "of the limit")
        ->check(CLI::Range(0.01, 0.5))
        ->capture_default_str();
    command.add_option("--price", capacity.price_a_month, "of the node a month: gives the cost of a user")
        ->check(CLI::PositiveNumber);
    command.add_option("--disk-gb", capacity.disk_gb, "of the node: may bound the users")
        ->check(CLI::PositiveNumber);
    command.add_option("--user-mb", capacity.mb_per_user, "a user takes on disk")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
}
