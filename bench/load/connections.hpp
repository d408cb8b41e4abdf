#pragma once
#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/window.hpp"

namespace homespun::bench {

/// What a connection sends, and whether the answer is right. Called on one thread.
class Conversation {
  public:
    virtual ~Conversation() = default;
    /// The next request of this connection; holds until its answer has been checked.
    virtual std::string_view next(std::size_t connection) = 0;
    /// Ends the program when the answer is wrong.
    virtual void check(std::size_t connection, std::string_view head, std::string_view body) = 0;
};

struct Plan {
    std::uint16_t port = 0;
    std::size_t connections = 64;
    double warmup_s = 1;
    double seconds = 5;
    std::uint64_t count = 0;  ///< when not 0: exactly so many requests, all of them measured
};

struct Measured {
    std::uint64_t requests = 0;  ///< answered in the measured stretch
    std::uint64_t total = 0;     ///< answered at all
    double seconds = 0;
    double cpu_seconds = 0;  ///< of this client
    std::vector<float> latencies_us;
};

/// Keep-alive connections to 127.0.0.1 on one thread, each with one request in flight. Prints `start` and
/// `stop` around the measured stretch; afterwards waits for what is still in flight.
Measured converse(const Plan& plan, Conversation& conversation);

/// One answer at the beginning of `bytes`, or nothing yet. Takes Content-Length only.
struct Answer {
    std::string_view head, body;
    static bool read(std::string_view bytes, Answer& answer);
};

/// A blocking, connected socket.
int connect_to(std::uint16_t port);

}  // namespace homespun::bench
