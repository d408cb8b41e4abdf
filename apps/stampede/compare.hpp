#pragma once
#include <string>
#include <vector>

/// What `diff` and `trend` are told on the command line.
struct CompareOptions {
    std::vector<std::string> folders;  ///< diff: two sides, each one folder or several with commas between
    std::string output;                ///< folder for the pages; empty: none
    bool json = false;
    bool force = false;
    int recent = 10;
};

/// `stampede diff`: exit code 0 no difference or better, 1 worse, 2 could not compare.
int run_diff(const CompareOptions& options);
/// `stampede trend`: exit code 0 well, 1 worse since a recent run, 2 could not be told.
int run_trend(const CompareOptions& options);
