#pragma once
#include <string>
#include <vector>

/// What `watch` is told on the command line.
struct WatchOptions {
    std::string listen = "127.0.0.1:5099";
    std::vector<std::string> what;  ///< as behind --watch
};

/// `stampede watch`: tells a stampede on another host what the watched processes use, until a signal comes.
int run_watch(const WatchOptions& options);
