#include <cerrno>
#include <cstring>

#include "stampede/engine/worker.hpp"
#include "stampede/engine/worker_state.hpp"

// A session's course: from a request that is due to its answer, over connections that come and go.
namespace homespun::stampede {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

std::uint64_t tag_of(std::uint32_t number, std::uint32_t age) {
    return (static_cast<std::uint64_t>(age) << 32) | number;
}

}  // namespace

void Worker::advance(Flight& flight) {
    const auto next = flight.session->next(flight.draft);
    switch (next.kind) {
        case Next::Kind::end:
            return end_session(flight);
        case Next::Kind::pause: {
            flight.due += next.pause;
            const auto now = std::chrono::steady_clock::now();
            if (flight.due <= now) return advance(flight);
            flight.state = Flight::State::pausing;
            return flight_alarms_.set(flight.number, tick_of(flight.due));
        }
        case Next::Kind::ask:
            return begin_request(flight, std::chrono::steady_clock::now());
    }
}

void Worker::begin_request(Flight& flight, Moment now) {
    const auto busy = in_flight_.fetch_add(1, std::memory_order_relaxed) + 1;
    auto& counts = harvest_.counts;
    counts.in_flight_peak = std::max(counts.in_flight_peak, busy);
    counts.send_lag.record(duration_cast<microseconds>(now - flight.due).count());
    flight_alarms_.set(flight.number, tick_of(flight.due + settings_.timeout) + 1);
    flight.parser.restart(flight.draft.head);
    flight.written = 0;
    flight.answered_a_byte = false;
    flight.retried = false;
    flight.unread.clear();
    if (flight.link != none) return send(flight);
    get_link(flight);
}

void Worker::get_link(Flight& flight) {
    if (settings_.connections == Connections::keep) {
        const auto number = flight.local_user == none ? idle_last_ : users_[flight.local_user].link;
        if (number != none) {
            auto& link = links_[number];
            leave_idle(link);
            link.flight = flight.number;
            flight.link = number;
            flight.fresh_link = false;
            return send(flight);
        }
    }
    open_link(flight);
}

void Worker::open_link(Flight& flight) {
    if (connections() >= settings_.most_connections) {
        if (idle_first_ == none) {
            flight.state = Flight::State::waiting;
            waiting_.push_back({flight.number, ++flight.ticket});
            return;
        }
        close(links_[idle_first_], false);
    }
    const auto number = free_link();
    auto& link = links_[number];
    const bool bind = settings_.source_addresses > 1;
    const auto source =
        net::TcpAddress::loopback_source(bind ? next_source_++ % settings_.source_addresses : 0);
    const int error = link.socket.connect(settings_.target, bind ? &source : nullptr);
    if (error != 0 || !poller_.watch(link.socket.descriptor(), tag_of(number, link.age))) {
        link.socket.close();
        free_links_.push_back(number);
        if (error == EADDRNOTAVAIL) ++harvest_.counts.out_of_ports;
        if (error == EMFILE || error == ENFILE || error == 0) ++harvest_.counts.out_of_descriptors;
        return fail(flight, ErrorClass::refused, std::strerror(error));
    }
    open_.fetch_add(1, std::memory_order_relaxed);
    ++harvest_.counts.connections_opened;
    link.flight = flight.number;
    link.peer_closed = false;
    link.owner = flight.local_user;
    if (link.owner != none) users_[link.owner].link = number;
    flight.link = number;
    flight.fresh_link = true;
    flight.state = Flight::State::connecting;
}

void Worker::send(Flight& flight) {
    auto& link = links_[flight.link];
    flight.state = Flight::State::sending;
    if (flight.written == 0) flight.sent = std::chrono::steady_clock::now();
    while (flight.written < flight.draft.bytes.size()) {
        const auto moved = link.socket.send(std::string_view(flight.draft.bytes).substr(flight.written));
        if (moved.error == EAGAIN) return;
        if (moved.error != 0) return lose_link(flight, ErrorClass::reset, std::strerror(moved.error));
        flight.written += moved.bytes;
        harvest_.counts.types[flight.draft.type].bytes_out += moved.bytes;
    }
    flight.state = Flight::State::receiving;
}

void Worker::on_event(const net::Poller::Event& event) {
    auto& link = links_[event.tag & none];
    if (link.age != event.tag >> 32 || !link.socket.is_open()) return;
    if (link.flight == none) {
        if (event.readable) close(link, false);  // nothing is expected here but the end
        return;
    }
    auto& flight = flights_[link.flight];
    if (flight.state == Flight::State::connecting) {
        const int error = link.socket.error();
        if (error == EINPROGRESS) return;
        if (error == 0) return send(flight);
        return fail(flight, ErrorClass::refused, std::strerror(error));
    }
    if (event.readable) {
        receive(flight, link);
        if (link.age != event.tag >> 32 || link.flight != flight.number) return;
    }
    if (event.writable && flight.state == Flight::State::sending) send(flight);
}

