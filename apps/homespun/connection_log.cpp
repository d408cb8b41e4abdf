#include "connection_log.hpp"

#include <fmt/format.h>

#include <chrono>

using namespace homespun;

namespace {

constexpr std::chrono::minutes period{1};

}  // namespace

ConnectionLog::ConnectionLog(base::Logger& logger, base::metrics::Registry& metrics, net::Loop& loop)
    : logger_(logger) {
    for (std::size_t i = 0; i < kinds; ++i) {
        counters_[i] = metrics.counter("homespun_connections_ended_total",
                                       "Connections that the server ended, by reason (docs/reasons.md)",
                                       fmt::format("reason=\"{}\"", net::ending_words[i]));
    }
    loop.post([this, &loop] { loop.every(period, [this] { sum_up(); }); });
}

void ConnectionLog::count(net::Ending ending) {
    const auto kind = static_cast<std::size_t>(ending);
    counters_[kind].add();
    since_last_line_[kind].fetch_add(1, std::memory_order_relaxed);
}

void ConnectionLog::sum_up() {
    std::array<std::int64_t, kinds> counts{};
    std::int64_t unusual = 0;
    for (std::size_t i = 0; i < kinds; ++i) {
        counts[i] = static_cast<std::int64_t>(since_last_line_[i].exchange(0, std::memory_order_relaxed));
        if (static_cast<net::Ending>(i) != net::Ending::idle) unusual += counts[i];
    }
    if (unusual == 0) return;
    // By their names, so that check_events.py finds them.
    logger_.warning("connections_ended", {{"idle", counts[0]},
                                          {"slow_head", counts[1]},
                                          {"slow_body", counts[2]},
                                          {"slow_reader", counts[3]},
                                          {"memory", counts[4]},
                                          {"crowded_out", counts[5]},
                                          {"turned_away", counts[6]}});
}
