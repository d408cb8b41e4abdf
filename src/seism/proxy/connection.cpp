#include "seism/proxy/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace homespun::seism {
namespace {

/// A connection that has so much to carry lets others have their turn.
constexpr std::size_t turn_bytes = std::size_t{1} << 20;

/// Takes what has come off a socket that is about to be closed: with unread bytes the kernel would send RST
/// where FIN is meant.
void drop_unread(net::StreamSocket& socket, std::span<char> into) {
    std::size_t left = turn_bytes;
    while (socket.is_open() && left > 0) {
        const auto got = socket.receive(into);
        if (got.error != 0 || got.end) return;
        left -= std::min(left, got.bytes);
    }
}

}  // namespace

Connection::Connection(std::uint64_t tag, std::uint64_t ordinal, net::StreamSocket socket,
                       ProxyCounts& counts, Time opened)
    : tag_(tag), ordinal_(ordinal), counts_(counts), opened_(opened) {
    auto& side = sides_[client];
    side.socket = std::move(socket);
    side.readable = side.writable = true;
}

void Connection::connected() {
    connected_ = true;
    dial_deadline = dial_at = never;
    sides_[server].writable = sides_[server].readable = true;
}

Connection::Step Connection::drive(Carrier& carrier, Time now) {
    now_ = now;
    std::size_t turns = 0;
    bool moved = state_ == State::carrying;
    while (moved && state_ == State::carrying) {
        moved = false;
        for (const auto link : {up, down}) {
            if (state_ == State::carrying) carry(link, carrier, now);
            if (state_ == State::carrying && read(link, carrier, now)) moved = true;
            if (state_ == State::ended) return Step::ended;
        }
        if (++turns * carrier.buffer().size() >= turn_bytes && moved) return Step::again;
    }
    if (state_ == State::held)
        return sides_[client].hung_up || sides_[server].hung_up ? (end_now(carrier.buffer()), Step::ended)
                                                                : Step::wait;
    if (state_ == State::lingering) return linger(carrier.buffer(), now);
    if (state_ == State::closing) {
        const auto step = go_on_closing(now);
        if (step == Step::ended) end_now(carrier.buffer());
        return step;
    }
    due_ =
        std::min({link_due_[up], link_due_[down], dial_at, dial_deadline, talk_ ? talk_->next_drop : never});
    return state_ == State::ended ? Step::ended : Step::wait;
}

void Connection::carry(std::size_t link, Carrier& carrier, Time now) {
    const auto& from = sides_[link];
    auto& to = sides_[1 - link];
    if (link == down && talk_) drip(now);
    if (links_[link].has_stages()) {
        bool more = true;
        while (more) {
            const bool talks = link == down && talk_;
            auto outcome = links_[link].run(now, talks ? talk_->tail : to.outbox);
            link_due_[link] = outcome.due;
            for (const auto place : outcome.bitten)
                carrier.bitten(*this, place);
            bool was_full = to.outbox.is_full();
            if (talks) {
                was_full = was_full || talk_->tail.is_full();
                listen_to_server();
                if (state_ != State::carrying) return;
            }
            flush(link);
            if (state_ == State::ended) return;
            if (outcome.fate == Fate::reset) return reset();
            if (outcome.fate == Fate::close) return close(now);
            more = was_full && !to.outbox.is_full() && links_[link].holds_anything();
        }
    } else {
        link_due_[link] = never;
        if (link == down && talk_) listen_to_server();
        if (state_ != State::carrying) return;
        if (to.has_unsent()) flush(link);
        if (state_ == State::ended) return;
    }
    if (to.outbox.is_at_end() && !to.is_told && (link == down || connected_)) {
        // A close says it too, unless bytes are unread: then it says RST.
        const bool both_told = sides_[link].is_told;
        if (both_told && from.has_ended && to.has_ended && !to.secure) return end();
        if (tell_end(to) && both_told) end();
    }
}

bool Connection::read(std::size_t link, Carrier& carrier, Time now) {
    auto& from = sides_[link];
    auto& to = sides_[1 - link];
    if (!from.readable || from.has_ended || (link == down && !connected_)) return false;
    if (links_[link].has_stages() ? links_[link].entrance().is_full() : to.outbox.is_full()) return false;
    // A client that does not take what it is told is not asked for more.
    if (talk_ && (sides_[client].outbox.is_full() || talk_->tail.is_full())) return false;
    if (wants_splice(link)) return splice(link, carrier, now);
    const auto buffer = carrier.buffer();
    const auto got = from.socket.receive(buffer);
    if (got.error == EAGAIN) {
        from.readable = false;
        return false;
    }
    // Orders that were given before these bytes were sent must meet them.
    if (!carrier.obey(tag_)) return false;
    if (got.error != 0) {
        broken(link, now);
        return false;
    }
    if (got.end) {
        from.has_ended = true;
        take_end(link, now);
        return state_ == State::carrying;
    }
    ProxyCounts::add(counts_.received[link], got.bytes);
    from.bulk = got.bytes < least_bulk ? 0 : from.bulk + got.bytes;
    if (got.bytes < buffer.size() && !from.hung_up) from.readable = false;
    std::string_view bytes(buffer.data(), got.bytes);
    constexpr char tls_handshake = 0x16;
    if (link == up && !std::exchange(has_heard_client_, true) && tls_plan_ != nullptr &&
        bytes.front() == tls_handshake)
        start_tls({});
    if (!from.secure) {
        hear(link, bytes, now);
        if (state_ != State::carrying || unread_.empty()) return state_ == State::carrying;
        bytes = unread_;
    }
    std::string said;
    if (!decrypt(link, bytes, said)) return false;
    unread_.clear();
    if (!said.empty()) hear(link, said, now);
    if (state_ == State::carrying && from.secure->session.has_ended() && !from.has_ended) {
        from.has_ended = true;
        take_end(link, now);
    }
    return state_ == State::carrying;
}

