#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seism/experiment/fields.hpp"
#include "seism/toxics/toxic.hpp"
#include "seism/verdict/rules.hpp"
#include "seism/wire/conversation.hpp"

/// The experiment file: what is started, what is perturbed, how it is judged. docs/seism/experiment.md
/// describes it for people, docs/seism/experiment.schema.json for editors.
namespace homespun::seism {

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
    [[nodiscard]] std::string text() const;
};

/// The application: started by us, or found.
struct AppPlan {
    std::vector<std::string> command{};
    std::vector<std::pair<std::string, std::string>> environment{};
    std::string directory{};
    std::string ready{};  ///< URL that answers below 400 once it serves; empty: its port takes connections
    std::string stop{"TERM"};  ///< signal
    std::chrono::milliseconds start_within{30'000};
    int pid = 0;  ///< one that runs already
    std::string pidfile{};
};

struct FrontPlan {
    std::optional<HostPort> listen{};  ///< for the traffic of others
    HostPort upstream{};               ///< the application; port 0: found once it was started
};

struct BackPlan {
    std::string name{};
    HostPort listen{};                     ///< port 0: a free one
    HostPort upstream{};                   ///< port 0: told by the variables, variables.hpp
    std::vector<std::string> variables{};  ///< of the application's environment, that tell it of this back
    std::map<std::string, std::string> told_by{};  ///< the same with their values, which may hold passwords
    wire::Protocol protocol = wire::Protocol::tcp;
    bool strip_tls = false;
};

struct RequestPlan {
    std::string method{"GET"}, target{"/"};
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    std::int64_t weight = 1;
};

struct TrafficPlan {
    bool driven = true;
    double rate = 50;  ///< requests a second
    std::vector<RequestPlan> requests{};
    std::vector<std::string> masks{};  ///< golden.hpp
};

/// A condition on the requests of the steady state.
struct Probe {
    enum class Kind : std::uint8_t { status, p99_ms, error_rate };
    Kind kind = Kind::error_rate;
    std::vector<int> statuses{};
    double most = 0;
};

struct SteadyPlan {
    std::chrono::milliseconds time{2'000};
    std::vector<Probe> probes{};
    /// What is not met, or nothing.
    [[nodiscard]] std::optional<std::string> complaint(const std::vector<Exchange>& exchanges) const;
};

struct Perturbation {
    std::string name{};
    std::size_t back = 0;  ///< which of the backs
    Toxic toxic{};
    std::chrono::milliseconds time{5'000};
    int next = 20;  ///< requests watched after it, at most `within`
    std::chrono::milliseconds within{30'000};
    int cycles = 1;

    /// `latency=500 jitter=20`, toxicity and direction where they are not standard.
    [[nodiscard]] std::string settings() const;
};

/// Where the application's log is, and what it must gain for each back-end that was bitten.
struct LogPlan {
    bool output = false;  ///< what the application writes to its standard output and error
    std::string file{};
    std::vector<std::string> command{};  ///< prints the log
    std::string unit{};                  ///< of systemd's journal
    std::string match{};                 ///< RE2; `{back}` stands for the back-end's name
    std::vector<std::pair<std::string, std::string>> match_of{};  ///< by back-end
    [[nodiscard]] std::string match_for(std::string_view back) const;
};

/// A program that looks, after the run, whether the clients' data are right.
struct CheckPlan {
    std::vector<std::string> command{};
    std::chrono::milliseconds within{60'000};
};

/// Minutes of the day; `until` before `from` is the next day's.
struct QuietHours {
    int from = 0, until = 0;
};

/// Of `seism monkey`, which draws from the perturbations without end.
struct MonkeyPlan {
    std::chrono::milliseconds every{30'000};  ///< between two events, on average
    int at_once = 1;                          ///< backs that are perturbed at the same time, at most
    std::vector<QuietHours> quiet{};
};

struct Experiment {
    std::string title{}, description{};
    std::uint64_t seed = 1;
    AppPlan app{};
    FrontPlan front{};
    std::vector<BackPlan> backs{};
    TrafficPlan traffic{};
    SteadyPlan steady{};
    std::vector<Perturbation> perturbations{};  ///< the matrix spread out, in the order of the run
    std::chrono::milliseconds pause{1'000};     ///< between them
    MonkeyPlan monkey{};
    Thresholds thresholds{};
    std::optional<LogPlan> log{};
    std::optional<CheckPlan> client_state{};
    std::chrono::milliseconds max_duration{600'000};
};

/// Reads it strictly. All problems at once, each with its place and what to do. `seed` replaces the file's.
std::expected<Experiment, Problems> parse_experiment(std::string_view text,
                                                     std::optional<std::uint64_t> seed = {});

/// How long the run takes when the application answers at once.
[[nodiscard]] std::chrono::milliseconds shortest_run(const Experiment& experiment);

}  // namespace homespun::seism
