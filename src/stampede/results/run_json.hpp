#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// What "format" says in run.json and head.json.
inline constexpr std::string_view run_format = "stampede run 1";

/// The parts of a run as JSON text and back, by the names in fields.hpp. Exact: numbers keep every bit
/// (whole ones above 2^63 and those that are not finite are written as strings), texts that are not UTF-8 are
/// written as {"base64": …}. Histograms are not part of it.
///
/// What is read may be anything. An error names the place inside the text, "levels[2].load"; what is missing
/// is an error, what is too much is passed over.

/// Everything but samples and histograms. Several lines.
std::string run_to_json(const Run& run);
/// One line, without its end.
std::string to_json(const Level& level);
std::string to_json(const Sample& sample);

base::Result<Run> run_from_json(std::string_view text);
base::Result<Level> level_from_json(std::string_view text);
base::Result<Sample> sample_from_json(std::string_view text);

}  // namespace homespun::stampede
