#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stampede/engine/tally.hpp"

namespace homespun::stampede {

/// What a stretch of load was for. Warm-up is never part of a figure.
enum class Purpose { warm_up, climb, bisect, soak, push, recover, fixed };
/// "warm-up", "climb", "bisect", "soak", "push", "recover", "fixed".
std::string_view name_of(Purpose purpose);
/// The other way; nothing for another name.
std::optional<Purpose> purpose_of(std::string_view name);

/// One stretch at one load.
struct Level {
    Purpose purpose = Purpose::fixed;
    double load = 0;     ///< what was asked for: sessions a second (open) or users (closed)
    double start_s = 0;  ///< since the run's beginning
    double seconds = 0;  ///< counted time
    Counts counts = {};
    bool good = true;      ///< held what was demanded
    std::string why = {};  ///< the first demand that was not held, in words; empty when good
    bool settled = true;   ///< the warm-up before it had come to rest; else its figures are marked
};

/// The watched server during one second. Every figure is absent when it could not be read.
struct ServerSample {
    std::string name = {};                 ///< "service", "storage", … as the command line calls it
    std::optional<double> cpu_cores = {};  ///< used, summed over its processes
    std::optional<double> resident_mb = {};
    std::optional<double> read_mb_s = {}, write_mb_s = {};
    std::optional<double> descriptors = {}, threads = {};
    std::optional<double> accept_queue = {};  ///< connections waiting to be accepted
    std::optional<double> storage_mb = {};    ///< of the watched directory
    std::optional<double> storage_free_mb = {};
    bool operator==(const ServerSample&) const = default;
};

/// One second of a run.
struct Sample {
    double at_s = 0;                             ///< its end, since the run's beginning
    double load = 0;                             ///< asked for in it
    double started = 0, good = 0;                ///< a second: sessions, requests
    std::array<double, error_classes> errors{};  ///< a second
    std::uint64_t in_flight = 0;                 ///< at its end
    std::uint64_t connections = 0;               ///< open at its end
    double p50_ms = 0, p99_ms = 0;               ///< response time of what ended in it; 0 when nothing did
    /// ms (bucket's upper edge) -> count: a column of the heat map.
    std::vector<std::pair<double, std::uint64_t>> latencies = {};
    double generator_cpu = 0;  ///< cores used by the load generator's threads, over their number: 0..1
    double send_lag_p99_ms = 0;
    std::vector<ServerSample> servers = {};
    std::optional<double> idle_cores = {};   ///< of this machine
    std::optional<double> other_cores = {};  ///< used by neither the generator nor what is watched here
    bool operator==(const Sample&) const = default;
};

/// What a level must hold to be good.
struct Demands {
    double p99_ms = 500;
    double error_share = 0.01;
    double good_share = 0.98;  ///< of what was offered
    double apdex = 0.85;
    double apdex_target_ms = 125;
    bool operator==(const Demands&) const = default;
};

/// How a server fails beyond its limit; `none` when it never did.
enum class FailureMode { none, latency, space, refused, errors, collapse, lock, unknown };
/// "none", "latency", "space", "refused", "errors", "collapse", "lock", "unknown".
std::string_view name_of(FailureMode mode);
std::optional<FailureMode> failure_mode_of(std::string_view name);

/// A slow or failed request, kept as an example.
struct Example {
    std::string type = {};
    double at_s = 0;
    double response_ms = 0;
    std::string what = {};  ///< status line or error class, and the first 200 bytes of a wrong answer
    bool operator==(const Example&) const = default;
};

/// How good the generator was; a run that it decided says nothing about the server.
struct GeneratorHealth {
    double cpu_peak = 0;         ///< share of its threads' time, worst level that counts
    double send_lag_p99_ms = 0;  ///< worst level that counts
    std::uint64_t out_of_ports = 0, out_of_descriptors = 0;
    double null_rate = 0;  ///< requests a second against the built-in null server; 0: not calibrated
    std::vector<std::string> doubts = {};  ///< why nothing may be concluded; empty when all is well
    bool operator==(const GeneratorHealth&) const = default;
};

/// A mean load and what it costs, as `capacity` says them.
struct Capacity {
    double sessions_per_s = 0;  ///< highest load that held
    double requests_per_s = 0;  ///< good requests there
    double lowest_bad = 0;      ///< lowest load that did not hold; 0 when none was found
    double users = 0;           ///< active users at the model's rate for one user and its peak factor
    std::string bound = {};     ///< which resource gives that number: "latency", "disk", "memory", …
    double cost_per_user = 0;   ///< a month, when the price of a node is known; else 0
    double recovery_s = -1;     ///< after the push, until a level was good again; < 0: it was not seen
    bool operator==(const Capacity&) const = default;
};

/// Everything a run knows. A run folder holds one.
struct Run {
    std::string command = {};  ///< "run", "capacity" or "replay"
    std::string model = {};
    std::string target = {};              ///< URL
    std::string arrivals = {};            ///< "poisson", "constant" or "closed"
    std::vector<std::string> types = {};  ///< names by number, as in Counts::types
    /// Type -> share of requests, as the model says; may be empty.
    std::vector<std::pair<std::string, double>> expected_mix = {};
    std::uint64_t seed = 0;
    std::int64_t started_at_s = 0;  ///< seconds since 1970
    /// Kernel, CPU, cores, versions, command line, labels.
    std::vector<std::pair<std::string, std::string>> environment = {};
    Demands demands = {};
    std::vector<Level> levels = {};
    std::vector<Sample> samples = {};
    std::vector<Example> slowest = {}, failures = {};
    GeneratorHealth generator = {};
    std::optional<Capacity> capacity = {};  ///< of `capacity`
    FailureMode failure = FailureMode::none;
    std::string failure_why = {};  ///< the evidence for `failure`, one sentence
    std::string verdict = {};      ///< the first line of every report, one sentence
    bool conclusive = true;        ///< false: generator, warm-up or wrong bodies forbid a conclusion
    bool interrupted = false;      ///< ended by a signal: the report is partial
};

}  // namespace homespun::stampede
