#include "base/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace homespun::base {
namespace {

using Engine = std::mt19937_64;

// Not std::uniform_int_distribution: its numbers differ between standard libraries.
std::size_t below(std::size_t bound, Engine& engine) {
    return static_cast<std::size_t>((engine() >> 32) * bound >> 32);
}

double median_of_sorted(std::span<const double> sorted) {
    const auto middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : std::midpoint(sorted[middle - 1], sorted[middle]);
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
    const double place = std::clamp(q, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
    const auto below_it = static_cast<std::size_t>(place);
    const auto above_it = std::min(below_it + 1, sorted.size() - 1);
    return std::lerp(sorted[below_it], sorted[above_it], place - std::floor(place));
}

std::vector<double> sorted(std::span<const double> values) {
    std::vector<double> copy(values.begin(), values.end());
    std::ranges::sort(copy);
    return copy;
}

/// The median of as many values drawn from `values`, each any number of times.
double median_of_draw(std::span<const double> values, std::vector<double>& scratch, Engine& engine) {
    scratch.resize(values.size());
    for (auto& value : scratch)
        value = values[below(values.size(), engine)];
    std::ranges::sort(scratch);
    return median_of_sorted(scratch);
}

/// Values less their mean, so that sums of many stay exact.
std::vector<double> centred(std::span<const double> values) {
    std::vector<double> result(values.begin(), values.end());
    const double centre = mean(values);
    for (auto& value : result)
        value -= centre;
    return result;
}

constexpr std::size_t most_relabellings = 20'000;

/// In how many ways `some` of `all` can be chosen; any number above the limit when there are more.
std::size_t relabellings(std::size_t all, std::size_t some) {
    std::size_t ways = 1;
    for (std::size_t i = 1; i <= std::min(some, all - some) && ways <= most_relabellings; ++i)
        ways = ways * (all - i + 1) / i;
    return ways;
}

/// Two groups, pooled, the first `first` of them one group.
struct Pool {
    std::vector<double> values;
    std::size_t first;

    /// |difference of means| when the first group's values add up to `sum`; the pool's sum is 0.
    [[nodiscard]] double difference(double sum) const {
        return std::abs(sum) *
               (1 / static_cast<double>(first) + 1 / static_cast<double>(values.size() - first));
    }
    [[nodiscard]] double observed() const {
        return difference(
            std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(first), 0.0));
    }
};

double exact_p(const Pool& pool, double least, std::size_t ways) {
    std::vector<char> chosen(pool.values.size(), 0);
    std::fill(chosen.end() - static_cast<std::ptrdiff_t>(pool.first), chosen.end(), 1);
    std::size_t hits = 0;
    do {
        double sum = 0;
        for (std::size_t i = 0; i < chosen.size(); ++i)
            if (chosen[i] != 0) sum += pool.values[i];
        if (pool.difference(sum) >= least) ++hits;
    } while (std::ranges::next_permutation(chosen).found);
    return static_cast<double>(hits) / static_cast<double>(ways);
}

double sampled_p(Pool pool, double least, Engine& engine) {
    std::size_t hits = 1;  // the labelling given is one of them: p is never 0
    for (std::size_t draw = 0; draw < most_relabellings; ++draw) {
        double sum = 0;
        for (std::size_t i = 0; i < pool.first; ++i) {
            std::swap(pool.values[i], pool.values[i + below(pool.values.size() - i, engine)]);
            sum += pool.values[i];
        }
        if (pool.difference(sum) >= least) ++hits;
    }
    return static_cast<double>(hits) / static_cast<double>(most_relabellings + 1);
}

}  // namespace

double median(std::span<const double> values) {
    return values.empty() ? 0 : median_of_sorted(sorted(values));
}

