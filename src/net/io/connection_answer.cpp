#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>

#include "net/http/writer.hpp"
#include "net/io/connection_exchange.hpp"

// A connection's way out: from the handler's answer, or a refusal, to the last byte, and what comes then.
namespace homespun::net {

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

}  // namespace homespun::net
