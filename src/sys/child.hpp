#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace homespun::sys {

struct ChildPlan {
    std::vector<std::string> command;                                ///< found along PATH
    std::vector<std::pair<std::string, std::string>> environment{};  ///< besides our own
    std::string directory{};                                         ///< empty: ours
    std::string output{};  ///< file that standard output and error are appended to; empty: ours
};

/// A process of ours in a group of its own, so that it ends with its descendants. It starts with no signal
/// blocked. The destructor kills it. Not thread-safe.
class Child {
  public:
    /// The error names the program and the reason.
    static base::Result<Child> start(const ChildPlan& plan);
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child();

    [[nodiscard]] int pid() const { return pid_; }
    struct End {
        int code = 0;    ///< of its exit
        int signal = 0;  ///< that ended it, or 0
        /// `ended with status 1`, `was ended by signal 11`.
        [[nodiscard]] std::string text() const;
    };
    /// How it ended, once it has.
    std::optional<End> ended();
    /// Waits for it; nothing when the time is up.
    std::optional<End> wait_for(std::chrono::milliseconds longest);
    /// To it and its descendants.
    void signal(int number);
    /// `number`, and SIGKILL to what is there of its group after `patience`.
    End stop(int number, std::chrono::milliseconds patience);

  private:
    explicit Child(int pid) : pid_(pid) {}
    int pid_ = -1;
    std::optional<End> end_;
};

}  // namespace homespun::sys
