#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/random.hpp"
#include "net/http/message.hpp"

namespace homespun::sync::storage {

/// What the operator tells all clients of the storage until it is taken back.
struct NoticeBoard {
    std::int64_t backoff_s = 0;      ///< X-Weave-Backoff and X-Backoff of every answer; 0: none
    std::int64_t retry_after_s = 0;  ///< least Retry-After of every 503
    std::string alert{};             ///< X-Weave-Alert of every answer; empty: none
    bool operator==(const NoticeBoard&) const = default;
};

constexpr std::int64_t longest_notice_s = 7 * 24 * 3600;
constexpr std::size_t longest_alert = 1024;

/// Puts the operator's notices into answers, and asks clients to come back later by itself when writes pile
/// up (sync-1.5 sheet, 2 and 14). Thread-safe.
class Notices {
  public:
    void set(NoticeBoard board);
    [[nodiscard]] NoticeBoard get() const;

    /// `fullness`: how much of what may wait for a write does wait, 0 to 1. From a half on clients are asked
    /// to stay away, for longer the fuller it is. Every client is told something else, so that they do not
    /// come back together.
    void add_to(net::http::Response& response, double fullness);

  private:
    std::int64_t spread(std::int64_t seconds);

    std::atomic<bool> quiet_{true};  ///< the board is empty
    mutable std::mutex mutex_;
    NoticeBoard board_;
    std::atomic<std::uint64_t> turn_{0};
};

/// Seconds of back-off that a load of its own asks for; 0 below a half.
std::int64_t backoff_for(double fullness);

}  // namespace homespun::sync::storage
