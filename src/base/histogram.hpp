#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homespun::base {

/// Counts of values in log-linear buckets, laid out as HdrHistogram does with three significant digits and a
/// lowest value of 1: any value is known to 0.1 %, and two histograms add up exactly. Values are whole
/// numbers, by convention microseconds, from 0 to `highest_value` (about 19 hours in µs); larger ones count
/// as that. Memory grows with the largest value seen (8 KiB up to 1 ms, 136 KiB up to 60 s, never above
/// 216 KiB). The sum of all counts stays below 2^63. Not thread-safe.
class Histogram {
  public:
    static constexpr std::int64_t highest_value = (std::int64_t{1} << 36) - 1;

    /// `count` times `value`; negative values count as 0. Allocates only when `value` lies beyond all that
    /// was seen before.
    void record(std::int64_t value, std::uint64_t count = 1);
    /// Adds every count of `other`; exact.
    void add(const Histogram& other);
    /// Back to empty; keeps its memory.
    void clear();

    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// Of the values as recorded, 0 when empty. After `decode` they are known to their bucket only: its
    /// lowest and its highest value.
    [[nodiscard]] std::int64_t min() const { return count_ == 0 ? 0 : min_; }
    [[nodiscard]] std::int64_t max() const { return count_ == 0 ? 0 : max_; }
    /// Of the buckets' middles, 0 when empty.
    [[nodiscard]] double mean() const;
    /// Of all values about mean() (not of a sample), from the buckets' middles; 0 when empty.
    [[nodiscard]] double standard_deviation() const;
    /// The largest value equivalent to the one below which the share `q` (0..1) of all lies, never above
    /// max(); min() for q = 0; 0 when empty. As HdrHistogram's getValueAtPercentile.
    [[nodiscard]] std::int64_t quantile(double q) const;
    /// How many values lie in `value`'s bucket or a lower one; 0 for a negative value.
    [[nodiscard]] std::uint64_t count_up_to(std::int64_t value) const;

    /// Values that are not told apart, and how many there are.
    struct Bucket {
        std::int64_t low, high;  ///< both belong to it
        std::uint64_t count;
    };
    /// Those that hold something, in rising order.
    [[nodiscard]] std::vector<Bucket> buckets() const;

    /// The same counts in the same buckets; min() and max() may differ within a bucket.
    bool operator==(const Histogram& other) const;

    /// HdrHistogram's V2 encoding, zlib-compressed and in base64: what a line of its log carries. Its own
    /// tools read it.
    [[nodiscard]] std::string encode() const;
    /// Reads what `encode` (or HdrHistogram with any number of digits, lowest value 1) wrote. With another
    /// number of digits than three each count goes where the middle of its bucket belongs. Refuses what is
    /// above some MB, compressed or not. The error says what is wrong with the text.
    static Result<Histogram> decode(std::string_view text);

  private:
    static std::size_t index_of(std::int64_t value);
    static std::int64_t low_of(std::size_t index);
    static std::int64_t high_of(std::size_t index);
    static double middle_of(std::size_t index);
    void grow_to(std::size_t index);

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::int64_t min_ = highest_value, max_ = 0;  // when empty: what the first value replaces
};

/// One line of HdrHistogram's log.
struct HistogramLine {
    std::string tag;        ///< no comma, blank or line end ('_' is written for them); may be empty
    double start_s = 0;     ///< seconds since the log's start time
    double interval_s = 0;  ///< length of the stretch
    Histogram histogram;
};

/// The head of a log: its comment lines, with the start time in seconds since 1970, and the legend.
std::string histogram_log_head(double start_time_s);
/// One line with its end. Its third number is the largest value over 1,000,000: seconds, when values are µs.
std::string to_text(const HistogramLine& line);
/// Reads a whole log; comments, the legend and empty lines are passed over. The error names the line. A line
/// of some hundred bytes may take up to 216 KiB once read.
Result<std::vector<HistogramLine>> parse_histogram_log(std::string_view text);

}  // namespace homespun::base
