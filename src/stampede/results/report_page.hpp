#pragma once
#include <string>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// The whole report of a run as one HTML file that needs nothing else: the verdict and key figures first,
/// then what was found in words, the charts, each request type, errors, the server, the load generator, and
/// at the end what the words mean. Only what the run knows: nothing is judged anew, no percentile comes from
/// failed requests or from a mean of others, and the warm-up is part of no figure. Any text in the run is
/// escaped.
std::string render_report(const Run& run);

}  // namespace homespun::stampede
