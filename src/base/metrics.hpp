#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::base::metrics {

/// The numbers of one worker: fixed slots that may lie in memory shared between processes, so that whichever
/// worker is asked can render the sum.
struct Page {
    static constexpr std::size_t slot_count = 2048;
    std::array<std::atomic<std::uint64_t>, slot_count> slots{};
};

/// Counts up. A handle into a page; copy freely. Thread-safe, lock-free.
class Counter {
  public:
    Counter() = default;
    explicit Counter(std::atomic<std::uint64_t>* slot) : slot_(slot) {}
    void add(std::uint64_t by = 1) const { slot_->fetch_add(by, std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t>* slot_ = nullptr;
};

/// Goes up and down (two's complement in its slot).
class Gauge {
  public:
    Gauge() = default;
    explicit Gauge(std::atomic<std::uint64_t>* slot) : slot_(slot) {}
    void add(std::int64_t by) const {
        slot_->fetch_add(static_cast<std::uint64_t>(by), std::memory_order_relaxed);
    }
    void set(std::int64_t to) const {
        slot_->store(static_cast<std::uint64_t>(to), std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t>* slot_ = nullptr;
};

/// Durations in fixed buckets (100 us … 10 s), as Prometheus' cumulative histogram in seconds.
class Histogram {
  public:
    Histogram() = default;
    explicit Histogram(std::atomic<std::uint64_t>* first) : first_(first) {}
    void observe_us(std::uint64_t microseconds) const;

    static constexpr std::array<std::uint64_t, 11> bounds_us = {
        100, 300, 1'000, 3'000, 10'000, 30'000, 100'000, 300'000, 1'000'000, 3'000'000, 10'000'000};
    static constexpr std::size_t slots = bounds_us.size() + 2;  ///< buckets, +Inf, sum in us

  private:
    std::atomic<std::uint64_t>* first_ = nullptr;
};

/// Gives out slots in a fixed order (so that all workers of one program agree) and renders Prometheus text.
/// Registration is thread-safe but belongs into start-up. `labels` is Prometheus syntax without braces:
/// `code="2xx"`.
class Registry {
  public:
    /// `mine` is this worker's page and must outlive the registry and every handle.
    explicit Registry(Page& mine) : mine_(mine) {}

    Counter counter(std::string_view name, std::string_view help, std::string_view labels = {});
    Gauge gauge(std::string_view name, std::string_view help, std::string_view labels = {});
    Histogram histogram(std::string_view name, std::string_view help, std::string_view labels = {});

    /// The sum over `pages` (this worker's own included by the caller) as Prometheus text format 0.0.4.
    [[nodiscard]] std::string render(std::span<const Page* const> pages) const;
    [[nodiscard]] std::string render() const;

  private:
    enum class Kind { counter, gauge, histogram };
    struct Family {
        Kind kind;
        std::string name, help, labels;
        std::size_t first;
    };
    std::atomic<std::uint64_t>* take(Kind kind, std::string_view name, std::string_view help,
                                     std::string_view labels, std::size_t slots);

    Page& mine_;
    mutable std::mutex mutex_;
    std::vector<Family> families_;
    std::size_t next_ = 0;
};

}  // namespace homespun::base::metrics
