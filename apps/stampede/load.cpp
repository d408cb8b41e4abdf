#include "load.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "live_view.hpp"
#include "model_choice.hpp"
#include "report_files.hpp"
#include "stampede/capacity/judge.hpp"
#include "stampede/models/replay_model.hpp"
#include "stampede/results/run_folder.hpp"
#include "sys/processes.hpp"
#include "sys/signals.hpp"

using namespace homespun;
using namespace homespun::stampede;

namespace {

std::atomic<bool> stopped = false;

/// The first signal ends the run early, with a partial report; a second one ends the program.
void listen_for_signals() {
    sys::block_signals({SIGINT, SIGTERM});
    std::thread([] {
        sys::wait_for_signal({SIGINT, SIGTERM}, -1);
        stopped = true;
        sys::wait_for_signal({SIGINT, SIGTERM}, -1);
        std::_Exit(exit_failed);
    }).detach();
}

int complain(const base::Error& error) {
    fmt::print(stderr, "stampede: {}\n", error.message);
    return exit_failed;
}

EngineSettings engine_settings(const LoadOptions& options, const Target& target, std::uint64_t users,
                               bool closed) {
    EngineSettings settings;
    settings.host = target.host;
    settings.port = target.port;
    settings.threads = options.threads;
    settings.arrivals = closed                           ? Arrivals::closed
                        : options.arrivals == "constant" ? Arrivals::constant
                                                         : Arrivals::poisson;
    settings.connections = options.connections == "session"   ? Connections::session
                           : options.connections == "request" ? Connections::request
                                                              : Connections::keep;
    settings.users = users;
    settings.seed = options.seed;
    settings.timeout = std::chrono::microseconds(static_cast<std::int64_t>(options.timeout_s * 1e6));
    settings.most_connections = options.most_connections;
    return settings;
}

base::Result<std::vector<Watched>> watched_by(const LoadOptions& options, const Target& target) {
    std::vector<Watched> watched;
    const auto address = net::TcpAddress::resolve(target.host, target.port);
    if (!options.no_watch && address && address->is_ipv4_loopback()) {
        if (auto service = watch_listener(target.port)) watched.push_back(std::move(*service));
    }
    for (const auto& text : options.watch) {
        auto one = Watched::parse(text);
        if (!one) return std::unexpected(one.error());
        watched.push_back(std::move(*one));
    }
    return watched;
}

/// Everything that `run` and `capacity` have in common: from the command line to the folder of results.
class Bench {
  public:
    Bench(const LoadOptions& options, std::string command) : options_(options) {
        run_.command = std::move(command);
    }

    base::Result<void> prepare(std::uint64_t users, bool closed, double expected_s) {
        auto choice = choose_model(options_);
        if (!choice) return std::unexpected(choice.error());
        choice_ = std::move(*choice);
        if (choice_.users > 0) users = choice_.users;
        auto watched = watched_by(options_, choice_.target);
        if (!watched) return std::unexpected(watched.error());
        // A server that is not there is no result but a mistake: told before anything is written.
        if (auto reached = reach_target(choice_.target); !reached) return reached;
        const auto path = options_.output.empty() ? default_folder() : options_.output;
        auto folder = RunFolder::make(path);
        if (!folder) return std::unexpected(folder.error());
        folder_ = std::make_unique<RunFolder>(std::move(*folder));
        view_ = std::make_unique<LiveView>(options_.quiet, expected_s);
        fill_head(closed);
        if (auto begun = folder_->begin(run_); !begun) return begun;
        if (auto measured = measure_generator(); !measured) return measured;
        if (auto stored = store_records(users); !stored) return stored;
        watch_ = std::make_unique<Watch>(std::move(*watched));
        auto engine = Engine::start(*choice_.model, engine_settings(options_, choice_.target, users, closed));
        if (!engine) return std::unexpected(engine.error());
        engine_ = std::move(*engine);
        conductor_ = std::make_unique<Conductor>(*engine_, *watch_, run_, hooks());
        return {};
    }

    Conductor& conductor() { return *conductor_; }
    const Model& model() const { return *choice_.model; }
    Run& run() { return run_; }

    int finish() {
        engine_.reset();
        run_.interrupted = stopped;
        conclude(run_);
        view_->end();
        auto written = folder_->finish(run_);
        if (written) written = write_report(run_, folder_->path());
        fmt::print("{}\n{}/report.html\n", run_.verdict, folder_->path());
        if (!written) return complain(written.error());
        if (trouble_) return complain(*trouble_);
        if (!run_.conclusive) return exit_inconclusive;
        return exit_well;
    }

