#pragma once
#include <string>

#include "stampede/results/run.hpp"

/// What a person sees while a run goes: one line that changes, and a line for each level that ended. Without
/// a terminal only the latter.
class LiveView {
  public:
    LiveView(bool quiet, double expected_s);
    void second(const homespun::stampede::Level& level, const homespun::stampede::Sample& sample);
    void level(const homespun::stampede::Level& level);
    void say(const std::string& line);
    /// Clears the changing line.
    void end();

  private:
    bool quiet_, terminal_;
    double expected_s_;
    bool shown_ = false;
};
