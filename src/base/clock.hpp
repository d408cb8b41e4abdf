#pragma once
#include <atomic>
#include <cstdint>

namespace homespun::base {

/// Wall-clock time. Passed in wherever time decides something, so that tests can move it. Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Milliseconds since 1970-01-01 UTC.
    [[nodiscard]] virtual std::int64_t now_ms() const = 0;
};

/// The system's clock, shifted by an offset that test-control verbs may set (0 in production).
class SystemClock final : public Clock {
  public:
    [[nodiscard]] std::int64_t now_ms() const override;
    void set_offset_ms(std::int64_t offset) { offset_ms_.store(offset, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t offset_ms() const { return offset_ms_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::int64_t> offset_ms_{0};
};

/// A clock that stands still until it is moved.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(std::int64_t now_ms) : now_ms_(now_ms) {}
    [[nodiscard]] std::int64_t now_ms() const override { return now_ms_.load(); }
    void set_ms(std::int64_t now) { now_ms_.store(now); }
    void advance_ms(std::int64_t by) { now_ms_.fetch_add(by); }

  private:
    std::atomic<std::int64_t> now_ms_;
};

}  // namespace homespun::base
