// Kills a `homespun serve` again and again under concurrent writers; after each new start it compares all
// that was acknowledged with what the server gives. README.md says how to run it and what it proves.
//
// Exit status: 0 nothing lost, 1 something is wrong, 2 the test could not be run.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/random.hpp"
#include "base/text.hpp"
#include "faults/tamper.hpp"
#include "faults/writer.hpp"
#include "integration/running_server.hpp"
#include "sync/ops/secrets.hpp"
#include "sys/files.hpp"

namespace homespun::tests {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr std::uint64_t shards = 2;

struct Options {
    int kills = 25;
    int writers = 64;
    int seconds = 0;  ///< 0: as long as it takes
    std::uint64_t seed = 1;
    bool arbiter = false;
    std::string kill_at, planted_fault, tamper;
    std::string data;
};

/// How one life of the server ends.
struct Death {
    std::string name;                           ///< for the summary
    std::vector<std::string> environment = {};  ///< how the server ends by itself; empty: killed from outside
    bool with_rests = false;  ///< the writers rest now and then, so that the server tidies up
    bool stopping = false;    ///< it is told to stop, and killed before it has
};

/// All deaths there are, drawn evenly; `kill -9` from outside as often as all others together.
class Deaths {
  public:
    explicit Deaths(std::uint64_t seed) : dice_(seed) {}

    Death next() {
        struct Kind {
            const char* name;
            std::uint64_t passes;  ///< the last of those at which it may strike
            bool with_rests;
        };
        // Names of kill points, and for `write…` the ends of file names: half of such a write is done.
        static constexpr Kind kinds[] = {
            {"before_commit", 400, false},   {"after_commit", 400, false},    {"batch_commit", 300, false},
            {"vacuum_step", 6, true},        {"vacuum_stepped", 2, true},     {"purge", 12, true},
            {"checkpoint_begin", 4, true},   {"checkpoint_end", 4, true},     {"write -wal", 2000, false},
            {"write shard-0.db", 300, true}, {"write shard-1.db", 300, true},
        };
        const bool outside = (++drawn_ % 2) == 1;
        if (outside && below(4) == 0) return {"from outside, stopping", {}, below(3) == 0, true};
        if (outside) return {"from outside", {}, below(3) == 0};
        const auto& kind = kinds[(drawn_ / 2 + offset_) % std::size(kinds)];
        const auto pass = 1 + below(kind.passes);
        const std::string name = kind.name;
        if (!name.starts_with("write "))
            return {name, {fmt::format("HOMESPUN_KILL_AT={}:{}", name, pass)}, kind.with_rests};
        return {name,
                {"LD_PRELOAD=" HOMESPUN_DISK_SHIM,
                 fmt::format("HOMESPUN_KILL_WRITE={}:{}", name.substr(6), pass)},
                kind.with_rests};
    }
    std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }

  private:
    std::mt19937_64 dice_;
    std::uint64_t offset_ = dice_();
    std::uint64_t drawn_ = 0;
};

class Run {
  public:
    explicit Run(const Options& options)
        : options_(options),
          port_(free_port()),
          data_(options.data.empty() ? scratch_.path() + "/data" : options.data),
          deaths_(options.seed) {}

    int run() {
        const auto begin = Steady::now();
        if (!start()) return 2;
        if (!make_writers()) return 2;
        while (killed_ < options_.kills && !is_wrong()) {
            if (options_.seconds > 0 && Steady::now() - begin > std::chrono::seconds(options_.seconds)) break;
            const bool lived = options_.arbiter ? live_under_arbiter() : live();
            if (!lived) return 2;
        }
        // An orderly end loses nothing either.
        if (!is_wrong()) {
            server_->stop();
            if (!start()) return 2;
            check_all();
        }
        if (!options_.tamper.empty() && damaged_ == 0) {
            fmt::print("cannot tamper: in {} deaths there was nothing to {}\n", killed_, options_.tamper);
            return 2;
        }
        return report(Steady::now() - begin);
    }

  private:
    /// Whether it answers.
    bool launch(const std::vector<std::string>& environment) {
        auto all = environment;
        if (!options_.planted_fault.empty())
            all.push_back("HOMESPUN_PLANTED_FAULT=" + options_.planted_fault);
        server_.emplace(data_, arguments(), port_, all);
        return server_->ready();
    }

    bool start() { return launch({}) || did_not_start(); }

