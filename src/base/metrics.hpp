#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::base::metrics {

/// The numbers of one worker: fixed slots that may lie in memory shared between processes, so that whichever
/// worker is asked can render the sum.
struct Page {
    static constexpr std::size_t slot_count = 16'384;
    static constexpr std::size_t line = 8;  ///< slots of a cache line
    alignas(64) std::array<std::atomic<std::uint64_t>, slot_count> slots{};
};

/// Counts up. A handle into a page; copy freely. Thread-safe, lock-free. One that no registry gave out counts
/// nothing: whoever counts needs no registry in tests.
class Counter {
  public:
    Counter() = default;
    explicit Counter(std::atomic<std::uint64_t>* slot) : slot_(slot) {}
    void add(std::uint64_t by = 1) const {
        if (slot_ != nullptr) slot_->fetch_add(by, std::memory_order_relaxed);
    }
    /// For what somebody else counts and we only look up (Registry::before_render).
    void set(std::uint64_t to) const {
        if (slot_ != nullptr) slot_->store(to, std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t>* slot_ = nullptr;
};

/// Goes up and down (two's complement in its slot).
class Gauge {
  public:
    Gauge() = default;
    explicit Gauge(std::atomic<std::uint64_t>* slot) : slot_(slot) {}
    void add(std::int64_t by) const {
        if (slot_ != nullptr) slot_->fetch_add(static_cast<std::uint64_t>(by), std::memory_order_relaxed);
    }
    void set(std::int64_t to) const {
        if (slot_ != nullptr) slot_->store(static_cast<std::uint64_t>(to), std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t>* slot_ = nullptr;
};

/// Where a histogram's buckets end, in the whole numbers that are observed.
struct Buckets {
    std::span<const std::uint64_t> bounds;
    double unit;  ///< how many of them make one of what is shown

    [[nodiscard]] std::size_t slots() const { return bounds.size() + 2; }  ///< and +Inf and the sum
};

inline constexpr std::array<std::uint64_t, 11> duration_bounds_us = {
    100, 300, 1'000, 3'000, 10'000, 30'000, 100'000, 300'000, 1'000'000, 3'000'000, 10'000'000};
/// Observed in microseconds, shown in seconds.
inline constexpr Buckets durations{duration_bounds_us, 1e6};

inline constexpr std::array<std::uint64_t, 10> count_bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
/// How many at once.
inline constexpr Buckets counts{count_bounds, 1};

/// How often which size was seen, as Prometheus' cumulative histogram.
class Histogram {
  public:
    Histogram() = default;
    Histogram(std::atomic<std::uint64_t>* first, const Buckets& buckets)
        : first_(first), buckets_(&buckets) {}
    void observe(std::uint64_t value) const;
    /// For `durations`.
    void observe(std::chrono::steady_clock::duration time) const {
        observe(
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()));
    }

  private:
    std::atomic<std::uint64_t>* first_ = nullptr;
    const Buckets* buckets_ = nullptr;
};

/// Gives out slots in a fixed order (so that all workers of one program agree) and renders Prometheus text.
/// Registration is thread-safe but belongs into start-up. `labels` is Prometheus syntax without braces:
/// `code="2xx"`; one name keeps its kind and its help.
class Registry {
  public:
    /// `mine` is this worker's page and must outlive the registry and every handle.
    explicit Registry(Page& mine) : mine_(mine) {}

    /// `unit`: how many of what is counted make one of what is shown.
    Counter counter(std::string_view name, std::string_view help, std::string_view labels = {},
                    double unit = 1);
    Gauge gauge(std::string_view name, std::string_view help, std::string_view labels = {}, double unit = 1);
    Histogram histogram(std::string_view name, std::string_view help, std::string_view labels = {},
                        const Buckets& buckets = durations);
    /// What comes next shares no cache line with what was before: for what one thread counts alone.
    void begin_line();
    /// `look` is called before each rendering, on the thread that renders, never twice at once. It registers
    /// nothing.
    void before_render(std::function<void()> look);

    /// The sum over `pages` (this worker's own included by the caller) as Prometheus text format 0.0.4.
    [[nodiscard]] std::string render(std::span<const Page* const> pages) const;
    [[nodiscard]] std::string render() const;

  private:
    enum class Kind { counter, gauge, histogram };
    struct Series {
        std::string labels;
        std::size_t first;
    };
    /// All series of a name: the format wants them in one group.
    struct Family {
        Kind kind;
        std::string name, help;
        double unit;
        const Buckets* buckets;
        std::vector<Series> series;
    };
    std::atomic<std::uint64_t>* take(Family family, std::string_view labels);
    static void render_series(std::string& text, const Family& family, const Series& series,
                              std::span<const Page* const> pages);

    Page& mine_;
    mutable std::mutex mutex_;
    std::vector<Family> families_;
    std::map<std::string, std::size_t, std::less<>> places_;  ///< in families_, by name
    std::vector<std::function<void()>> looks_;
    std::size_t next_ = 0;
};

}  // namespace homespun::base::metrics
