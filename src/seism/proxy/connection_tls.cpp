// A connection whose two sides speak TLS, each with us.
#include <cerrno>
#include <utility>

#include "seism/proxy/connection.hpp"

namespace homespun::seism {
namespace {

/// Encrypted bytes that wait for a socket; no more is encrypted before they are gone.
constexpr std::size_t most_waiting = 64 * 1024;

}  // namespace

void Connection::start_tls(std::string_view unread) {
    if (state_ != State::carrying || tls_plan_ == nullptr || sides_[client].secure) return;
    auto shown = net::TlsSession::server(*tls_plan_->authority, tls_plan_->server_name);
    auto asked = net::TlsSession::client(*tls_plan_->trust, tls_plan_->server_name);
    if (!shown || !asked) {
        problem_ = !asked ? asked.error().message : shown.error().message;
        return reset();
    }
    unread_ = unread;
    links_[up].hurry(sides_[server].outbox);
    links_[down].hurry(sides_[client].outbox);
    for (auto& side : sides_) {
        side.secure = std::make_unique<Secure>(
            Secure{.session = std::move(&side == &sides_[client] ? *shown : *asked)});
        while (side.outbox.has_chunk())
            side.secure->out += side.outbox.pop().bytes;
        side.secure->out += side.secure->session.take_output();
        if (!flush_secure(side)) return;
    }
}

bool Connection::flush_secure(Side& side) {
    auto& out = side.secure->out;
    std::size_t sent = 0;
    while (side.writable && sent < out.size()) {
        const auto moved = side.socket.send(std::string_view(out).substr(sent));
        if (moved.error == EAGAIN) {
            side.writable = false;
        } else if (moved.error != 0) {
            reset();
            return false;
        }
        sent += moved.bytes;
    }
    out.erase(0, sent);
    return true;
}

bool Connection::send_secure(std::size_t link, std::string_view bytes, std::size_t& sent) {
    auto& side = sides_[1 - link];
    if (!flush_secure(side)) return false;
    while (side.secure->session.is_established() && sent < bytes.size() &&
           side.secure->out.size() < most_waiting) {
        const auto piece = bytes.substr(sent, most_waiting);
        side.secure->session.say(piece);
        side.secure->out += side.secure->session.take_output();
        sent += piece.size();
        ProxyCounts::add(counts_.sent[link], piece.size());
        if (!flush_secure(side)) return false;
    }
    return true;
}

/// False: TLS failed, and the connection has ended.
bool Connection::decrypt(std::size_t link, std::string_view bytes, std::string& said) {
    auto& side = sides_[link];
    const auto heard = side.secure->session.receive(bytes, said);
    side.secure->out += side.secure->session.take_output();  // an alert, too
    if (!flush_secure(side)) return false;
    if (heard) return true;
    if (link == down) problem_ = heard.error().message;
    close(now_);
    return false;
}

/// Whether the peer now knows that no more comes; else there is something to be sent before.
bool Connection::tell_end(Side& side) {
    if (side.secure) {
        if (side.secure->session.is_established()) side.secure->session.end();
        side.secure->out += side.secure->session.take_output();
        if (!flush_secure(side) || !side.secure->out.empty()) return false;
    }
    side.is_told = true;
    side.socket.end_sending();
    return true;
}

}  // namespace homespun::seism