    bool did_not_start() {
        fmt::print("the server did not start:\n{}\n", server_->output());
        return false;
    }

    bool make_writers() {
        base::SystemRandom random;
        const auto secrets = sync::ops::Secrets::load_or_create(data_, random);
        if (!secrets) {
            fmt::print("{}\n", secrets.error().message);
            return false;
        }
        const sync::protocol::Tokens tokens(secrets->token);
        for (int i = 0; i < options_.writers; ++i) {
            const auto number = static_cast<std::uint64_t>(i);
            writers_.push_back(
                std::make_unique<Writer>(port_, 1000 + number, options_.seed * 1000 + number, tokens));
        }
        return true;
    }

    /// One life: a fresh start that is told how to end, writers until it has ended, a start, a look at all.
    bool live() {
        auto death = deaths_.next();
        if (!options_.kill_at.empty())
            death = {options_.kill_at, {"HOMESPUN_KILL_AT=" + options_.kill_at}, true};
        server_->kill_now();
        if (!launch(death.environment)) return died_before_it_answered();
        const auto limit =
            death.environment.empty() ? std::chrono::milliseconds(50 + deaths_.below(1000)) : 8000ms;
        const auto ended = write_until_end(limit, death);
        ++deaths_by_name_[ended || death.environment.empty() ? death.name : "from outside"];
        const bool as_told = ended == -SIGKILL || (ended == 0 && death.stopping);
        if (ended && !as_told) return fell(*ended);
        ++killed_;
        return look_after_death();
    }

    /// A server tidies up as soon as it is there, which on a busy machine is before it answers anybody: the
    /// death that was drawn may strike then. That is no kill under writers, but a death to look after.
    bool died_before_it_answered() {
        const auto ended = server_->ended(0ms);
        if (!options_.kill_at.empty() || ended != -SIGKILL) return did_not_start();
        ++deaths_by_name_["before it answered"];
        return look_after_death();
    }

    /// A crash is no death that was asked for.
    bool fell(int status) {
        fmt::print("the server ended by itself with {}:\n{}\n", status, server_->output());
        return false;
    }

    bool look_after_death() {
        for (const auto& writer : writers_)
            unsure_ += writer->has_unsure() ? 1 : 0;
        if (!options_.tamper.empty() && !damage()) return false;
        if (deaths_.below(4) == 0 && !die_while_starting()) return false;
        if (!start()) return false;
        check_all();
        return true;
    }

    /// Whether it could try; a death may have left no row of the kind, the next one will.
    bool damage() {
        const auto rows = tamper(data_ + "/store", options_.tamper);
        if (!rows) {
            fmt::print("cannot tamper: {}\n", rows.error().message);
            return false;
        }
        damaged_ += *rows;
        return true;
    }

    /// After a death the start itself has something to repair.
    bool die_while_starting() {
        const auto at = fmt::format("HOMESPUN_KILL_AT=store_opening:{}", 1 + deaths_.below(shards));
        server_.emplace(data_, arguments(), port_, std::vector<std::string>{at});
        ++deaths_by_name_["store_opening"];
        const auto ended = server_->ended(0ms);
        if (!ended) fmt::print("the start was not interrupted\n");
        return ended == -SIGKILL || (ended && fell(*ended));
    }

    [[nodiscard]] std::vector<std::string> arguments() const {
        std::vector<std::string> arguments = {"--set", "log_level=warning", "--set",
                                              fmt::format("shards={}", shards)};
        if (!options_.arbiter) arguments.emplace_back("--no-arbiter");
        return arguments;
    }

    /// The worker is killed; its parent starts another. A parent gives up after five deaths within a minute.
    bool live_under_arbiter() {
        constexpr int deaths_of_one_parent = 4;
        if (killed_ > 0 && killed_ % deaths_of_one_parent == 0) {
            server_->stop();
            if (!start()) return false;
        }
        const auto worker =
            base::parse_integer<pid_t>(base::trim(sys::read_file(data_ + "/lease").value_or("")));
        if (!worker || *worker == server_->pid()) {
            fmt::print("the lease names no worker\n");
            return false;
        }
        worker_ = *worker;
        write_until_end(std::chrono::milliseconds(50 + deaths_.below(1000)),
                        {"worker", {}, deaths_.below(3) == 0});
        worker_ = 0;
        ++deaths_by_name_["worker from outside"];
        ++killed_;
        for (const auto& writer : writers_)
            unsure_ += writer->has_unsure() ? 1 : 0;
        if (!server_->answers(20)) {
            fmt::print("no new worker:\n{}\n", server_->output());
            return false;
        }
        check_all();
        return true;
    }

