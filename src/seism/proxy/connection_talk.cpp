// What a conversation does to its connection.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "seism/proxy/connection.hpp"

namespace homespun::seism {
namespace {

using namespace std::chrono_literals;

/// For a client to say what it still has to say, after it was told that nobody listens.
constexpr auto lingering_time = 1s;

}  // namespace

void Connection::converse(Talk talk, Time now) {
    now_ = now;
    talk_ = std::make_unique<Conversing>(Conversing{.with = std::move(talk)});
    talk_->with.conversation->opened(*this);
}

void Connection::listen_to_server() {
    auto& tail = talk_->tail;
    while (state_ == State::carrying && tail.has_chunk() && !sides_[client].outbox.is_full()) {
        const auto chunk = tail.pop();
        talk_->with.conversation->from_server(chunk.bytes, *this);
    }
    if (state_ != State::carrying || !tail.is_at_end()) return;
    tail.take_end();
    talk_->with.conversation->server_ended(*this);
}

void Connection::to_server(std::string_view bytes) {
    if (state_ == State::carrying) enter(up, bytes, now_);
}

void Connection::to_client(std::string_view bytes) {
    if (state_ != State::carrying) return;
    if (talk_->next_drop != never) {
        talk_->after_dripping.append(bytes);
        return;
    }
    auto& side = sides_[client];
    std::size_t sent = 0;
    if (!side.outbox.has_chunk() && !send(down, bytes, sent)) return;
    if (sent < bytes.size()) side.outbox.push(bytes.substr(sent), now_);
}

void Connection::drip_to_client(std::string_view bytes, std::chrono::milliseconds interval) {
    if (state_ != State::carrying || bytes.empty()) return;
    talk_->dripping.append(bytes);
    talk_->interval = interval;
    if (talk_->next_drop == never) talk_->next_drop = now_;
}

void Connection::drip(Time now) {
    auto& talk = *talk_;
    if (talk.next_drop > now) return;
    std::size_t drops = 0;
    while (drops < talk.dripping.size() && talk.next_drop <= now) {
        talk.next_drop += std::max<std::chrono::milliseconds>(talk.interval, 1ms);
        ++drops;
    }
    sides_[client].outbox.push(talk.dripping.substr(0, drops), now);
    talk.dripping.erase(0, drops);
    if (!talk.dripping.empty()) return;
    talk.next_drop = never;
    if (!talk.after_dripping.empty()) sides_[client].outbox.push(std::exchange(talk.after_dripping, {}), now);
}

void Connection::end_to_server() {
    if (state_ != State::carrying) return;
    (links_[up].has_stages() ? links_[up].entrance() : sides_[server].outbox).push_end(now_);
}

void Connection::end_to_client() {
    if (state_ == State::carrying) sides_[client].outbox.push_end(now_);
}

void Connection::hold() {
    if (state_ != State::carrying) return;
    state_ = State::held;
    dial_at = dial_deadline = never;
    due_ = never;
}

void Connection::close() {
    if (state_ != State::carrying) return;
    state_ = State::lingering;
    dial_at = dial_deadline = never;
    close_deadline_ = now_ + closing_time;
}

Connection::Step Connection::linger(std::span<char> scratch, Time now) {
    auto& side = sides_[client];
    drip(now);
    flush(down);
    if (state_ == State::ended) return Step::ended;
    const bool unsent = side.has_unsent() || talk_->next_drop != never;
    if (!unsent && !side.is_told && tell_end(side)) {
        flush(up);  // what the server was to be told before
        sides_[server].socket.close();
        close_deadline_ = now + lingering_time;
    }
    while (side.readable && !side.has_ended) {
        const auto got = side.socket.receive(scratch);
        if (got.error != 0) side.readable = false;
        if (got.error != 0 && got.error != EAGAIN) side.has_ended = true;
        if (got.end) side.has_ended = true;
    }
    if ((side.is_told && side.has_ended) ||
        (now >= close_deadline_ && !(unsent && talk_->next_drop != never))) {
        end();
        return Step::ended;
    }
    due_ = std::min(close_deadline_, talk_->next_drop);
    return Step::wait;
}

}  // namespace homespun::seism
