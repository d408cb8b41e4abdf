#pragma once
#include <functional>

#include "stampede/capacity/watch.hpp"
#include "stampede/engine/engine.hpp"
#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// Plays loads on an engine, one stretch after another, and writes down every second of it: into `run`, and
/// to whoever wants to hear. Used from one thread, which it keeps until a stretch is over.
class Conductor {
  public:
    struct Hooks {
        std::function<void(const Level&, const Sample&)> on_second;  ///< the level as it stands
        std::function<void(const Level&)> on_level;                  ///< a level has ended
        std::function<bool()> is_stopped;                            ///< ends every stretch early
    };

    Conductor(Engine& engine, Watch& watch, Run& run, Hooks hooks);

    /// Holds `load` for `lead_in_s` uncounted and `seconds` counted seconds and judges it; the level is the
    /// last of run.levels then. A level that was stopped early has the seconds that it got.
    Level& play(Purpose purpose, double load, double seconds, double lead_in_s);
    /// Holds `load` until the median response time stays the same, at most `most_s`. True: it did.
    bool settle(double load, double most_s);
    /// No new sessions until what was begun has ended, at most `most_s`.
    void drain(double most_s);
    /// How long users who are new take to come, in the closed model: each begins at a moment within. As long
    /// as they rest, for a steady state from the first on.
    void set_ramp(double seconds) { ramp_s_ = seconds; }
    /// Marks the levels that follow.
    void set_settled(bool settled) { settled_ = settled; }
    [[nodiscard]] bool is_stopped() const { return hooks_.is_stopped && hooks_.is_stopped(); }
    [[nodiscard]] double now() const { return engine_.elapsed(); }

  private:
    /// One second: sleeps, collects, writes a sample. False when stopped.
    bool second(Level& level, bool counted);
    void keep_examples(Harvest& harvest);

    Engine& engine_;
    Watch& watch_;
    Run& run_;
    Hooks hooks_;
    double next_second_ = 0;
    double load_ = 0;
    double ramp_s_ = 1;
    double last_at_ = 0, last_cpu_ = 0;
    bool settled_ = true;
};

}  // namespace homespun::stampede