double mean(std::span<const double> values) {
    if (values.empty()) return 0;
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
    if (values.size() < 2) return 0;
    double squares = 0;
    for (const double distance : centred(values))
        squares += distance * distance;
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double quantile(std::span<const double> values, double q) {
    return values.empty() ? 0 : quantile_of_sorted(sorted(values), q);
}

Line fit_line(std::span<const double> x, std::span<const double> y) {
    const auto size = std::min(x.size(), y.size());
    const double x_mean = mean(x.first(size)), y_mean = mean(y.first(size));
    double squares = 0, products = 0;
    for (std::size_t i = 0; i < size; ++i) {
        squares += (x[i] - x_mean) * (x[i] - x_mean);
        products += (x[i] - x_mean) * (y[i] - y_mean);
    }
    const double slope = squares > 0 ? products / squares : 0;
    return {slope, y_mean - slope * x_mean};
}

std::optional<Ratio> bootstrap_ratio(std::span<const double> a, std::span<const double> b, std::uint64_t seed,
                                     double confidence, std::size_t draws) {
    const double base = median(a);
    if (a.empty() || b.empty() || base == 0) return std::nullopt;
    Ratio result;
    result.estimate = median(b) / base;
    result.interval = {result.estimate, result.estimate};
    Engine engine(seed);
    std::vector<double> ratios, scratch;
    ratios.reserve(draws);
    for (std::size_t draw = 0; draw < draws; ++draw) {
        const double below_line = median_of_draw(a, scratch, engine);
        const double above_line = median_of_draw(b, scratch, engine);
        if (below_line != 0) ratios.push_back(above_line / below_line);
    }
    if (ratios.empty()) return result;
    std::ranges::sort(ratios);
    const double outside = (1 - confidence) / 2;
    result.interval = {quantile_of_sorted(ratios, outside), quantile_of_sorted(ratios, 1 - outside)};
    return result;
}

double permutation_p(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
    if (a.empty() || b.empty()) return 1;
    const auto small = a.size() <= b.size() ? a : b, large = a.size() <= b.size() ? b : a;
    std::vector<double> values(small.begin(), small.end());
    values.insert(values.end(), large.begin(), large.end());
    Pool pool{centred(values), small.size()};
    double widest = 0;
    for (const double value : pool.values)
        widest = std::max(widest, std::abs(value));
    // The same values added in another order differ in the last digits, and are no smaller difference.
    const double least = pool.observed() - 1e-10 * widest;
    const auto ways = relabellings(pool.values.size(), pool.first);
    if (ways <= most_relabellings) return exact_p(pool, least, ways);
    Engine engine(seed);
    return sampled_p(std::move(pool), least, engine);
}

Comparison compare(std::span<const double> a, std::span<const double> b, bool higher_is_better,
                   std::uint64_t seed, double least_effect, double alpha) {
    Comparison result;
    result.p = permutation_p(a, b, seed);
    const auto ratio = bootstrap_ratio(a, b, seed);
    if (ratio) result.ratio = *ratio;
    const bool large = !ratio || std::abs(ratio->estimate - 1) >= least_effect;
    const double before = median(a), after = median(b);
    // A single wild value moves a mean far; it says nothing when the medians moved the other way.
    const bool rose = after > before && mean(b) > mean(a);
    const bool fell = after < before && mean(b) < mean(a);
    if (result.p < alpha && large && (rose || fell))
        result.verdict = rose == higher_is_better ? Verdict::better : Verdict::worse;
    return result;
}

namespace {

/// A stretch of a piece that stands out against the rest of it; at an end of the piece it is a single cut.
/// `score` is the squared difference of the means, weighted by the sizes; below 0 when there is no stretch.
struct Stretch {
    std::size_t begin = 0, end = 0;
    double score = -1;

    void improve(std::size_t from, std::size_t to, std::size_t all, double sum) {
        const auto inside = static_cast<double>(to - from), outside = static_cast<double>(all - (to - from));
        const double its_score = sum * sum / (inside * outside);
        if (its_score > score) *this = {from, to, its_score};
    }
};

/// Of those from the beginning. `values` add up to 0.
Stretch best_cut(std::span<const double> values, std::size_t least_points) {
    Stretch best;
    double sum = 0;
    for (std::size_t left = 1; left + least_points <= values.size() && left < values.size(); ++left) {
        sum += values[left - 1];
        if (left >= least_points) best.improve(0, left, values.size(), sum);
    }
    return best;
}

/// Of all. A level that comes and goes leaves no single cut that is much better than others. `values` add up
/// to 0.
Stretch best_stretch(std::span<const double> values, std::size_t least_points) {
    constexpr std::size_t most_places = 256;  // the work grows with their square
    const auto all = values.size(), step = all / most_places + 1;
    std::vector<std::pair<std::size_t, double>> places;  // and the sum of all values before each
    double sum = 0;
    for (std::size_t i = 0; i <= all; ++i) {
        const bool inside = i >= least_points && i + least_points <= all && i % step == 0;
        if (i == 0 || i == all || inside) places.emplace_back(i, sum);
        if (i < all) sum += values[i];
    }
    Stretch best;
    for (std::size_t i = 0; i < places.size(); ++i) {
        for (std::size_t k = i + 1; k < places.size(); ++k) {
            const auto size = places[k].first - places[i].first;
            if (size < least_points || size + least_points > all || size == all) continue;
            best.improve(places[i].first, places[k].first, all, places[k].second - places[i].second);
        }
    }
    return best;
}

/// The best that `search` finds in `piece`, when shuffles have one as good with p < `alpha` only. Comparing
/// with the best of each shuffle, and not with the same place in it, is what makes p right although the place
/// was chosen from many.
template <class Search>
std::optional<Stretch> proven(Search search, std::span<const double> piece, std::size_t least_points,
                              double alpha, Engine& engine) {
    auto values = centred(piece);
    const Stretch best = search(values, least_points);
    if (best.score < 0) return std::nullopt;
    const double least = best.score * (1 - 1e-9);  // sums in another order differ in the last digits
    const auto draws = static_cast<std::size_t>(std::clamp(20 / alpha, 1000.0, 100'000.0));
    const double allowed = alpha * static_cast<double>(draws + 1);
    std::size_t hits = 1;
    for (std::size_t draw = 0; draw < draws && static_cast<double>(hits) < allowed; ++draw) {
        for (std::size_t i = values.size() - 1; i > 0; --i)
            std::swap(values[i], values[below(i + 1, engine)]);
        if (search(values, least_points).score >= least) ++hits;
    }
    if (static_cast<double>(hits) < allowed) return best;
    return std::nullopt;
}

/// Puts each of `cuts` where it is best between its neighbours, and takes out those that are nothing there: a
/// stretch has two ends even where the level changed but once.
void settle(std::vector<std::size_t>& cuts, std::span<const double> values, std::size_t least_points,
            double alpha, Engine& engine) {
    bool changed = true;
    for (int round = 0; changed && round < 4; ++round) {
        changed = false;
        for (std::size_t i = 0; i < cuts.size();) {
            const auto begin = i == 0 ? 0 : cuts[i - 1];
            const auto end = i + 1 == cuts.size() ? values.size() : cuts[i + 1];
            const auto cut =
                proven(best_cut, values.subspan(begin, end - begin), least_points, alpha, engine);
            changed = changed || !cut || begin + cut->end != cuts[i];
            if (cut) {
                cuts[i++] = begin + cut->end;
            } else {
                cuts.erase(cuts.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
    }
}

}  // namespace

std::vector<std::size_t> change_points(std::span<const double> values, std::uint64_t seed,
                                       std::size_t least_points, double alpha) {
    std::vector<std::size_t> found;
    Engine engine(seed);
    std::vector<std::pair<std::size_t, std::size_t>> pieces{{0, values.size()}};
    while (!pieces.empty()) {
        const auto [begin, end] = pieces.back();
        pieces.pop_back();
        const auto piece = values.subspan(begin, end - begin);
        // Two questions to each piece: half of alpha for each.
        auto stretch = proven(best_cut, piece, least_points, alpha / 2, engine);
        if (!stretch) stretch = proven(best_stretch, piece, least_points, alpha / 2, engine);
        if (!stretch) continue;
        auto last = begin;
        for (const auto cut : {begin + stretch->begin, begin + stretch->end}) {
            if (cut == begin || cut == end) continue;
            found.push_back(cut);
            pieces.emplace_back(last, cut);
            last = cut;
        }
        pieces.emplace_back(last, end);
    }
    std::ranges::sort(found);
    settle(found, values, least_points, alpha, engine);
    return found;
}

}  // namespace homespun::base