    /// Lets all write until the server has ended by itself, or ends it after `limit`. The status with which
    /// it ended by itself.
    std::optional<int> write_until_end(std::chrono::milliseconds limit, const Death& death) {
        std::atomic<bool> stop = false, rest = false;
        std::vector<std::thread> threads;
        for (auto& writer : writers_)
            threads.emplace_back([&] { writer->write(stop, rest); });
        const auto until = Steady::now() + limit;
        std::optional<int> ended;
        for (int slice = 0; !ended && Steady::now() < until && !is_wrong(); ++slice) {
            rest = death.with_rests && slice % 10 >= 6;  // 0.6 s of work, 0.4 s of rest
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now());
            if (worker_ == 0)
                ended = server_->ended(std::min(left, 100ms));
            else
                std::this_thread::sleep_for(std::min(left, 100ms));
        }
        if (death.stopping && !ended) {
            server_->ask_to_stop();
            ended = server_->ended(std::chrono::milliseconds(deaths_.below(40)));
        }
        if (worker_ > 0)
            kill(worker_, SIGKILL);
        else if (!ended)
            server_->kill_now();
        stop = true;
        for (auto& thread : threads)
            thread.join();
        return ended;
    }

    void check_all() {
        constexpr std::size_t lookers = 4;
        std::vector<std::thread> threads;
        for (std::size_t looker = 0; looker < lookers; ++looker) {
            threads.emplace_back([this, looker] {
                for (std::size_t i = looker; i < writers_.size(); i += lookers)
                    writers_[i]->check();
            });
        }
        for (auto& thread : threads)
            thread.join();
    }

    bool is_wrong() const {
        return std::ranges::any_of(writers_, [](const auto& writer) { return writer->is_wrong(); });
    }

    int report(Steady::duration took) const {
        std::uint64_t acknowledged = 0;
        for (const auto& writer : writers_)
            acknowledged += writer->acknowledged();
        for (const auto& [name, count] : deaths_by_name_)
            fmt::print("{:>5} deaths: {}\n", count, name);
        fmt::print("{} kills under writers, {} writes acknowledged, {} unanswered, {:.1f} s, seed {}\n",
                   killed_, acknowledged, unsure_, std::chrono::duration<double>(took).count(),
                   options_.seed);
        if (!is_wrong()) {
            fmt::print("nothing lost\n");
            return 0;
        }
        for (const auto& writer : writers_) {
            if (writer->is_wrong()) fmt::print("WRONG: {}\n", writer->wrong());
        }
        return 1;
    }

    const Options options_;
    sys::ScratchFolder scratch_;
    const std::uint16_t port_;
    const std::string data_;
    Deaths deaths_;
    std::optional<RunningServer> server_;
    std::vector<std::unique_ptr<Writer>> writers_;
    std::map<std::string, int> deaths_by_name_;
    pid_t worker_ = 0;
    int killed_ = 0;
    std::int64_t damaged_ = 0;
    std::uint64_t unsure_ = 0;
};

}  // namespace
}  // namespace homespun::tests

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    homespun::tests::Options options;
    CLI::App app{"Kills a homespun server under concurrent writers and looks whether anything was lost"};
    app.add_option("--kills", options.kills, "How many")->capture_default_str();
    app.add_option("--writers", options.writers, "Users who write at the same time")->capture_default_str();
    app.add_option("--seconds", options.seconds, "Stop killing after so many seconds");
    app.add_option("--seed", options.seed, "Of the writes and the deaths")->capture_default_str();
    app.add_flag("--arbiter", options.arbiter, "Kill workers of an arbiter");
    app.add_option("--kill-at", options.kill_at, "Only this death: NAME:N or NAME:N:MILLISECONDS");
    app.add_option("--planted-fault", options.planted_fault, "A mistake the server is to make");
    app.add_option("--tamper", options.tamper, "Damage the store after each death, to see that it is noticed")
        ->check(CLI::IsMember(homespun::tests::tamperings()));
    app.add_option("--data", options.data, "Keep the data here");
    CLI11_PARSE(app, argc, argv);
    return homespun::tests::Run(options).run();
}
