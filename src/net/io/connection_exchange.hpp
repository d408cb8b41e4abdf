#pragma once
#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>

#include "base/task.hpp"
#include "net/http/message.hpp"
#include "net/http/parser.hpp"
#include "net/io/connection.hpp"

// Private to the three files of Connection.
namespace homespun::net {

/// One request and its answer. Shared by the connection and the handler's coroutine: the request stays in
/// place until that has ended, even if the connection has gone or the answer was a time-out.
struct Connection::Exchange {
    explicit Exchange(std::size_t head_limit) : parser(request, head_limit) {}

    http::Request request;
    http::RequestParser parser;
    http::Plan plan;
    std::chrono::steady_clock::time_point head_complete;
    std::chrono::steady_clock::time_point dispatched;
    std::chrono::steady_clock::time_point asked;  ///< when the source of the answer's body was last asked
    bool source_pending = false;
    bool answered = false;
    bool keep_alive = true;
    bool body_overflow = false;

    // Streamed request body.
    std::string stream_piece;
    bool stream_failed = false;
    std::coroutine_handle<> stream_reader;

    // The answer on its way out.
    http::Response response;
    std::string head, tail;   ///< head (and flat body) being written
    std::size_t written = 0;  ///< of head + tail
    bool chunked = false;
    bool source_done = false;
};

/// What a handler sees as Request::stream. Belongs to the request, which the exchange owns.
class Connection::Stream final : public http::BodyStream {
  public:
    Stream(std::weak_ptr<Connection> connection, Exchange& exchange)
        : connection_(std::move(connection)), exchange_(exchange) {}

    base::Task<std::optional<std::string>> next() override;
    [[nodiscard]] bool failed() const override { return exchange_.stream_failed; }

  private:
    std::weak_ptr<Connection> connection_;
    Exchange& exchange_;
};

}  // namespace homespun::net
