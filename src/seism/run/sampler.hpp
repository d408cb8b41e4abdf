#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "seism/recorder/process_watch.hpp"
#include "seism/recorder/record.hpp"

namespace homespun::seism {

/// Puts the figures of a process tree on record, five times a second, on a thread of its own. The calls are
/// for any thread.
class Sampler {
  public:
    explicit Sampler(Record& record);
    ~Sampler();
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    /// Looks at this one from now on; 0: at none.
    void watch(int pid);
    /// The next sample has the proportional memory, too.
    void weigh() { weigh_ = true; }

  private:
    void run();

    Record& record_;
    std::mutex mutex_;
    std::optional<ProcessWatch> watch_;
    std::atomic<bool> weigh_{false}, stopping_{false};
    std::thread thread_;
};

}  // namespace homespun::seism
