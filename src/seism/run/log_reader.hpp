#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seism/experiment/experiment.hpp"

namespace homespun::seism {

/// What a command printed, and how it ended; runs it to its end, at most so long. `output` is a file that is
/// used meanwhile and stays.
struct Printed {
    std::string text;
    bool succeeded = false;
    std::string how;  ///< `ended with status 1`
};
base::Result<Printed> run_command(const std::vector<std::string>& command, const std::string& output,
                                  std::chrono::milliseconds within);

/// The application's log: what it gains while something happens.
class LogReader {
  public:
    /// `own_output` is where Seism keeps what the application writes; `scratch` a file for a command's
    /// output.
    LogReader(const LogPlan& plan, std::string own_output, std::string scratch);

    /// What it gains counts from here.
    void mark();
    struct Found {
        bool matched = false;
        std::string note;  ///< the line that matched, or what there is instead
    };
    /// Whether a line that came since `mark` matches.
    [[nodiscard]] Found look_for(const std::string& expression) const;

  private:
    [[nodiscard]] base::Result<std::string> read() const;

    const LogPlan plan_;
    const std::string own_output_, scratch_;
    std::size_t marked_ = 0;
};

}  // namespace homespun::seism
