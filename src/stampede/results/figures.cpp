#include "stampede/results/figures.hpp"

#include <algorithm>

namespace homespun::stampede {

std::optional<double> quantile_ms(const Tally& tally, double share) {
    const auto time = tally.quantile(share);
    if (!time) return std::nullopt;
    return static_cast<double>(*time) / 1000;
}

double error_share(const Tally& tally) {
    const auto total = tally.total();
    return total > 0 ? static_cast<double>(tally.failed()) / static_cast<double>(total) : 0;
}

double apdex_of(const Tally& tally, const Demands& demands) {
    // A target read from a file may be anything; a day is beyond any histogram, and NaN becomes 0.
    constexpr double most_ms = 86'400'000;
    const double target = demands.apdex_target_ms > 0 ? std::min(demands.apdex_target_ms, most_ms) : 0;
    return tally.apdex(static_cast<std::int64_t>(target * 1000));
}

}  // namespace homespun::stampede
