#include "net/io/connection.hpp"

#include "net/io/connection_exchange.hpp"

// A connection's life: its states, its deadlines, its end.
namespace homespun::net {
namespace {

using Moment = std::chrono::steady_clock::time_point;

}  // namespace

Connection::Connection(LoopShare& share, Socket socket, std::string remote)
    : share_(share),
      socket_(std::move(socket)),
      remote_(std::move(remote)),
      by_proxy_(share.ties.proxies.trusts(remote_)) {}

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
    restart_window();
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

void Connection::log_fault(std::string_view fault) {
    share_.logger.error("handler_failed", {{"target", exchange_->request.path()}, {"error", fault}});
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
