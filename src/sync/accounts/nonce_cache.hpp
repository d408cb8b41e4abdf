#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace homespun::sync::accounts {

/// Remembers which Hawk requests were seen, so that none is accepted twice. Only requests whose MAC was right
/// are added, hence only account holders can fill it; when it is full the oldest is forgotten. Thread-safe.
class NonceCache {
  public:
    /// `lifetime_ms`: how long a request could be accepted again, that is twice the window around our clock.
    NonceCache(std::int64_t lifetime_ms, std::size_t most) : lifetime_ms_(lifetime_ms), most_(most) {}

    /// False when this request was seen before.
    bool add(std::string_view id, std::string_view nonce, std::string_view timestamp, std::int64_t now_ms);
    [[nodiscard]] std::size_t size() const;

  private:
    struct Seen {
        std::int64_t at_ms;
        std::string digest;
    };

    const std::int64_t lifetime_ms_;
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::deque<Seen> order_;
    std::unordered_set<std::string> digests_;
};

}  // namespace homespun::sync::accounts
