#include "net/io/connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include <boost/asio/buffer.hpp>

#include "base/text.hpp"

namespace homespun::net {
namespace {

using Moment = std::chrono::steady_clock::time_point;

std::uint64_t next_request_id() {
    static std::atomic<std::uint64_t> counter{0};
    return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

/// One request and its answer. Shared by the connection and the handler's coroutine: the request stays in
/// place until that has ended, even if the connection has gone or the answer was a time-out.
struct Connection::Exchange {
    explicit Exchange(std::size_t head_limit) : parser(request, head_limit) {}

    http::Request request;
    http::RequestParser parser;
    http::Plan plan;
    Moment head_complete;
    Moment dispatched;
    Moment asked;  ///< when the source of the answer's body was last asked
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

    base::Task<std::optional<std::string>> next() override {
        struct Awaiter {
            Stream& stream;
            [[nodiscard]] bool await_ready() const {
                return !stream.exchange_.stream_piece.empty() || stream.exchange_.parser.done() ||
                       stream.failed();
            }
            void await_suspend(std::coroutine_handle<> caller) const {
                stream.exchange_.stream_reader = caller;
                if (const auto connection = stream.connection_.lock()) {
                    connection->restart_window();
                    connection->read_more();
                } else {
                    stream.exchange_.stream_failed = true;
                    stream.exchange_.stream_reader = nullptr;
                    caller.resume();
                }
            }
            void await_resume() const noexcept {}
        };
        if (exchange_.stream_piece.empty() && !exchange_.parser.done() && !failed()) {
            const auto connection = connection_.lock();
            if (connection && connection->state_ == State::handling) {
                connection->consume_body();
            } else {
                exchange_.stream_failed = true;  // answered or gone: no more of the body will come
            }
        }
        co_await Awaiter{*this};
        if (exchange_.stream_piece.empty()) co_return std::nullopt;
        co_return std::exchange(exchange_.stream_piece, {});
    }
    [[nodiscard]] bool failed() const override { return exchange_.stream_failed; }

  private:
    std::weak_ptr<Connection> connection_;
    Exchange& exchange_;
};

Connection::Connection(LoopShare& share, Socket socket, std::string remote)
    : share_(share), socket_(std::move(socket)), remote_(std::move(remote)) {}

Connection::~Connection() = default;

void Connection::start() {
    ErrorCode ignored;
    socket_.non_blocking(true, ignored);
    index = share_.connections.size();
    share_.connections.push_back(this);
    wait_idle();
}

void Connection::enter(State state) {
    state_ = state;
    since_ = std::chrono::steady_clock::now();
    progress_ = 0;
}

void Connection::restart_window() {
    since_ = std::chrono::steady_clock::now();
    progress_ = 0;
}

void Connection::hold(std::uint64_t bytes) {
    constexpr std::uint64_t worth_it = 64 * 1024;  // small ones are bounded by the number of connections
    if (bytes < worth_it) bytes = 0;
    share_.held += bytes - held_;
    const bool more = bytes > held_;
    held_ = bytes;
    if (more && share_.held > share_.most_held) share_.free_memory(*this);
}

Connection::Use Connection::use() const {
    switch (state_) {
        case State::idle:
        case State::lingering:
        case State::closed:
            return Use::none;
        case State::head:
            return Use::waiting;
        case State::body:
        case State::writing:
            return Use::moving;
        case State::handling:
            break;
    }
    return Use::working;
}

void Connection::end(Ending ending) {
    share_.tell(ending);
    if (ending == Ending::slow_reader || ending == Ending::memory) {
        // What the peer does not read would stay in the kernel for minutes.
        ErrorCode ignored;
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    close();
}

void Connection::wait_idle() {
    if (share_.draining) return close();
    enter(State::idle);
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
        if (error || self->state_ != State::idle) return self->close();
        self->begin_exchange();
        self->read_more();
    });
}

void Connection::begin_exchange() {
    if (!buffer_) {
        buffer_ = share_.borrow_buffer();
        begin_ = end_ = 0;
    }
    exchange_ = std::make_shared<Exchange>(share_.limits.head_bytes);
    auto& request = exchange_->request;
    request.remote = remote_;
    request.executor = &share_.loop;
    request.id = next_request_id();
    enter(State::head);
    began_ = since_;
}

void Connection::read_more() {
    if (state_ == State::closed) return wake_stream();
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0 && end_ == share_.limits.head_bytes) {
        std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
        end_ -= begin_;
        begin_ = 0;
    }
    const asio::mutable_buffer room(buffer_.get() + end_, share_.limits.head_bytes - end_);
    socket_.async_read_some(room, [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
        self->on_read(error, size);
    });
}

void Connection::on_read(const ErrorCode& error, std::size_t size) {
    if (state_ == State::closed) return;
    if (error) {
        if (exchange_) exchange_->stream_failed = true;
        if (exchange_ && exchange_->stream_reader) return wake_stream();
        return close();
    }
    end_ += size;
    progress_ += size;
    share_.ties.metrics.received_bytes.add(size);
    consume();
}

void Connection::consume() {
    if (state_ == State::head) {
        consume_head();
    } else if (state_ == State::body) {
        consume_body();
        if (state_ != State::body) return;
        if (exchange_->parser.done()) return dispatch();
        read_more();
    } else if (state_ == State::handling && exchange_->plan.stream) {
        consume_body();
        if (state_ != State::handling) return;
        if (exchange_->stream_piece.empty() && !exchange_->parser.done() && !exchange_->stream_failed)
            return read_more();
        wake_stream();
    }
}

void Connection::consume_head() {
    const std::string_view bytes(buffer_.get() + begin_, end_ - begin_);
    const auto used = exchange_->parser.feed(bytes);
    if (!used) return refuse(used.error());
    begin_ += *used;
    if (!exchange_->parser.head_done()) {
        if (end_ - begin_ == share_.limits.head_bytes) return refuse(http::Refusal::head_too_large);
        return read_more();
    }
    exchange_->head_complete = std::chrono::steady_clock::now();
    exchange_->keep_alive = exchange_->parser.keep_alive();
    if (!accept_plan()) return;
    if (exchange_->plan.stream) return dispatch();
    enter(State::body);
    consume_body();
    if (state_ != State::body) return;
    if (exchange_->parser.done()) return dispatch();
    read_more();
}

bool Connection::accept_plan() {
    auto& exchange = *exchange_;
    if (!share_.ties.proxies.empty())
        exchange.request.remote = share_.ties.proxies.client_of(remote_, exchange.request.headers);
    try {
        exchange.plan = share_.application.plan(exchange.request);
    } catch (const std::exception& error) {
        log_fault(error.what());
        refuse(http::Refusal::handler_failed);
        return false;
    }
    const auto length = exchange.parser.content_length();
    if (length && *length > exchange.plan.max_body) {
        refuse(http::Refusal::body_too_large);
        return false;
    }
    if (exchange.request.headers.has("Expect") && !exchange.parser.expects_continue()) {
        refuse(http::Refusal::expectation);
        return false;
    }
    if (exchange.plan.stream) {
        exchange.parser.set_body_sink([&exchange, taken = std::uint64_t{0}](std::string_view piece) mutable {
            taken += piece.size();
            exchange.stream_piece += piece;
            return taken <= exchange.plan.max_body;
        });
        exchange.request.stream = std::make_unique<Stream>(weak_from_this(), exchange);
    } else {
        // simdjson reads a little beyond the end; room for it now saves a copy of the whole body later. A
        // large body gets its room as it comes: announcing one must not cost us memory.
        constexpr std::uint64_t padding = 64;
        constexpr std::uint64_t first_room = 32 * 1024;
        constexpr std::uint64_t growth = 4;
        const auto whole = std::min(length.value_or(0), exchange.plan.max_body) + padding;
        if (length) exchange.request.body.reserve(std::min(whole, first_room));
        exchange.parser.set_body_sink([this, &exchange, whole](std::string_view piece) {
            auto& body = exchange.request.body;
            const auto size = body.size() + piece.size();
            if (size > exchange.plan.max_body) return false;
            if (size > body.capacity() && size <= whole)
                body.reserve(std::max(size, std::min(whole, growth * body.capacity())));
            body += piece;
            hold(body.capacity());
            return true;
        });
    }
    if (exchange.parser.expects_continue() && exchange.request.version_minor > 0 && !exchange.parser.done() &&
        begin_ == end_) {
        send_continue();
    }
    return true;
}

void Connection::send_continue() {
    // 25 bytes into an empty socket buffer: if even that does not fit, the peer will send its body unasked or
    // go.
    constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    (void)!::send(socket_.native_handle(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Connection::consume_body() {
    auto& parser = exchange_->parser;
    while (begin_ < end_ && !parser.done()) {
        const auto used = parser.feed({buffer_.get() + begin_, end_ - begin_});
        if (!used) {
            exchange_->stream_failed = true;
            if (exchange_->plan.stream && state_ == State::handling) return;
            return refuse(used.error());
        }
        begin_ += *used;
        if (*used == 0) break;
    }
    if (!parser.done() && end_ - begin_ == share_.limits.head_bytes) {
        exchange_->stream_failed = true;
        if (state_ == State::body) refuse(http::Refusal::malformed);  // a chunk header without end
    }
}

void Connection::dispatch() {
    enter(State::handling);
    exchange_->dispatched = since_;
    auto task = share_.application.handle(exchange_->request);
    base::spawn(std::move(task), [self = shared_from_this(), exchange = exchange_](auto result) {
        if (exchange->answered) return;  // timed out before; the connection has moved on
        if (result) {
            self->respond(std::move(*result));
        } else {
            try {
                std::rethrow_exception(result.error());
            } catch (const std::exception& error) {
                self->log_fault(error.what());
            } catch (...) {
                self->log_fault("something that is no std::exception");
            }
            self->refuse(http::Refusal::handler_failed);
        }
    });
}

void Connection::refuse(http::Refusal refusal) {
    if (state_ == State::closed) return;
    using enum http::Refusal;
    if (refusal == malformed || refusal == head_too_large || refusal == version)
        share_.ties.metrics.parse_errors.add();
    if (refusal != http::Refusal::handler_failed || !exchange_->parser.done()) close_after_ = true;
    if (!exchange_->parser.done()) exchange_->stream_failed = true;
    // Whatever a hook of the application throws: the peer gets an answer, and no other peer notices.
    http::Response response(http::status_of(refusal));
    try {
        response = share_.application.refuse(exchange_->request, refusal);
    } catch (const std::exception& error) {
        log_fault(error.what());
    }
    respond(std::move(response));
}

void Connection::log_fault(std::string_view fault) {
    share_.logger.error("handler_failed", {{"target", exchange_->request.path()}, {"error", fault}});
}

void Connection::respond(http::Response response) {
    auto& exchange = *exchange_;
    exchange.answered = true;
    if (state_ == State::closed) return;
    const auto spent = std::chrono::steady_clock::now() - exchange.head_complete;
    const auto duration = exchange.parser.head_done()
                              ? std::chrono::duration_cast<std::chrono::microseconds>(spent)
                              : std::chrono::microseconds{0};
    try {
        share_.application.finish(exchange.request, response, duration);
    } catch (const std::exception& error) {
        log_fault(error.what());
    }
    if (response.close || share_.draining || !exchange.keep_alive || !exchange.parser.done())
        close_after_ = true;
    // A part of a body serves nobody, least of all while a slow peer takes its refusal.
    if (!exchange.parser.done() && !exchange.plan.stream) std::string().swap(exchange.request.body);

    http::HeadFacts facts;
    facts.date = share_.date.at(share_.clock.now_ms() / 1000);
    facts.version_minor = exchange.request.version_minor;
    const bool bodiless = http::is_bodiless(response.status);
    const bool upgrade = std::holds_alternative<http::Upgrade>(response.body);
    const bool head_only = exchange.request.method == "HEAD";
    if (bodiless && !upgrade) {
        response.body = std::string();
        if (response.status == 204 || response.status == 304) response.content_type.clear();
    }
    if (const auto* flat = std::get_if<std::string>(&response.body)) {
        if (!bodiless) facts.content_length = flat->size();
    } else if (const auto* file = std::get_if<http::FileBody>(&response.body)) {
        facts.content_length = file->size;
    } else if (!upgrade && !head_only) {
        if (exchange.request.version_minor > 0) {
            facts.chunked = exchange.chunked = true;
        } else {
            close_after_ = true;
        }
    }
    facts.keep_alive = !close_after_ || upgrade;
    std::string head;
    head.reserve(512);
    http::write_head(head, response, facts);
    if (head_only && !upgrade) response.body = std::string();
    std::string body;
    if (auto* flat = std::get_if<std::string>(&response.body)) body = std::move(*flat);
    exchange.response = std::move(response);
    enter(State::writing);
    write_flat(std::move(head), std::move(body));
}

void Connection::write_flat(std::string head, std::string body) {
    constexpr std::size_t small = 4096;
    if (body.size() <= small) {
        head += body;
        body.clear();
    }
    exchange_->head = std::move(head);
    exchange_->tail = std::move(body);
    exchange_->written = 0;
    hold(exchange_->request.body.capacity() + exchange_->head.capacity() + exchange_->tail.capacity());
    write_rest();
}

void Connection::write_rest() {
    auto& exchange = *exchange_;
    const std::size_t total = exchange.head.size() + exchange.tail.size();
    if (exchange.written == total) {
        if (std::holds_alternative<http::BodySource>(exchange.response.body)) return write_streamed();
        if (std::holds_alternative<http::FileBody>(exchange.response.body)) return write_file();
        if (std::holds_alternative<http::Upgrade>(exchange.response.body)) return hand_over();
        return finish_response();
    }
    const std::size_t from_head = std::min(exchange.written, exchange.head.size());
    const std::size_t from_tail = exchange.written - from_head;
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(exchange.head) + from_head,
                                                    asio::buffer(exchange.tail) + from_tail};
    socket_.async_write_some(
        buffers, [self = shared_from_this(), keep = exchange_](const ErrorCode& error, std::size_t size) {
            if (error || self->state_ != State::writing) return self->close();
            self->progress_ += size;
            self->share_.ties.metrics.sent_bytes.add(size);
            keep->written += size;
            self->write_rest();
        });
}

void Connection::write_file() {
    auto& file = std::get<http::FileBody>(exchange_->response.body);
    if (file.size == 0) return finish_response();
    constexpr std::uint64_t slice = 64 * 1024;
    std::string piece(std::min(slice, file.size), '\0');
    const auto got = ::pread(*file.descriptor, piece.data(), piece.size(), static_cast<off_t>(file.offset));
    if (got <= 0) return close();  // the file shrank: the announced length cannot be kept
    piece.resize(static_cast<std::size_t>(got));
    file.offset += piece.size();
    file.size -= piece.size();
    write_flat(std::move(piece), {});
}

void Connection::write_streamed() {
    if (exchange_->source_done) return finish_response();
    auto& source = std::get<http::BodySource>(exchange_->response.body);
    exchange_->source_pending = true;
    exchange_->asked = std::chrono::steady_clock::now();
    base::spawn(source(), [self = shared_from_this(), keep = exchange_](auto piece) {
        if (self->state_ != State::writing) return;
        if (!piece) return self->close();  // the head is gone: only breaking off tells the peer
        keep->source_pending = false;
        self->since_ +=
            std::chrono::steady_clock::now() - keep->asked;  // the source's time is not the peer's
        if (!*piece) {
            keep->source_done = true;
            self->write_flat(keep->chunked ? "0\r\n\r\n" : "", {});
        } else if (keep->chunked && !(*piece)->empty()) {
            (*piece)->append("\r\n");
            self->write_flat(fmt::format("{:x}\r\n", (*piece)->size() - 2), std::move(**piece));
        } else {
            self->write_flat(std::move(**piece), {});
        }
    });
}

void Connection::finish_response() {
    hold(0);
    if (close_after_) return linger();
    exchange_.reset();
    if (begin_ < end_) {
        begin_exchange();
        return consume();
    }
    share_.give_back(std::move(buffer_));
    wait_idle();
}

void Connection::hand_over() {
    auto take = std::move(std::get<http::Upgrade>(exchange_->response.body).take);
    std::string rest(buffer_.get() + begin_, end_ - begin_);
    ErrorCode error;
    const int descriptor = socket_.release(error);
    close();
    if (!error) take(descriptor, std::move(rest));
}

/// Closing with unread input would reset the connection and could take the answer with it: say "no more",
/// read away what the peer still sends, for a bounded time.
void Connection::linger() {
    if (state_ != State::lingering) {
        enter(State::lingering);
        ErrorCode ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
    }
    if (exchange_ && exchange_->parser.done()) return close();
    begin_ = end_ = 0;
    socket_.async_read_some(asio::buffer(buffer_.get(), share_.limits.head_bytes),
                            [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                                if (error || self->state_ != State::lingering) return self->close();
                                self->linger();
                            });
}

void Connection::wake_stream() {
    if (!exchange_) return;
    if (const auto reader = std::exchange(exchange_->stream_reader, nullptr)) reader.resume();
}

void Connection::close() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    hold(0);
    ErrorCode ignored;
    socket_.close(ignored);
    if (buffer_) share_.give_back(std::move(buffer_));
    begin_ = end_ = 0;
    if (exchange_ && !exchange_->parser.done()) exchange_->stream_failed = true;
    auto& list = share_.connections;
    list[index] = list.back();
    list[index]->index = index;
    list.pop_back();
    if (exchange_ && exchange_->stream_reader) {
        exchange_->stream_failed = true;
        share_.loop.post([self = shared_from_this()] { self->wake_stream(); });
    }
    share_.on_close();
}

void Connection::drain() {
    close_after_ = true;
    if (state_ != State::idle) return;
    close();
}

void Connection::check_deadline(Moment now) {
    const auto& limits = share_.limits;
    const auto spent = now - since_;
    const auto too_slow = [&] {
        if (spent <= limits.window) return false;
        const auto least =
            static_cast<std::uint64_t>(limits.window.count()) * limits.least_bytes_per_second / 1000;
        if (progress_ < least) return true;
        since_ = now;
        progress_ = 0;
        return false;
    };
    const auto refuse_slow = [&](Ending ending) {
        share_.tell(ending);
        refuse(http::Refusal::too_slow);
    };
    switch (state_) {
        case State::idle:
            if (spent > limits.idle_time) end(Ending::idle);
            return;
        case State::head:
            if (spent > limits.head_time) refuse_slow(Ending::slow_head);
            return;
        case State::body:
            if (too_slow()) refuse_slow(Ending::slow_body);
            return;
        case State::handling: {
            const auto timeout = exchange_->plan.timeout;
            if (exchange_->stream_reader && too_slow()) {
                share_.tell(Ending::slow_body);
                exchange_->stream_failed = true;
                wake_stream();
            } else if (timeout.count() > 0 && now - exchange_->dispatched > timeout) {
                refuse(http::Refusal::handler_timeout);
            }
            return;
        }
        case State::writing:
            if (!exchange_->source_pending && too_slow()) end(Ending::slow_reader);
            return;
        case State::lingering:
            if (spent > limits.linger_time) close();
            return;
        case State::closed:
            return;
    }
}

}  // namespace homespun::net