void Worker::receive(Flight& flight, Link& link) {
    // Between two requests only the peer's end can come.
    if (flight.state == Flight::State::pausing) return release(flight, false);
    while (true) {
        const auto moved = link.socket.receive(room_);
        if (moved.error == EAGAIN || moved.error == EINTR) return;
        if (moved.error != 0) return lose_link(flight, ErrorClass::reset, std::strerror(moved.error));
        if (moved.end) {
            link.peer_closed = true;
            if (flight.answered_a_byte && flight.parser.finish()) return complete(flight);
            return lose_link(flight, ErrorClass::reset, "closed before the end of the answer");
        }
        if (!flight.answered_a_byte) flight.first_byte = std::chrono::steady_clock::now();
        flight.answered_a_byte = true;
        harvest_.counts.types[flight.draft.type].bytes_in += moved.bytes;
        const auto rest = parse(flight, {room_.data(), moved.bytes});
        if (!rest) return fail(flight, ErrorClass::malformed, "the answer is not HTTP, or too long");
        if (!flight.parser.done()) continue;
        if (*rest > 0) link.peer_closed = true;  // more than was asked for: not to be used again
        return complete(flight);
    }
}

/// Feeds the parser; how many bytes are left over, or nothing when it refuses. What it does not take of an
/// unfinished answer is kept until more comes.
std::optional<std::size_t> Worker::parse(Flight& flight, std::string_view bytes) {
    if (!flight.unread.empty()) {
        flight.unread += bytes;
        bytes = flight.unread;
    }
    while (!bytes.empty() && !flight.parser.done()) {
        const auto used = flight.parser.feed(bytes);
        if (!used) return std::nullopt;
        if (*used == 0) break;
        bytes.remove_prefix(*used);
    }
    const auto left = bytes.size();
    if (flight.parser.done() || left == 0) {
        flight.unread.clear();
    } else {
        flight.unread = std::string(bytes);
    }
    return left;
}

void Worker::complete(Flight& flight) {
    flight_alarms_.cancel(flight.number);
    const auto& response = flight.response;
    const auto error = flight.session->judge({response.status, response.headers, response.body});
    count(flight, error,
          error ? "status " + std::to_string(response.status) + " " + response.body.substr(0, 200) : "");
    const bool early = flight.state == Flight::State::sending;  // answered before all was sent
    const bool reusable = flight.parser.keep_alive() && !early &&
                          settings_.connections != Connections::request && !links_[flight.link].peer_closed;
    if (!reusable) release(flight, false);
    constexpr std::size_t kept_body = 16 * 1024;
    if (flight.response.body.capacity() > kept_body) flight.response.body = {};
    flight.due = std::chrono::steady_clock::now();
    advance(flight);
}

void Worker::lose_link(Flight& flight, ErrorClass error, std::string_view what) {
    // A kept connection may have been closed by the server just before: browsers ask again, once.
    const bool stale = !flight.fresh_link && !flight.answered_a_byte && !flight.retried;
    if (!stale) return fail(flight, error, what);
    release(flight, false);
    flight.retried = true;
    flight.written = 0;
    flight.parser.restart(flight.draft.head);
    open_link(flight);
}

void Worker::fail(Flight& flight, ErrorClass error, std::string_view what) {
    flight_alarms_.cancel(flight.number);
    count(flight, error, what);
    release(flight, false);
    flight.session->broken(error);
    flight.due = std::chrono::steady_clock::now();
    advance(flight);
}

void Worker::release(Flight& flight, bool reusable) {
    if (flight.link == none) return;
    auto& link = links_[flight.link];
    flight.link = none;
    link.flight = none;
    if (!reusable || link.peer_closed || settings_.connections != Connections::keep)
        return close(link, !reusable);
    if (link.owner == none) {
        if (auto* next = next_waiting()) {
            next->link = link.place;
            link.flight = next->number;
            next->fresh_link = false;
            return send(*next);
        }
    }
    make_idle(link);
}

void Worker::close(Link& link, bool reset) {
    leave_idle(link);
    if (link.owner != none && users_[link.owner].link != none) users_[link.owner].link = none;
    link.owner = none;
    if (link.flight != none) flights_[link.flight].link = none;
    link.flight = none;
    if (reset) {
        link.socket.abort();
    } else {
        link.socket.close();
    }
    ++link.age;
    open_.fetch_sub(1, std::memory_order_relaxed);
    free_links_.push_back(link.place);
    serve_waiting();
}

void Worker::serve_waiting() {
    if (connections() >= settings_.most_connections) return;
    if (auto* next = next_waiting()) open_link(*next);
}

/// The flight that has waited longest and still does, taken off the queue; null when there is none.
Worker::Flight* Worker::next_waiting() {
    while (!waiting_.empty()) {
        const auto place = waiting_.front();
        waiting_.pop_front();
        auto& flight = flights_[place.flight];
        if (flight.state == Flight::State::waiting && flight.ticket == place.ticket) return &flight;
    }
    return nullptr;
}

void Worker::make_idle(Link& link) {
    link.idle = true;
    link.next = none;
    link.previous = idle_last_;
    (idle_last_ == none ? idle_first_ : links_[idle_last_].next) = link.place;
    idle_last_ = link.place;
    if (waiting_.empty()) return;
    close(link, false);  // somebody else needs the place more than its owner
}

void Worker::leave_idle(Link& link) {
    if (!link.idle) return;
    link.idle = false;
    (link.previous == none ? idle_first_ : links_[link.previous].next) = link.next;
    (link.next == none ? idle_last_ : links_[link.next].previous) = link.previous;
}

std::uint32_t Worker::free_link() {
    if (!free_links_.empty()) {
        const auto number = free_links_.back();
        free_links_.pop_back();
        return number;
    }
    const auto number = static_cast<std::uint32_t>(links_.size());
    links_.emplace_back().place = number;
    return number;
}

}  // namespace homespun::stampede
