#include "seism/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "seism/experiment/variables.hpp"
#include "seism/recorder/phases.hpp"
#include "seism/recorder/record.hpp"
#include "seism/run/application.hpp"
#include "seism/run/back_proxies.hpp"
#include "seism/run/driver.hpp"
#include "seism/run/front_recorder.hpp"
#include "seism/run/live_files.hpp"
#include "seism/run/log_reader.hpp"
#include "seism/run/sampler.hpp"
#include "seism/verdict/figures.hpp"
#include "sys/child.hpp"
#include "sys/signals.hpp"

namespace homespun::seism {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Micros micros(milliseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

/// One run. What is a member is ended in the right order by the destructor: traffic, proxies, application.
class Run {
  public:
    Run(const Experiment& experiment, const RunOptions& options)
        : experiment_(experiment),
          options_(options),
          until_(steady_clock::now() + experiment.max_duration),
          live_(options.folder),
          application_(experiment.app, experiment.front.upstream, options.folder + "/app.log"),
          sampler_(record_) {
        if (experiment.log)
            log_.emplace(*experiment.log, options.folder + "/app.log", options.folder + "/log.txt");
    }

    RunOutcome carry_out() {
        RunOutcome outcome{.began = record_.began()};
        if (auto started = start(); !started) {
            outcome.trouble = started.error().message;
        } else {
            for (const auto& perturbation : experiment_.perturbations) {
                if (!nap(outcome.judgement.trials.empty() ? milliseconds(0) : experiment_.pause)) break;
                attempt(perturbation, outcome);
                if (interrupted_ || !outcome.trouble.empty()) break;
            }
            if (clients_) wait_for_clients(outcome);
            finish(outcome);
        }
        clients_.reset();
        traffic_.reset();
        backs_.reset();
        application_.stop();
        outcome.events = record_.events();
        outcome.interrupted = interrupted_;
        outcome.ended = std::chrono::system_clock::now();
        outcome.judgement.strict = experiment_.thresholds.strict;
        return outcome;
    }

  private:
    base::Result<void> start();
    base::Result<void> start_application();
    void tell_front() const;
    base::Result<void> start_driver();
    base::Result<void> start_front();
    /// Whether the clients were content, where a command makes the requests.
    void wait_for_clients(RunOutcome& outcome);
    void attempt(const Perturbation& perturbation, RunOutcome& outcome);
    /// Whether the application is well; puts it into the trial when not.
    bool wait_for_steady_state(Trial& trial);
    base::Result<void> perturb(const Perturbation& perturbation, Trial& trial);
    void observe(const Perturbation& perturbation, Cycle& cycle);
    void collect(Trial& trial);
    void ask_log(Trial& trial);
    void finish(RunOutcome& outcome);
    /// Sleeps; false when the run must end.
    bool nap(milliseconds time);
    [[nodiscard]] bool spins() const;
    void say(std::string_view line) const {
        if (options_.say) options_.say(line);
    }

    Experiment experiment_;  ///< with the ports that were found
    const RunOptions& options_;
    const steady_clock::time_point until_;
    LiveFiles live_;
    Record record_{&live_};
    Application application_;
    Sampler sampler_;
    std::optional<LogReader> log_;
    std::unique_ptr<BackProxies> backs_;
    std::unique_ptr<Traffic> traffic_;
    std::optional<sys::Child> clients_;  ///< the command that makes the requests
    milliseconds patience_{10'000};
    std::uint64_t accepted_at_begin_ = 0;
    bool interrupted_ = false;
};

base::Result<void> Run::start() {
    auto backs = BackProxies::open(experiment_, record_);
    if (!backs) return base::fail(backs.error().message);
    backs_ = std::move(*backs);
    for (std::size_t i = 0; i < experiment_.backs.size(); ++i)
        experiment_.backs[i].listen = backs_->listen(i);
    if (auto started = start_application(); !started) return started;
    if (experiment_.front.upstream.port == 0) tell_front();
    experiment_.front.upstream = application_.upstream();
    return experiment_.traffic.driven ? start_driver() : start_front();
}

base::Result<void> Run::start_application() {
    auto started = application_.start(redirected_environment(experiment_),
                                      [this](milliseconds time) { return nap(time); });
    if (started) sampler_.watch(application_.pid());
    return started;
}

void Run::tell_front() const {
    auto line = fmt::format("the application listens on {}", application_.upstream().text());
    for (const auto& other : application_.others())
        line += fmt::format(", and on {}", other.text());
    say(line);
}

base::Result<void> Run::start_driver() {
    auto driver = Driver::start(experiment_.front.upstream, experiment_.traffic, experiment_.seed, record_);
    if (!driver) return base::fail(driver.error().message);
    traffic_ = std::move(*driver);
    return {};
}

base::Result<void> Run::start_front() {
    auto front = FrontRecorder::open(experiment_, record_);
    if (!front) return base::fail(front.error().message);
    traffic_ = std::move(*front);
    if (!options_.traffic.empty()) {
        auto clients =
            sys::Child::start({.command = options_.traffic, .output = options_.folder + "/traffic.log"});
        if (!clients) return base::fail(clients.error().message);
        clients_ = std::move(*clients);
    }
    say("waiting for the first request at " + experiment_.front.listen->text());
    const auto until = steady_clock::now() + experiment_.app.start_within;
    while (record_.count_exchanges(0) == 0 && steady_clock::now() < until && nap(milliseconds(20))) {
        if (clients_ && clients_->ended()) break;
    }
    return {};
}

bool Run::nap(milliseconds time) {
    const auto end = std::min(steady_clock::now() + time, until_);
    while (!interrupted_) {
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
        if (left.count() <= 0) break;
        if (sys::wait_for_signal({SIGINT, SIGTERM, SIGHUP}, static_cast<int>(left.count())) != 0)
            interrupted_ = true;
    }
    if (steady_clock::now() >= until_ && !interrupted_) {
        interrupted_ = true;
        say(fmt::format("limits.max_duration is over: {}", duration_text(experiment_.max_duration)));
    }
    return !interrupted_;
}

void Run::attempt(const Perturbation& perturbation, RunOutcome& outcome) {
    const auto& back = experiment_.backs[perturbation.back];
    if (application_.ended() && application_.is_ours()) {
        say("the application has ended; it is started again");
        if (auto started = start_application(); !started) {
            outcome.trouble = started.error().message;
            return;
        }
    }
    Trial trial{.name = perturbation.name,
                .proxy = back.name,
                .behaviour = perturbation.toxic.type,
                .settings = perturbation.settings(),
                .begin = record_.now(),
                .driven = experiment_.traffic.driven};
    accepted_at_begin_ = backs_->accepted(perturbation.back);
    say(fmt::format("{}: {} {} on {}, {}{}", trial.name, trial.behaviour, trial.settings, back.name,
                    duration_text(perturbation.time),
                    perturbation.cycles > 1 ? fmt::format(" x {}", perturbation.cycles) : ""));
    if (wait_for_steady_state(trial) && !interrupted_) {
        if (auto perturbed = perturb(perturbation, trial); !perturbed)
            outcome.trouble = perturbed.error().message;
    }
    if (interrupted_ || !outcome.trouble.empty()) return;
    collect(trial);
    auto thresholds = experiment_.thresholds;
    thresholds.next = perturbation.next;
    thresholds.within = perturbation.within;
    outcome.judgement.trials.push_back(judge(std::move(trial), thresholds));
    const auto& judged = outcome.judgement.trials.back();
    say(fmt::format("  {}", word_of(judged.overall)));
    for (const auto& finding : judged.findings) {
        if (finding.colour != Colour::green)
            say(fmt::format("  {} {}: {}", word_of(judged.weight_of(finding)), finding.rule,
                            finding.observed));
    }
}

bool Run::wait_for_steady_state(Trial& trial) {
    sampler_.weigh();
    nap(experiment_.steady.time);
    const auto now = record_.now();
    trial.unsteady = experiment_.steady.complaint(record_.exchanges(trial.begin, now));
    if (trial.unsteady) return false;
    Trial before{.exchanges = record_.exchanges(trial.begin, now)};
    patience_ = experiment_.thresholds.hang_for(p99_of(before, Phase::before));
    traffic_->set_patience(patience_);
    if (log_) log_->mark();
    return true;
}

base::Result<void> Run::perturb(const Perturbation& perturbation, Trial& trial) {
    const auto steady = static_cast<double>(record_.now() - trial.begin);
    const auto usual = static_cast<double>(backs_->accepted(perturbation.back) - accepted_at_begin_);
    for (int i = 0; i < perturbation.cycles && !interrupted_; ++i) {
        sampler_.weigh();
        if (auto armed = backs_->arm(perturbation); !armed) return armed;
        nap(perturbation.time);
        const auto passed = static_cast<double>(micros(perturbation.time));
        trial.cycles.push_back(backs_->stop(static_cast<std::uint64_t>(usual * passed / steady)));
        observe(perturbation, trial.cycles.back());
    }
    return {};
}

bool Run::spins() const {
    const auto now = record_.now();
    const auto last = record_.samples(now - micros(milliseconds(500)), now);
    return !last.empty() && last.back().cpu >= experiment_.thresholds.spin;
}

/// Watches until the requests that count have come, those that hung are given up, and the processes have
/// settled.
void Run::observe(const Perturbation& perturbation, Cycle& cycle) {
    constexpr milliseconds look{50}, least{2'000};
    const auto since = [&] { return record_.now() - cycle.stopped; };
    sampler_.weigh();
    while (nap(look)) {
        const bool enough =
            record_.count_exchanges(cycle.stopped) >= static_cast<std::size_t>(perturbation.next);
        const bool no_more = clients_ && clients_->ended();
        if (!enough && !no_more && since() < micros(perturbation.within)) continue;
        if (traffic_->waits_for(cycle.stopped)) continue;
        if (since() < micros(least)) continue;
        if (spins() && since() < micros(experiment_.thresholds.spin_for + least)) continue;
        break;
    }
    cycle.settled = record_.now();
}

void Run::collect(Trial& trial) {
    trial.end = record_.now();
    while (traffic_->waits_for(trial.end) &&
           record_.now() - trial.end < micros(patience_ + milliseconds(500))) {
        if (!nap(milliseconds(5))) return;
    }
    trial.exchanges = record_.exchanges(trial.begin, trial.end);
    trial.samples = record_.samples(trial.begin, trial.end);
    trial.tainted = backs_->failed_since(trial.begin);
    trial.gone = application_.ended();
    if (log_) ask_log(trial);
}

void Run::ask_log(Trial& trial) {
    const auto expression = experiment_.log->match_for(trial.proxy);
    if (expression.empty()) return;
    auto found = log_->look_for(expression);
    trial.logged = found.matched;
    trial.log_note = std::move(found.note);
}

void Run::wait_for_clients(RunOutcome& outcome) {
    if (!clients_->ended()) say("waiting for the end of " + options_.traffic.front());
    while (!clients_->ended()) {
        if (!nap(milliseconds(50))) return;
    }
    if (experiment_.thresholds.off.contains("command")) return;
    const auto end = *clients_->ended();
    outcome.judgement.findings.push_back(
        {.rule = "command",
         .colour = end.code == 0 && end.signal == 0 ? Colour::green : Colour::red,
         .expected = "the command that makes the requests succeeds",
         .observed =
             fmt::format("{} {}; traffic.log has what it said", options_.traffic.front(), end.text())});
}

void Run::finish(RunOutcome& outcome) {
    if (interrupted_ || !outcome.trouble.empty() || !experiment_.client_state ||
        experiment_.thresholds.off.contains("client_state"))
        return;
    const auto& check = *experiment_.client_state;
    Finding finding{.rule = "client_state", .expected = "the check of the clients' data succeeds"};
    auto printed = run_command(check.command, options_.folder + "/client_state.log", check.within);
    if (!printed) {
        outcome.trouble = printed.error().message;
        return;
    }
    finding.colour = printed->succeeded ? Colour::green : Colour::red;
    finding.observed = fmt::format("{} {}", check.command.front(), printed->how);
    if (!printed->succeeded) finding.observed += "; client_state.log has what it said";
    say(fmt::format("client_state: {}", finding.observed));
    outcome.judgement.findings.push_back(std::move(finding));
}

}  // namespace

ExitCode RunOutcome::exit_code() const {
    if (interrupted) return ExitCode::interrupted;
    return trouble.empty() ? judgement.exit_code() : ExitCode::environment;
}

RunOutcome run_experiment(const Experiment& experiment, const RunOptions& options) {
    sys::block_signals({SIGINT, SIGTERM, SIGHUP});
    return Run(experiment, options).carry_out();
}

}  // namespace homespun::seism
