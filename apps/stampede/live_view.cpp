#include "live_view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

using namespace homespun::stampede;

LiveView::LiveView(bool quiet, double expected_s)
    : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), expected_s_(expected_s) {}

void LiveView::second(const Level& level, const Sample& sample) {
    if (quiet_ || !terminal_) return;
    constexpr int width = 20;
    const double part = expected_s_ > 0 ? std::clamp(sample.at_s / expected_s_, 0.0, 1.0) : 0;
    std::string bar;
    for (int i = 0; i < width; ++i)
        bar += i < static_cast<int>(part * width) ? "█" : "░";
    const double errors = std::accumulate(sample.errors.begin(), sample.errors.end(), 0.0);
    fmt::print(stderr,
               "\r\033[K{} {:>4.0f} s  {:<7} {:>8.0f}/s  good {:>8.0f}/s  errors {:>6.0f}/s  p50 {:>7.1f} ms "
               " p99 {:>8.1f} ms  waiting {:>5}",
               bar, sample.at_s, name_of(level.purpose), sample.load, sample.good, errors, sample.p50_ms,
               sample.p99_ms, sample.in_flight);
    if (!sample.servers.empty() && sample.servers.front().cpu_cores)
        fmt::print(stderr, "  cpu {:.2f}", *sample.servers.front().cpu_cores);
    std::fflush(stderr);
    shown_ = true;
}

void LiveView::level(const Level& level) {
    if (quiet_) return;
    end();
    const auto all = level.counts.all();
    const auto p99 = all.quantile(0.99);
    fmt::print(stderr, "{:<8} {:>9.1f}  good {:>9.1f}/s  failed {:>6}  p50 {:>8.2f} ms  p99 {:>9}  {}\n",
               name_of(level.purpose), level.load,
               level.seconds > 0 ? static_cast<double>(all.good) / level.seconds : 0, all.failed(),
               static_cast<double>(all.response.quantile(0.5)) / 1000,
               p99 ? fmt::format("{:.2f} ms", static_cast<double>(*p99) / 1000) : std::string("none"),
               level.good ? "holds" : level.why);
}

void LiveView::say(const std::string& line) {
    if (quiet_) return;
    end();
    fmt::print(stderr, "{}\n", line);
}

void LiveView::end() {
    if (shown_) fmt::print(stderr, "\r\033[K");
    shown_ = false;
}
