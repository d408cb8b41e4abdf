#pragma once
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::bench {

using Steady = std::chrono::steady_clock;

/// Ends the program: what was measured so far is worth nothing.
[[noreturn]] inline void give_up(std::string_view reason) {
    fmt::print(stderr, "void: {}\n", reason);
    std::_Exit(1);
}

/// Processor time of this process so far, in seconds.
inline double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Tells the harness that a measured stretch begins or ends, so that it can read the server's clocks.
inline void mark(std::string_view what) {
    fmt::print("{}\n", what);
    std::fflush(stdout);
}

/// Latencies in microseconds, told as percentiles.
inline std::string latency_json(std::vector<float>& latencies) {
    if (latencies.empty()) return "null";
    std::ranges::sort(latencies);
    const auto at = [&](double part) {
        return latencies[static_cast<std::size_t>(part * static_cast<double>(latencies.size() - 1))];
    };
    return fmt::format(R"({{"p50_us":{:.1f},"p99_us":{:.1f},"max_us":{:.1f}}})", at(0.5), at(0.99), at(1));
}

}  // namespace homespun::bench
