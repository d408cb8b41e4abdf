#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// The histograms of levels as lines of an HdrHistogram log, tagged LEVEL/TYPE/KIND or LEVEL/send_lag.

/// How a tag names each of `count` request types: as `types` has it, with everything but visible ASCII, and
/// commas and %, as %XX. A type without a name, and a second one of the same name, gets its number behind a
/// %, so that no two are alike.
std::vector<std::string> tag_names(std::span<const std::string> types, std::size_t count);

/// The lines of one level, whose number counts from 1. Empty histograms have none.
std::string histogram_lines(std::span<const std::string> types, const Level& level, std::size_t number);

/// Gives the levels the histograms that stand in a log. Those of a level that is not there, of the number
/// after the last one, are left out when `torn`: what a crash can leave behind. The error names the line.
base::Result<void> restore_histograms(std::string_view log, std::span<const std::string> types,
                                      std::vector<Level>& levels, bool torn);

}  // namespace homespun::stampede