  private:
    /// What a trend looks for stands under its own name: commit=1a2b3c.
    static std::pair<std::string, std::string> fact_of(const std::string& label) {
        const auto equals = label.find('=');
        const auto name = label.substr(0, equals);
        const bool known = name == "commit" || name == "branch" || name == "describe" || name == "date";
        if (equals == std::string::npos || !known) return {"label", label};
        return {name, label.substr(equals + 1)};
    }

    static std::string default_folder() {
        const auto now = std::time(nullptr);
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        const auto name =
            fmt::format("stampede-runs/{:04}{:02}{:02}-{:02}{:02}{:02}", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        auto free = name;
        for (int i = 2; std::filesystem::exists(free); ++i)
            free = fmt::format("{}-{}", name, i);
        return free;
    }

    void fill_head(bool closed) {
        run_.model = choice_.model->name();
        run_.target = choice_.target.text();
        run_.arrivals = closed ? "closed" : options_.arrivals;
        run_.types = choice_.model->types();
        run_.expected_mix = choice_.model->mix();
        run_.seed = options_.seed;
        run_.started_at_s = std::time(nullptr);
        run_.demands = options_.demands;
        run_.environment = sys::machine_facts();
        run_.environment.emplace_back("stampede", HOMESPUN_VERSION);
        run_.environment.emplace_back("threads", std::to_string(options_.threads));
        run_.environment.emplace_back("connections", options_.connections);
        run_.environment.emplace_back("command_line", options_.command_line);
        for (const auto& label : options_.labels)
            run_.environment.push_back(fact_of(label));
    }

    base::Result<void> measure_generator() {
        if (options_.no_calibration) return {};
        view_->say("calibrating the generator …");
        auto rate = calibrate(1);
        if (!rate) return std::unexpected(rate.error());
        run_.generator.null_rate = *rate;
        return {};
    }

    base::Result<void> store_records(std::uint64_t users) {
        if (!choice_.preparation || options_.no_preparation) return {};
        view_->say(fmt::format("storing records for {} users …", users));
        auto settings = engine_settings(options_, choice_.target, users, true);
        settings.timeout = std::chrono::minutes(2);
        auto engine = Engine::start(*choice_.preparation, settings);
        if (!engine) return std::unexpected(engine.error());
        (*engine)->set_load(static_cast<double>(users));
        std::uint64_t done = 0;
        while (done < users && !stopped) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            const auto harvest = (*engine)->collect();
            done += harvest.counts.sessions_finished;
            const auto all = harvest.counts.all();
            if (all.failed() > 0) {
                return base::fail(fmt::format(
                    "the records could not be stored: {}",
                    harvest.failures.empty() ? "requests failed" : harvest.failures.front().what));
            }
        }
        return {};
    }

    Conductor::Hooks hooks() {
        Conductor::Hooks hooks;
        hooks.is_stopped = [] { return stopped.load(); };
        hooks.on_second = [this](const Level& level, const Sample& sample) {
            view_->second(level, sample);
            note(folder_->add_sample(sample));
        };
        hooks.on_level = [this](const Level& level) {
            view_->level(level);
            note(folder_->add_level(run_, level));
        };
        return hooks;
    }

    /// The first failure to write; measuring goes on.
    void note(const base::Result<void>& done) {
        if (done || trouble_) return;
        trouble_ = done.error();
        view_->say("stampede: " + done.error().message);
    }

