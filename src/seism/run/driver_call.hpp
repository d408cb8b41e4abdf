#pragma once
#include <cerrno>
#include <cstdint>
#include <string>

#include "net/http/parser.hpp"
#include "net/io/stream_socket.hpp"
#include "seism/experiment/experiment.hpp"
#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// A connection of the driver and the request that is on it, if one is.
struct Call {
    static constexpr std::size_t most_answer = 64U << 20;

    net::StreamSocket socket{};
    net::http::ClientResponse response{};
    net::http::ResponseParser parser{response, false, most_answer};
    Exchange exchange{};
    const RequestPlan* plan = nullptr;  ///< null: idle
    std::string unsent{};
    bool connecting = false;
    Micros idle_since = 0;

    [[nodiscard]] bool is_idle() const { return socket.is_open() && plan == nullptr; }
    [[nodiscard]] bool is_closed() const { return !socket.is_open() && plan == nullptr; }
};

/// How a call ended whose connection failed with `error` (errno), or which was given up (ETIME).
[[nodiscard]] inline Outcome outcome_of(const Call& call, int error) {
    if (call.connecting) {
        if (error == ECONNREFUSED) return Outcome::connect_refused;
        if (error == ETIME || error == ETIMEDOUT) return Outcome::connect_timeout;
        return error == ECONNRESET ? Outcome::reset_before : Outcome::client_gone;
    }
    if (error == ETIME || error == ETIMEDOUT) return Outcome::no_response;
    return call.exchange.first_byte == 0 ? Outcome::reset_before : Outcome::reset_mid;
}

}  // namespace homespun::seism
