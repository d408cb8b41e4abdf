#pragma once
#include "stampede/engine/worker.hpp"

namespace homespun::stampede {

/// A session under way, with the request it is at. Reused.
struct Worker::Flight {
    Flight(std::uint32_t its_number, std::unique_ptr<Session> its_session, std::size_t most_body)
        : number(its_number), session(std::move(its_session)), parser(response, false, most_body) {}

    enum class State : std::uint8_t { free, pausing, waiting, connecting, sending, receiving };

    const std::uint32_t number;
    const std::unique_ptr<Session> session;
    State state = State::free;
    bool fresh_link = false;  ///< the connection was opened for this request
    bool retried = false;
    std::uint32_t link = none;
    std::uint32_t ticket = 0;         ///< of its last wait for a connection
    std::uint32_t local_user = none;  ///< in the closed model
    Moment due, sent, first_byte;
    std::size_t written = 0;
    bool answered_a_byte = false;
    Memory memory;  ///< in the open model
    Draft draft;
    std::string unread;  ///< of the answer: came, but the parser waits for more
    net::http::ClientResponse response;
    net::http::ResponseParser parser;
};

/// A connection. Its place is reused; `age` tells late events of its predecessor apart.
struct Worker::Link {
    net::StreamSocket socket;
    std::uint32_t place = 0;  ///< its own number
    std::uint32_t age = 0;
    std::uint32_t flight = none;
    std::uint32_t previous = none, next = none;  ///< among the idle ones
    std::uint32_t owner = none;                  ///< local user, in the closed model
    bool idle = false;
    bool peer_closed = false;
};

}  // namespace homespun::stampede
