#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "stampede/capacity/capacity.hpp"
#include "stampede/engine/engine.hpp"
#include "stampede/models/replay_log.hpp"

namespace CLI {
class App;
}

/// What `run` and `capacity` are told on the command line.
struct LoadOptions {
    std::string url;
    std::string model = "http";
    std::string mix_file;
    std::string output;  ///< run folder; empty: stampede-runs/TIME
    std::vector<std::string> watch, labels;
    bool no_watch = false;
    bool quiet = false;
    bool no_calibration = false;
    bool no_preparation = false;

    double rate = 0;  ///< sessions a second
    std::uint64_t users = 0;
    std::uint64_t population = 1'000'000;
    std::string cycles;  ///< "10:20:40": users of one level after another
    std::string arrivals = "poisson";
    std::string connections = "keep";
    double seconds = 30;
    double warm_up = 30;
    std::uint64_t seed = 1;
    unsigned threads = 1;
    double timeout_s = 10;
    std::uint64_t first_uid = 1;
    std::string accounts_file;
    std::string secret_file;
    double time_scale = 1;
    double rest_s = -1;
    std::uint64_t most_connections = 0;
    /// Of `replay`: what is asked for, instead of a model.
    std::shared_ptr<const homespun::stampede::ReplayLog> replay;
    double replay_scale = 1;

    homespun::stampede::Demands demands;
    homespun::stampede::CapacitySettings capacity;
    std::string command_line;
};

/// Adds what both commands take.
void add_load_options(CLI::App& command, LoadOptions& options);
/// Adds what only one of them takes.
void add_run_options(CLI::App& command, LoadOptions& options);
void add_capacity_options(CLI::App& command, LoadOptions& options);
