#include <sys/socket.h>

#include <algorithm>
#include <atomic>

#include <boost/asio/buffer.hpp>

#include "net/io/connection_exchange.hpp"

// A connection's way in: from the first byte of a request to its handler.
namespace homespun::net {
namespace {

std::uint64_t next_request_id() {
    static std::atomic<std::uint64_t> counter{0};
    return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

base::Task<std::optional<std::string>> Connection::Stream::next() {
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
    if (by_proxy_) exchange.request.remote = share_.ties.proxies.client_of(remote_, exchange.request.headers);
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

void Connection::wake_stream() {
    if (!exchange_) return;
    if (const auto reader = std::exchange(exchange_->stream_reader, nullptr)) reader.resume();
}

}  // namespace homespun::net
