#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"

namespace homespun::stampede {

/// How a request failed. Every request is good or exactly one of these.
enum class ErrorClass : std::uint8_t {
    refused,       ///< no connection: refused, unreachable, out of ports
    timeout,       ///< no whole answer in time
    reset,         ///< the connection broke or closed early
    malformed,     ///< the answer is not HTTP
    client_error,  ///< a 4xx the model did not expect
    busy,          ///< 503 with Retry-After, or 429: the server says so itself
    server_error,  ///< any other 5xx
    wrong_status,  ///< another status than the model expects, none of the above
    wrong_body,    ///< right status, wrong content: a run with such answers is void
    full,          ///< 507: the server has no space left
};
constexpr std::size_t error_classes = 10;
/// "refused", "timeout", "reset", "malformed", "4xx", "busy", "5xx", "wrong status", "wrong body", "full".
std::string_view name_of(ErrorClass error);

/// What was counted of one request type over some stretch of time. Times are in microseconds and of good
/// requests only; `errors` hold the rest, and nothing that is computed here lets an error count as fast.
struct Tally {
    std::uint64_t good = 0;
    std::array<std::uint64_t, error_classes> errors{};
    std::uint64_t bytes_in = 0, bytes_out = 0;
    base::Histogram response;    ///< from the planned start to the last byte: what a user feels
    base::Histogram service;     ///< from the first byte sent to the last byte: what the server took
    base::Histogram first_byte;  ///< from the first byte sent to the first byte received

    [[nodiscard]] std::uint64_t failed() const;
    [[nodiscard]] std::uint64_t total() const { return good + failed(); }
    void add(const Tally& other);
    void clear();

    /// The response time below which the share `q` of all requests lies, failed ones counted as slower than
    /// any; nothing when failures reach into that share or nothing was asked.
    [[nodiscard]] std::optional<std::int64_t> quantile(double q) const;
    /// Satisfied up to `target_us`, tolerating up to four times that, failed ones frustrated; 0..1, 1 when
    /// nothing was asked.
    [[nodiscard]] double apdex(std::int64_t target_us) const;
};

/// Tallies by request type, whose numbers the model gives out. What a worker thread fills and hands over.
struct Counts {
    std::vector<Tally> types;
    std::uint64_t sessions_started = 0;   ///< arrivals that were due and began
    std::uint64_t sessions_finished = 0;  ///< came to their end, well or not
    std::uint64_t connections_opened = 0;
    std::uint64_t in_flight_peak = 0;  ///< most requests without an answer at once
    base::Histogram send_lag;        ///< µs between the moment a request was due and the worker taking it up
    std::uint64_t out_of_ports = 0;  ///< connects that failed for want of a local port
    std::uint64_t out_of_descriptors = 0;  ///< sockets that could not be made

    [[nodiscard]] Tally all() const;  ///< every type in one
    void add(const Counts& other);    ///< both have the same types, or one has none
    void clear();
};

}  // namespace homespun::stampede
