#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sync/easysetup/channels.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::easysetup {

/// Where channels outlive the program. Belongs to one thread at a time.
class ChannelFile {
  public:
    virtual ~ChannelFile() = default;
    struct Entry {
        std::string id;
        std::optional<Channel> channel;  ///< none: it has ended
    };
    virtual base::Result<std::vector<Entry>> load() = 0;
    /// All of them or none.
    virtual base::Result<void> save(const std::vector<Entry>& entries) = 0;
};

/// Keeps Channels in a file, so that a pairing goes on after a restart. Memory stays
/// what counts: a file that cannot be written is logged and tried again every second, and nobody is refused
/// for it. Thread-safe; what it is given outlives it.
class ChannelKeeper {
  public:
    /// `pool` has one thread, which the file belongs to once the server serves.
    ChannelKeeper(Channels& exchange, ChannelFile& file, sys::BlockingPool& pool, const base::Clock& clock,
                  base::Logger& logger)
        : exchange_(exchange), file_(file), pool_(pool), clock_(clock), logger_(logger) {}

    /// Takes up what was kept. At start, on the starting thread.
    base::Result<void> load();
    /// Writes what has changed, if anything; awaited before an answer that tells of the change. False when it
    /// could not be written.
    base::Task<bool> keep(base::Executor& home);

  private:
    base::Result<void> save();

    Channels& exchange_;
    ChannelFile& file_;
    sys::BlockingPool& pool_;
    const base::Clock& clock_;
    base::Logger& logger_;
    std::atomic<int> saving_ = 0;  ///< jobs that are queued or run
    std::atomic<bool> failing_ = false;
    std::atomic<std::int64_t> try_again_ms_ = 0;  ///< while failing
};

}  // namespace homespun::sync::easysetup
