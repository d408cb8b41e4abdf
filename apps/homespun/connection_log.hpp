#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "net/io/loop.hpp"
#include "net/io/server.hpp"

/// Counts the connections that the server ended, by reason, and sums them up in one log line a minute:
/// whoever opens thousands of slow ones shall not fill the log. Thread-safe once made; must outlive the
/// server.
class ConnectionLog {
  public:
    ConnectionLog(homespun::base::Logger& logger, homespun::base::metrics::Registry& metrics,
                  homespun::net::Loop& loop);
    void count(homespun::net::Ending ending);

  private:
    static constexpr std::size_t kinds = homespun::net::ending_words.size();
    void sum_up();

    homespun::base::Logger& logger_;
    std::array<homespun::base::metrics::Counter, kinds> counters_;
    std::array<std::atomic<std::uint64_t>, kinds> since_last_line_{};
};
