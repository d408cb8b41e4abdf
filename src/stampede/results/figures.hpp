#pragma once
#include <optional>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// The figures of a tally as reports give them.

/// Nothing where failures reach into that share, or nothing was asked.
std::optional<double> quantile_ms(const Tally& tally, double share);
/// 0..1; 0 when nothing was asked.
double error_share(const Tally& tally);
/// By the run's target, whatever number that is.
double apdex_of(const Tally& tally, const Demands& demands);

}  // namespace homespun::stampede