    const LoadOptions& options_;
    Run run_;
    ModelChoice choice_;
    std::unique_ptr<RunFolder> folder_;
    std::unique_ptr<LiveView> view_;
    std::unique_ptr<Watch> watch_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Conductor> conductor_;
    std::optional<base::Error> trouble_;
};

struct Leg {
    double load, seconds;
};

/// The levels of a run; the error names what is wrong with --cycles.
base::Result<std::vector<Leg>> legs_of(const LoadOptions& options) {
    if (options.rate > 0 && options.model == "spike-10x")
        return std::vector<Leg>{{options.rate, options.seconds / 3},
                                {10 * options.rate, options.seconds / 3},
                                {options.rate, options.seconds / 3}};
    if (options.rate > 0) return std::vector<Leg>{{options.rate, options.seconds}};
    if (options.users > 0) return std::vector<Leg>{{static_cast<double>(options.users), options.seconds}};
    if (options.cycles.empty())
        return base::fail(
            "say how much: --rate sessions a second, --users, or --cycles; or use `stampede capacity`");
    std::vector<Leg> legs;
    for (const auto part : base::split(options.cycles, ':')) {
        const auto users = base::parse_integer<std::uint64_t>(part);
        if (!users || *users == 0)
            return base::fail(fmt::format("--cycles {}: \"{}\" is no number of users", options.cycles, part));
        legs.push_back({static_cast<double>(*users), options.seconds});
    }
    return legs;
}

/// Over how long the users of a closed run come. All at once is what mass-reconnect is about.
double mean_rest_s(const LoadOptions& options, const Model& model) {
    if (model.name() == "mass-reconnect") return 0;
    if (options.rest_s >= 0) return options.rest_s / options.time_scale;
    const double an_hour = model.sessions_per_user_hour();
    return an_hour > 0 ? 3600 / an_hour / options.time_scale : 1;
}

}  // namespace

int run_load(const LoadOptions& options) {
    listen_for_signals();
    const auto legs = legs_of(options);
    if (!legs) return complain(legs.error());
    const bool closed = options.rate <= 0;
    std::uint64_t users = options.population;
    double expected = options.warm_up / 3;
    for (const auto& leg : *legs) {
        if (closed)
            users = static_cast<std::uint64_t>(leg.load) > users || &leg == legs->data()
                        ? static_cast<std::uint64_t>(leg.load)
                        : users;
        expected += leg.seconds;
    }
    Bench bench(options, "run");
    if (auto ready = bench.prepare(users, closed, expected); !ready) return complain(ready.error());
    auto& conductor = bench.conductor();
    if (closed) conductor.set_ramp(mean_rest_s(options, bench.model()));
    if (options.warm_up > 0) {
        conductor.settle(legs->front().load, options.warm_up);
    } else {
        conductor.set_settled(false);
    }
    for (const auto& leg : *legs) {
        if (conductor.is_stopped()) break;
        conductor.play(Purpose::fixed, leg.load, leg.seconds, &leg == legs->data() ? 0 : 1);
    }
    const int code = bench.finish();
    if (code != exit_well) return code;
    for (const auto& level : bench.run().levels) {
        if (level.purpose == Purpose::fixed && !level.good) return exit_not_held;
    }
    return exit_well;
}

int run_replay(const LoadOptions& options) {
    listen_for_signals();
    const auto& log = *options.replay;
    // Time for the last answers; what does not come in it counts as not answered.
    constexpr double patience_s = 2;
    const auto lasts = ReplayModel::duration(log.span_ms(), options.replay_scale);
    const double seconds = std::ceil(std::chrono::duration<double>(lasts).count()) + patience_s;
    Bench bench(options, "replay");
    const auto skipped = log.skipped().text();
    if (auto ready = bench.prepare(log.users(), true, seconds); !ready) return complain(ready.error());
    if (!skipped.empty()) bench.run().environment.emplace_back("replay", skipped);
    auto& conductor = bench.conductor();
    conductor.set_ramp(0);  // the log says when each user begins
    const auto level = conductor.play(Purpose::fixed, static_cast<double>(log.users()), seconds, 0);
    const int code = bench.finish();
    fmt::print("{} of {} requests of {} users were sent and answered, {} of them well\n{}{}",
               level.counts.all().total(), log.requests(), log.users(), level.counts.all().good, skipped,
               skipped.empty() ? "" : "\n");
    if (code != exit_well) return code;
    return level.good ? exit_well : exit_not_held;
}

int run_capacity(const LoadOptions& options) {
    listen_for_signals();
    Bench bench(options, "capacity");
    const auto& settings = options.capacity;
    constexpr double guessed_levels = 12;
    const double expected =
        options.warm_up / 3 + guessed_levels * settings.level_s * 1.2 + settings.soak_s + settings.push_s;
    if (auto ready = bench.prepare(options.population, false, expected); !ready)
        return complain(ready.error());
    auto plan = settings;
    plan.warm_up_most_s = options.warm_up;
    find_capacity(bench.conductor(), bench.model(), plan, bench.run());
    const int code = bench.finish();
    if (code != exit_well) return code;
    return bench.run().capacity && bench.run().capacity->sessions_per_s > 0 ? exit_well : exit_not_held;
}
