#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/statistics.hpp"

namespace homespun::base {
namespace {

using Three = std::array<double, 3>;

/// One measurement: N/X is `value`, and a sum of three columns times what is sought.
struct Equation {
    Three columns;
    double value;
    double weight;
};

/// The unknown numbers named by `used` (a bit each, the others 0) with the least squares; nothing when the
/// equations do not tell them.
std::optional<Three> solve(std::span<const Equation> equations, unsigned used) {
    std::array<std::array<double, 4>, 3> rows{};
    for (std::size_t i = 0; i < 3; ++i) {
        if ((used >> i & 1) == 0) {
            rows[i][i] = 1;
            continue;
        }
        for (const auto& each : equations) {
            const double factor = each.weight * each.columns[i];
            for (std::size_t k = 0; k < 3; ++k)
                rows[i][k] += (used >> k & 1) != 0 ? factor * each.columns[k] : 0;
            rows[i][3] += factor * each.value;
        }
    }
    // Without a choice of pivots: the matrix is symmetric and positive definite, or there is no answer.
    for (std::size_t i = 0; i < 3; ++i) {
        const double diagonal = rows[i][i];
        for (std::size_t below_it = i + 1; below_it < 3; ++below_it) {
            const double factor = rows[below_it][i] / diagonal;
            const double before = rows[below_it][below_it];
            for (std::size_t k = i; k < 4; ++k)
                rows[below_it][k] -= factor * rows[i][k];
            if (!(rows[below_it][below_it] > 1e-13 * before)) return std::nullopt;
        }
    }
    Three found{};
    for (std::size_t i = 3; i-- > 0;) {
        found[i] = rows[i][3];
        for (std::size_t k = i + 1; k < 3; ++k)
            found[i] -= rows[i][k] * found[k];
        found[i] /= rows[i][i];
    }
    return found;
}

double squared_errors(std::span<const Equation> equations, const Three& found) {
    double sum = 0;
    for (const auto& each : equations) {
        const double error =
            std::inner_product(found.begin(), found.end(), each.columns.begin(), -each.value);
        sum += each.weight * error * error;
    }
    return sum;
}

/// Least squares with no number below 0: the best of all choices of which are 0. At least one of the first
/// two is not, or the rate of one would be infinite.
std::optional<Three> solve_not_negative(std::span<const Equation> equations) {
    std::optional<Three> best;
    for (const unsigned used : {7U, 3U, 5U, 6U, 1U, 2U}) {
        const auto found = solve(equations, used);
        if (!found || std::ranges::any_of(*found, [](double each) { return !(each >= 0); })) continue;
        if (!best || squared_errors(equations, *found) < squared_errors(equations, *best)) best = found;
    }
    return best;
}

double explained_share(const ScalabilityFit& fit, std::span<const double> load,
                       std::span<const double> throughput) {
    double errors = 0, total = 0;
    const double centre = mean(throughput);
    for (std::size_t i = 0; i < load.size(); ++i) {
        errors += std::pow(throughput[i] - fit.at(load[i]), 2);
        total += std::pow(throughput[i] - centre, 2);
    }
    return total > 0 ? 1 - errors / total : 1;
}

std::optional<ScalabilityFit> fit_usable(std::span<const double> load, std::span<const double> throughput) {
    const double scale = std::ranges::max(load);
    std::vector<Equation> equations;
    for (std::size_t i = 0; i < load.size(); ++i) {
        // N/X = (1 - s)/a + (s/a) N + (k/a) N (N - 1): s lies in 0..1 when no factor is negative. Loads are
        // brought near 1, or the squares of the last column would drown the others.
        const double n = load[i], value = n / throughput[i];
        equations.push_back({{1, n / scale, n / scale * ((n - 1) / scale)}, value, 1 / (value * value)});
    }
    std::optional<Three> found;
    for (int round = 0; round < 5; ++round) {
        found = solve_not_negative(equations);
        if (!found) return std::nullopt;
        // The first weights come from noisy values, which favours those measured too high.
        for (auto& each : equations) {
            const double value = std::inner_product(found->begin(), found->end(), each.columns.begin(), 0.0);
            each.weight = 1 / (value * value);
        }
    }
    const double constant = (*found)[0], linear = (*found)[1] / scale, square = (*found)[2] / (scale * scale);
    ScalabilityFit fit;
    fit.rate_of_one = 1 / (constant + linear);
    fit.contention = linear * fit.rate_of_one;
    fit.coherence = square * fit.rate_of_one;
    fit.r_squared = explained_share(fit, load, throughput);
    if (!std::isfinite(fit.rate_of_one) || !std::isfinite(fit.coherence)) return std::nullopt;
    return fit;
}

}  // namespace

std::optional<double> ScalabilityFit::peak() const {
    if (!(coherence > 0)) return std::nullopt;
    return std::sqrt((1 - contention) / coherence);
}

double ScalabilityFit::at(double n) const {
    return rate_of_one * n / (1 + contention * (n - 1) + coherence * n * (n - 1));
}

std::optional<ScalabilityFit> fit_scalability(std::span<const double> load,
                                              std::span<const double> throughput) {
    std::vector<double> loads, rates;
    for (std::size_t i = 0; i < std::min(load.size(), throughput.size()); ++i) {
        if (!(load[i] > 0) || !(throughput[i] > 0)) continue;
        loads.push_back(load[i]);
        rates.push_back(throughput[i]);
    }
    auto different = loads;
    std::ranges::sort(different);
    different.erase(std::ranges::unique(different).begin(), different.end());
    if (loads.size() < 4 || different.size() < 3) return std::nullopt;
    return fit_usable(loads, rates);
}

}  // namespace homespun::base
