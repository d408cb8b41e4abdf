#include "stampede/results/permutation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace homespun::stampede {
namespace {

// The same values added in another order differ in the last digits.
constexpr double tolerance = 1e-9;
constexpr std::size_t most_exact = 20'000, sampled = 5'000;

/// Values of both sides, A's first, less their mean and over their deviation; NaN stays.
struct Standardised {
    std::size_t group;
    std::vector<double> values;
    double least;  ///< in these units
};

Standardised standardised(const TwoSides& thing) {
    Standardised made{thing.group, thing.a, 0};
    made.values.insert(made.values.end(), thing.b.begin(), thing.b.end());
    double sum = 0, squares = 0, count = 0, widest = 0;
    for (const double value : made.values) {
        if (std::isnan(value)) continue;
        sum += value;
        count += 1;
        widest = std::max(widest, std::abs(value));
    }
    const double mean = count > 0 ? sum / count : 0;
    for (const double value : made.values) {
        if (!std::isnan(value)) squares += (value - mean) * (value - mean);
    }
    const double deviation = count > 1 ? std::sqrt(squares / (count - 1)) : 0;
    // Values that are equal but for their last digits do not differ.
    const bool flat = !(deviation > 1e-12 * widest);
    for (double& value : made.values) {
        if (!std::isnan(value)) value = flat ? 0 : (value - mean) / deviation;
    }
    made.least = flat ? 0 : thing.least / deviation;
    return made;
}

/// Which of a group's values count as A's.
using Labels = std::vector<char>;

struct Difference {
    double means = 0;
    double clearness = 0;  ///< rises and falls with Student's t, as the deviation does not change with labels
};

Difference difference(const std::vector<double>& values, const Labels& is_a) {
    double sums[2] = {}, counts[2] = {};
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i])) continue;
        sums[is_a[i] != 0] += values[i];
        counts[is_a[i] != 0] += 1;
    }
    if (counts[0] < 2 || counts[1] < 2) return {};
    const double means = std::abs(sums[0] / counts[0] - sums[1] / counts[1]);
    return {means, means * std::sqrt(counts[0] * counts[1] / (counts[0] + counts[1]))};
}

double combinations(std::size_t all, std::size_t some) {
    double ways = 1;
    for (std::size_t i = 1; i <= some; ++i)
        ways = ways * static_cast<double>(all - i + 1) / static_cast<double>(i);
    return ways;
}

/// Counts for each thing how often the largest difference of a relabelling reaches its own.
class Tournament {
  public:
    explicit Tournament(std::span<const TwoSides> things) {
        for (const auto& thing : things) {
            if (thing.group >= labels_.size()) labels_.resize(thing.group + 1);
            auto& labels = labels_[thing.group];
            labels.assign(thing.a.size(), 1);
            labels.resize(thing.a.size() + thing.b.size(), 0);
            things_.push_back(standardised(thing));
        }
        for (const auto& thing : things_)
            observed_.push_back(difference(thing.values, labels_[thing.group]).clearness);
        reached_.resize(things_.size());
    }

    void play() {
        double largest = 0;
        for (const auto& thing : things_) {
            const auto found = difference(thing.values, labels_[thing.group]);
            if (found.means >= thing.least - tolerance) largest = std::max(largest, found.clearness);
        }
        ++rounds_;
        for (std::size_t i = 0; i < things_.size(); ++i)
            reached_[i] += largest >= observed_[i] - tolerance ? 1 : 0;
    }

    std::vector<Labels>& labels() { return labels_; }
    [[nodiscard]] std::vector<double> shares() const {
        std::vector<double> shares;
        for (std::size_t i = 0; i < things_.size(); ++i)
            shares.push_back(
                observed_[i] > 0 ? static_cast<double>(reached_[i]) / static_cast<double>(rounds_) : 1);
        return shares;
    }

  private:
    /// The labels as they are are always among them.
    [[nodiscard]] double share_of(std::size_t reached) const {
        return static_cast<double>(std::max<std::size_t>(reached, 1)) / static_cast<double>(rounds_);
    }

    std::vector<Standardised> things_;
    std::vector<Labels> labels_;  // by group
    std::vector<double> observed_;
    std::vector<std::size_t> reached_;
    std::size_t rounds_ = 0;
};

}  // namespace

std::vector<double> corrected_p(std::span<const TwoSides> things, std::uint64_t seed) {
    if (things.empty()) return {};
    Tournament tournament(things);
    auto& groups = tournament.labels();
    if (groups.size() == 1) {
        auto& labels = groups.front();
        const auto some = static_cast<std::size_t>(std::ranges::count(labels, 1));
        if (combinations(labels.size(), std::min(some, labels.size() - some)) <= most_exact) {
            std::ranges::sort(labels);
            do
                tournament.play();
            while (std::ranges::next_permutation(labels).found);
            return tournament.shares();
        }
    }
    tournament.play();  // the labels as they are: one of the possible ones
    std::mt19937_64 random(seed);
    for (std::size_t i = 1; i < sampled; ++i) {
        for (auto& labels : groups) {
            for (std::size_t k = labels.size(); k > 1; --k)
                std::swap(labels[k - 1], labels[random() % k]);
        }
        tournament.play();
    }
    return tournament.shares();
}

}  // namespace homespun::stampede
