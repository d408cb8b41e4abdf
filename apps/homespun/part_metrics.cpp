#include "part_metrics.hpp"

#include <fmt/format.h>

using namespace homespun;

net::ServerMetrics connection_metrics(base::metrics::Registry& registry) {
    net::ServerMetrics metrics;
    metrics.open = registry.gauge("homespun_connections", "Open connections of clients");
    metrics.accepted =
        registry.counter("homespun_connections_accepted_total", "Connections that clients opened");
    metrics.received_bytes = registry.counter("homespun_http_received_bytes_total",
                                              "Bytes that came from clients, heads and bodies");
    metrics.sent_bytes =
        registry.counter("homespun_http_sent_bytes_total", "Bytes that went to clients, heads and bodies");
    metrics.parse_errors = registry.counter("homespun_http_parse_errors_total",
                                            "Requests that are not HTTP or have too large a head");
    return metrics;
}

sys::BlockingPool::Metrics pool_metrics(base::metrics::Registry& registry, std::string_view pool) {
    const auto label = fmt::format("pool=\"{}\"", pool);
    return {
        registry.gauge("homespun_pool_queue_jobs", "Jobs that wait for a thread", label),
        registry.histogram("homespun_pool_wait_seconds", "How long jobs waited for a thread", label),
        registry.counter("homespun_pool_refused_total", "Jobs refused because the queue was full", label)};
}

sync::token::TokenMetrics token_metrics(base::metrics::Registry& registry) {
    return {registry.counter("homespun_tokens_issued_total", "Storage tokens handed out"),
            registry.counter("homespun_storage_users_created_total",
                             "Storage users made: new people, new keys, moves to another node")};
}
