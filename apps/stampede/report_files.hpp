#pragma once
#include <string>

#include "base/result.hpp"
#include "stampede/results/run.hpp"

/// Writes report.html into the run's folder.
homespun::base::Result<void> write_report(const homespun::stampede::Run& run, const std::string& folder);
