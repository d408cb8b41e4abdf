#pragma once
#include <string>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// A run for other tools. All three have only what the run itself has; nothing is judged anew.

/// One row a level and request type, and one for all types ("all" in the column scope, else "type"). Times in
/// ms; empty where failures reach into a quantile.
std::string levels_csv(const Run& run);
/// One row a second; the watched servers have columns of their own.
std::string samples_csv(const Run& run);
/// One case a level and demand, and the run's own cases: conclusive, not interrupted. A level whose purpose
/// is to find the limit may miss its demands: such cases count as skipped.
std::string junit_of(const Run& run);

}  // namespace homespun::stampede
