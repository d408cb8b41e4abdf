#pragma once
#include <string>

#include "stampede/results/run.hpp"

/// Writes report.html into the run's folder.
homespun::base::Result<void> write_report(const homespun::stampede::Run& run, const std::string& folder);

/// `stampede report FOLDER`: writes report.html anew from what lies there, and prints the same in short.
int run_report(const std::string& folder);
