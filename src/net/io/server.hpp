#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "net/http/application.hpp"
#include "net/io/listener.hpp"
#include "net/io/loop.hpp"

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
    std::size_t connections = 100'000;             ///< over all loops; above, a new one is closed at once
};

/// Why a connection ended.
enum class Closing {
    limit,  ///< one too many when it came
    idle,   ///< keep-alive without a request for too long
    slow,   ///< a head, a body or an answer that did not get on
    done,   ///< after an answer, or because the server drains
    peer,   ///< it went, or the network did
};
inline constexpr std::size_t closings = 5;

/// What a server counts, over all its connections.
struct ServerMetrics {
    base::metrics::Gauge open;
    base::metrics::Counter accepted, received_bytes, sent_bytes;
    base::metrics::Counter parse_errors;  ///< what is not HTTP, or breaks its bounds
    std::array<base::metrics::Counter, closings> closed;

    void count(Closing why) const { closed[static_cast<std::size_t>(why)].add(); }
};

/// HTTP/1.1 server: accepts on the first loop, deals connections round-robin to all, serves each on its loop.
/// Keep-alive; pipelined requests are answered in order, one at a time. Loops and application outlive the
/// server; the server must be drained or its loops stopped before it is destroyed.
class Server {
  public:
    Server(std::vector<Loop*> loops, http::Application& application, const base::Clock& clock,
           base::Logger& logger, ServerLimits limits = {}, ServerMetrics metrics = {});
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
