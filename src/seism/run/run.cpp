#include "seism/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <optional>
#include <utility>

#include "seism/experiment/variables.hpp"
#include "seism/monkey/schedule.hpp"
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
          until_(options.monkey ? steady_clock::time_point::max()
                                : steady_clock::now() + experiment.max_duration),
          live_(options.monkey ? std::optional<LiveFiles>()
                               : std::optional<LiveFiles>(std::in_place, options.folder)),
          record_(live_ ? &*live_ : nullptr),
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
            if (options_.monkey)
                play(*options_.monkey, outcome);
            else
                perturb_each(outcome);
            if (clients_ && !options_.monkey) wait_for_clients(outcome);
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
    /// Starts our application again when it has ended or did not recover, so that one red experiment does not
    /// make the next ones inconclusive.
    base::Result<void> restart_if_ill();
    void perturb_each(RunOutcome& outcome);
    void play(const MonkeyRun& monkey, RunOutcome& outcome);
    /// Perturbs at the same time, and judges it as one. Bites of each are left in `bites_`.
    void attempt(const std::string& name, const std::vector<Perturbation>& together, RunOutcome& outcome);
    /// Whether the application is well; puts it into the trial when not.
    bool wait_for_steady_state(Trial& trial);
    base::Result<void> perturb(const std::vector<Perturbation>& together, Trial& trial);
    /// Arms all, and stops each when its time is over. `rates` are connections a microsecond in the steady
    /// state.
    base::Result<Cycle> perturb_once(const std::vector<Perturbation>& together,
                                     const std::vector<double>& rates);
    void observe(const Perturbation& perturbation, Cycle& cycle);
    void collect(Trial& trial);
    void ask_log(const std::vector<Perturbation>& together, Trial& trial);
    void say_verdict(const JudgedTrial& judged) const;
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
    bool did_not_recover_ = false;   ///< in the last trial
    std::optional<LiveFiles> live_;  ///< not of a run without end: they grow
    Record record_;
    Application application_;
    Sampler sampler_;
    std::optional<LogReader> log_;
    std::unique_ptr<BackProxies> backs_;
    std::unique_ptr<Traffic> traffic_;
    std::optional<sys::Child> clients_;  ///< the command that makes the requests
    milliseconds patience_{10'000};
    std::vector<std::uint64_t> accepted_at_begin_;  ///< by back
    std::vector<std::uint64_t> bites_;
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

void Run::perturb_each(RunOutcome& outcome) {
    for (const auto& perturbation : experiment_.perturbations) {
        if (!nap(outcome.judgement.trials.empty() ? milliseconds(0) : experiment_.pause)) return;
        attempt(perturbation.name, {perturbation}, outcome);
        if (interrupted_ || !outcome.trouble.empty()) return;
    }
}

void Run::play(const MonkeyRun& monkey, RunOutcome& outcome) {
    constexpr milliseconds tidy{10'000};
    MonkeySchedule schedule(experiment_);
    const auto begin = steady_clock::now();
    while (!interrupted_ && outcome.trouble.empty()) {
        const auto event = schedule.next();
        // Events that take longer than they are apart begin late.
        const auto at = std::max(begin + event.at, steady_clock::now());
        if (monkey.time && at >= begin + *monkey.time) return;
        do {
            record_.forget(record_.now());
            backs_->forget(record_.now());
            const auto left = std::chrono::ceil<milliseconds>(at - steady_clock::now());
            if (!nap(std::clamp(left, milliseconds(0), tidy))) return;
        } while (steady_clock::now() < at);
        if (is_quiet(experiment_.monkey, std::chrono::system_clock::now())) {
            monkey.tell(event, nullptr);
            continue;
        }
        attempt(fmt::format("{}", event.number), event.perturbations, outcome);
        auto& trials = outcome.judgement.trials;
        if (trials.empty()) return;  // interrupted, or in trouble
        const MonkeyResult result{.judged = std::move(trials.back()), .bites = bites_};
        trials.clear();
        monkey.tell(event, &result);
    }
}

void Run::attempt(const std::string& name, const std::vector<Perturbation>& together, RunOutcome& outcome) {
    if (auto well = restart_if_ill(); !well) {
        outcome.trouble = well.error().message;
        return;
    }
    Trial trial{.name = name, .begin = record_.now(), .driven = experiment_.traffic.driven};
    auto thresholds = experiment_.thresholds;
    thresholds.next = 0;
    thresholds.within = {};
    for (const auto& each : together) {
        const auto& back = experiment_.backs[each.back].name;
        const std::string_view comma = trial.proxy.empty() ? "" : ", ";
        trial.proxy += fmt::format("{}{}", comma, back);
        trial.behaviour += fmt::format("{}{}", comma, each.toxic.type);
        trial.settings += fmt::format("{}{}", comma, each.settings());
        thresholds.next = std::max(thresholds.next, each.next);
        thresholds.within = std::max(thresholds.within, each.within);
        say(fmt::format("{}: {} {} on {}, {}{}", name, each.toxic.type, each.settings(), back,
                        duration_text(each.time), each.cycles > 1 ? fmt::format(" x {}", each.cycles) : ""));
    }
    accepted_at_begin_.clear();
    for (std::size_t i = 0; i < experiment_.backs.size(); ++i)
        accepted_at_begin_.push_back(backs_->accepted(i));
    bites_.assign(together.size(), 0);
    if (wait_for_steady_state(trial) && !interrupted_) {
        if (auto perturbed = perturb(together, trial); !perturbed)
            outcome.trouble = perturbed.error().message;
    }
    if (interrupted_ || !outcome.trouble.empty()) return;
    collect(trial);
    if (log_) ask_log(together, trial);
    outcome.judgement.trials.push_back(judge(std::move(trial), thresholds));
    const auto& judged = outcome.judgement.trials.back();
    say_verdict(judged);
    did_not_recover_ = std::ranges::any_of(judged.findings, [](const auto& finding) {
        return finding.rule == "recovery" && finding.colour == Colour::red;
    });
}

void Run::say_verdict(const JudgedTrial& judged) const {
    say(fmt::format("  {}", word_of(judged.overall)));
    for (const auto& finding : judged.findings) {
        if (finding.colour != Colour::green)
            say(fmt::format("  {} {}: {}", word_of(judged.weight_of(finding)), finding.rule,
                            finding.observed));
    }
}

base::Result<void> Run::restart_if_ill() {
    if (!application_.is_ours()) return {};
    if (application_.ended()) {
        say("the application has ended; it is started again");
    } else if (std::exchange(did_not_recover_, false)) {
        say("the application has not recovered; it is started again");
        application_.stop();
    } else {
        return {};
    }
    return start_application();
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

base::Result<void> Run::perturb(const std::vector<Perturbation>& together, Trial& trial) {
    const auto steady = static_cast<double>(record_.now() - trial.begin);
    std::vector<double> rates;
    for (const auto& each : together)
        rates.push_back(static_cast<double>(backs_->accepted(each.back) - accepted_at_begin_[each.back]) /
                        steady);
    Perturbation watched = together.front();  // as long as the most patient
    for (const auto& each : together) {
        watched.next = std::max(watched.next, each.next);
        watched.within = std::max(watched.within, each.within);
    }
    for (int i = 0; i < watched.cycles && !interrupted_; ++i) {
        auto cycle = perturb_once(together, rates);
        if (!cycle) return base::fail(cycle.error().message);
        trial.cycles.push_back(*cycle);
        observe(watched, trial.cycles.back());
    }
    return {};
}

base::Result<Cycle> Run::perturb_once(const std::vector<Perturbation>& together,
                                      const std::vector<double>& rates) {
    sampler_.weigh();
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < together.size(); ++i)
        order.push_back(i);
    for (const auto& each : together) {
        if (auto armed = backs_->arm(each); !armed) return base::fail(armed.error().message);
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return together[i].time; });
    Cycle whole{.armed = std::numeric_limits<Micros>::max()};
    milliseconds passed{0};
    for (const auto i : order) {
        nap(together[i].time - passed);
        passed = together[i].time;
        const double usual = rates[i] * static_cast<double>(micros(passed));
        const auto cycle = backs_->stop(together[i].back, static_cast<std::uint64_t>(usual));
        bites_[i] += cycle.bites;
        whole.armed = std::min(whole.armed, cycle.armed);
        whole.stopping = std::max(whole.stopping, cycle.stopping);
        whole.stopped = std::max(whole.stopped, cycle.stopped);
        whole.bites += cycle.bites;
        whole.inferred = whole.inferred || cycle.inferred;
        if (!cycle.first_bite) continue;
        whole.first_bite = std::min(whole.first_bite.value_or(*cycle.first_bite), *cycle.first_bite);
        whole.last_bite = std::max(whole.last_bite.value_or(0), *cycle.last_bite);
    }
    return whole;
}

bool Run::spins() const {
    const auto now = record_.now();
    const auto last = record_.samples(now - micros(milliseconds(500)), now);
    return !last.empty() && last.back().cpu >= experiment_.thresholds.spin;
}

/// Watches until the requests that count have come, those that hung have ended or are given up, and the
/// processes have settled: what a request held is let go only after its end.
void Run::observe(const Perturbation& perturbation, Cycle& cycle) {
    constexpr milliseconds look{50}, least{2'000};
    const auto since = [&] { return record_.now() - cycle.stopped; };
    auto last_ended = cycle.stopped;
    sampler_.weigh();
    while (nap(look)) {
        const bool waits = traffic_->waits_for(cycle.stopped);
        if (waits) last_ended = record_.now();
        const bool enough =
            record_.count_exchanges(cycle.stopped) >= static_cast<std::size_t>(perturbation.next);
        const bool no_more = clients_ && clients_->ended();
        if (!enough && !no_more && since() < micros(perturbation.within)) continue;
        if (waits || record_.now() - last_ended < micros(least)) continue;
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
}

/// Every back that was bitten must be in the log.
void Run::ask_log(const std::vector<Perturbation>& together, Trial& trial) {
    for (std::size_t i = 0; i < together.size(); ++i) {
        const auto expression = experiment_.log->match_for(experiment_.backs[together[i].back].name);
        if (expression.empty() || (together.size() > 1 && bites_[i] == 0)) continue;
        auto found = log_->look_for(expression);
        trial.logged = found.matched;
        trial.log_note = std::move(found.note);
        if (!found.matched) return;
    }
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
