#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "net/http/application.hpp"
#include "net/io/listener.hpp"
#include "net/io/loop.hpp"
#include "net/io/trusted_proxies.hpp"

namespace homespun::net {

/// Bounds that hold for every connection. Slow peers cannot stretch them: head time is absolute, body and
/// answer must move `least_bytes_per_second` on average in every `window`.
struct ServerLimits {
    std::size_t head_bytes =
        16 * 1024;  ///< start line and header fields; also the size of the reading buffer
    std::chrono::milliseconds head_time{30'000};
    std::chrono::milliseconds window{30'000};
    std::uint64_t least_bytes_per_second = 1024;
    std::chrono::milliseconds idle_time{120'000};  ///< keep-alive without a request
    std::chrono::milliseconds linger_time{2'000};  ///< for a peer to read a refusal before the socket closes
    std::size_t connections = 100'000;  ///< over all loops; above, a new one takes the place of an idle one
    /// Request bodies and answers in memory, over all loops; above, those go that are longest under way.
    std::uint64_t held_bytes = 256ULL << 20;
};

/// Why the server ended a connection that its peer would have kept.
enum class Ending {
    idle,         ///< no request within the idle time
    slow_head,    ///< 408
    slow_body,    ///< 408
    slow_reader,  ///< did not take its answer
    memory,       ///< what it sent or did not take was needed for others
    crowded_out,  ///< did nothing while others wanted in
    turned_away,  ///< came when all places were taken by busy ones
};

/// What metrics and log call them, in their order.
inline constexpr std::array<std::string_view, 7> ending_words = {
    "idle", "slow_head", "slow_body", "slow_reader", "memory", "crowded_out", "turned_away"};

/// What a server counts, over all its connections.
struct ServerMetrics {
    base::metrics::Gauge open;
    base::metrics::Counter accepted, received_bytes, sent_bytes;
    base::metrics::Counter parse_errors;  ///< what is not HTTP, or breaks its bounds
};

/// What the server asks and tells the program. Called on all loops.
struct ServerTies {
    TrustedProxies proxies = {};
    std::function<void(Ending)> on_ending = {};
    ServerMetrics metrics = {};
};

/// HTTP/1.1 server: accepts on the first loop, deals connections round-robin to all, serves each on its loop.
/// Keep-alive; pipelined requests are answered in order, one at a time. Loops and application outlive the
/// server; the server must be drained or its loops stopped before it is destroyed.
class Server {
  public:
    Server(std::vector<Loop*> loops, http::Application& application, const base::Clock& clock,
           base::Logger& logger, ServerLimits limits = {}, ServerTies ties = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Starts accepting. Any thread.
    void listen(Listener listener);
    /// Takes no more connections and no more requests, finishes what is in flight (answers say `Connection:
    /// close`), closes idle ones, then calls `done` once on some loop's thread. Any thread.
    void drain(std::function<void()> done);
    /// Open connections.
    [[nodiscard]] std::size_t connections() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace homespun::net
