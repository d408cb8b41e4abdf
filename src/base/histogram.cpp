#include "base/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace homespun::base {
namespace {

// The lowest bucket holds 2048 single values; each further one holds the 1024 steps of twice the width that
// lie above it. So an index is 1024 times the width's exponent, plus the value counted in that width.
constexpr int half_bits = 10;
constexpr std::size_t half = std::size_t{1} << half_bits;

constexpr int exponent_of(std::size_t index) {
    return index < 2 * half ? 0 : static_cast<int>(index >> half_bits) - 1;
}

}  // namespace

std::size_t Histogram::index_of(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    const auto exponent = static_cast<std::size_t>(std::bit_width(bits | (2 * half - 1)) - half_bits - 1);
    return (exponent << half_bits) + static_cast<std::size_t>(bits >> exponent);
}

std::int64_t Histogram::low_of(std::size_t index) {
    const int exponent = exponent_of(index);
    return static_cast<std::int64_t>(index - (static_cast<std::size_t>(exponent) << half_bits)) << exponent;
}

std::int64_t Histogram::high_of(std::size_t index) {
    return low_of(index) + (std::int64_t{1} << exponent_of(index)) - 1;
}

double Histogram::middle_of(std::size_t index) {
    return static_cast<double>(low_of(index) + high_of(index)) / 2;
}

void Histogram::grow_to(std::size_t index) {
    // In steps of half a bucket: a rising series costs 27 allocations at most, and none is twice too large.
    const auto size = (index / half + 1) * half;
    counts_.reserve(size);
    counts_.resize(size);
}

void Histogram::record(std::int64_t value, std::uint64_t count) {
    if (count == 0) return;
    value = std::clamp(value, std::int64_t{0}, highest_value);
    const auto index = index_of(value);
    if (index >= counts_.size()) [[unlikely]]
        grow_to(index);
    counts_[index] += count;
    count_ += count;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
}

void Histogram::add(const Histogram& other) {
    if (other.count_ == 0) return;
    const auto last = index_of(other.max_);
    if (last >= counts_.size()) grow_to(last);
    for (auto i = index_of(other.min_); i <= last; ++i)
        counts_[i] += other.counts_[i];
    count_ += other.count_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
    if (count_ != 0) std::fill_n(counts_.begin(), index_of(max_) + 1, 0);
    count_ = 0;
    min_ = highest_value;
    max_ = 0;
}

double Histogram::mean() const {
    if (count_ == 0) return 0;
    double sum = 0;
    const auto last = index_of(max_);
    for (auto i = index_of(min_); i <= last; ++i)
        sum += static_cast<double>(counts_[i]) * middle_of(i);
    return sum / static_cast<double>(count_);
}

double Histogram::standard_deviation() const {
    if (count_ == 0) return 0;
    const double centre = mean();
    double squares = 0;
    const auto last = index_of(max_);
    for (auto i = index_of(min_); i <= last; ++i) {
        const double distance = middle_of(i) - centre;
        squares += static_cast<double>(counts_[i]) * distance * distance;
    }
    return std::sqrt(squares / static_cast<double>(count_));
}

std::int64_t Histogram::quantile(double q) const {
    if (!(q > 0) || count_ == 0) return min();
    if (q >= 1) return max();
    // 0.07 of 100 is a little more than 7 in binary, and would ask for the eighth.
    const double share = std::nextafter(q, 0.0) * static_cast<double>(count_);
    const auto wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(share)), 1, count_);
    std::uint64_t seen = 0;
    for (auto i = index_of(min_); i < counts_.size(); ++i) {
        seen += counts_[i];
        if (seen >= wanted) return std::min(high_of(i), max_);
    }
    return max_;
}

std::uint64_t Histogram::count_up_to(std::int64_t value) const {
    if (value < 0 || count_ == 0) return 0;
    const auto last = index_of(std::min(value, max_));
    std::uint64_t seen = 0;
    for (auto i = index_of(min_); i <= last; ++i)
        seen += counts_[i];
    return seen;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
    std::vector<Bucket> found;
    if (count_ == 0) return found;
    const auto last = index_of(max_);
    for (auto i = index_of(min_); i <= last; ++i) {
        if (counts_[i] != 0) found.push_back({low_of(i), high_of(i), counts_[i]});
    }
    return found;
}

bool Histogram::operator==(const Histogram& other) const {
    if (count_ != other.count_) return false;
    if (count_ == 0) return true;
    const auto last = index_of(max_);
    if (last != index_of(other.max_)) return false;
    return std::equal(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                      other.counts_.begin());
}

}  // namespace homespun::base