void Connection::hear(std::size_t link, std::string_view bytes, Time now) {
    if (talk_ && link == up)
        talk_->with.conversation->from_client(bytes, *this);
    else if (talk_ && !links_[down].has_stages() && !talk_->tail.has_chunk())
        talk_->with.conversation->from_server(bytes, *this);
    else if (talk_ && !links_[down].has_stages())
        talk_->tail.push(bytes, now);
    else
        enter(link, bytes, now);
}

void Connection::take_end(std::size_t link, Time now) {
    if (talk_ && link == up) return talk_->with.conversation->client_ended(*this);
    if (links_[link].has_stages()) return links_[link].entrance().push_end(now);
    if (!talk_) return sides_[1 - link].outbox.push_end(now);
    talk_->tail.push_end(now);
    listen_to_server();
}

void Connection::enter(std::size_t link, std::string_view bytes, Time now) {
    if (links_[link].has_stages()) return links_[link].entrance().push(bytes, now);
    auto& to = sides_[1 - link];
    std::size_t sent = 0;
    if (!to.outbox.has_chunk() && !send(link, bytes, sent)) return;
    if (sent < bytes.size()) to.outbox.push(bytes.substr(sent), now);
}

bool Connection::send(std::size_t link, std::string_view bytes, std::size_t& sent) {
    auto& to = sides_[1 - link];
    if (to.secure) return send_secure(link, bytes, sent);
    // The end in a packet of its own is a tenth of what a short connection costs.
    const bool more = sides_[link].end_is_near && !links_[link].has_stages() && !talk_;
    to.keeps_back = to.keeps_back || more;
    while (to.writable && sent < bytes.size()) {
        const auto moved = to.socket.send(bytes.substr(sent), more);
        if (moved.error == EAGAIN) {
            to.writable = false;
            break;
        }
        if (moved.error != 0) {
            reset();
            return false;
        }
        sent += moved.bytes;
        ProxyCounts::add(counts_.sent[link], moved.bytes);
    }
    return true;
}

bool Connection::flush(std::size_t link) {
    if (sides_[1 - link].secure && !flush_secure(sides_[1 - link])) return false;
    auto& outbox = sides_[1 - link].outbox;
    bool any = false;
    while (outbox.has_chunk()) {
        std::size_t sent = 0;
        const auto bytes = outbox.front_bytes();
        if (!send(link, bytes, sent)) return any;
        if (sent == 0) return any;
        any = true;
        outbox.consume(sent);
    }
    return any;
}

void Connection::erase(std::size_t link, std::uint64_t place, Time now) {
    if (links_[link].erase(place, sides_[1 - link].outbox)) close(now);
}

void Connection::erase_for_another(std::size_t link, std::uint64_t place) {
    links_[link].erase(place, sides_[1 - link].outbox);
}

void Connection::push(std::size_t link) {
    auto& to = sides_[1 - link];
    if (std::exchange(to.keeps_back, false)) to.socket.push();
}

void Connection::broken(std::size_t link, Time now) {
    // What came before the reset is still delivered.
    push(link);
    copy_again(link);
    if (!sides_[1 - link].outbox.has_chunk()) return reset();
    resets_at_the_end_ = true;
    close(now);
}

void Connection::close(Time now) {
    if (state_ != State::carrying && state_ != State::held) return;
    for (const auto link : {up, down})
        copy_again(link);
    state_ = State::closing;
    close_deadline_ = now + closing_time;
}

Connection::Step Connection::go_on_closing(Time now) {
    for (const auto link : {up, down}) {
        flush(link);
        if (state_ == State::ended) return Step::ended;
    }
    const bool unsent = sides_[client].has_unsent() || (connected_ && sides_[server].has_unsent());
    if (unsent && now < close_deadline_) {
        due_ = close_deadline_;
        return Step::wait;
    }
    if (resets_at_the_end_) reset();
    return Step::ended;
}

void Connection::reset() {
    for (auto& side : sides_)
        side.socket.abort();
    state_ = State::ended;
}

void Connection::end_now(std::span<char> scratch) {
    for (auto& side : sides_)
        drop_unread(side.socket, scratch);
    end();
}

void Connection::end() {
    for (auto& side : sides_)
        side.socket.close();
    state_ = State::ended;
}

}  // namespace homespun::seism
