#pragma once
#include <string>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// What a report says, for a terminal: the verdict, the levels, how it fails and the types asked most, in
/// about 30 lines. Control characters in the run's texts are replaced.
std::string render_text(const Run& run);

}  // namespace homespun::stampede
