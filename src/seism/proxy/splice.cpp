// A connection's bulk, on its way through the kernel alone. It begins after so many bytes in large pieces and
// ends at the first small one, and before anything is to touch the bytes or the end.
#include <cerrno>

#include "seism/proxy/connection.hpp"

namespace homespun::seism {
namespace {

constexpr std::size_t splice_after = std::size_t{256} << 10;

}  // namespace

bool Connection::wants_splice(std::size_t link) {
    auto& from = sides_[link];
    if (from.pipe && from.pipe->held() > 0) return true;
    if (talk_ || tls_plan_ != nullptr) return false;
    if (from.bulk < splice_after || links_[link].has_stages() || sides_[1 - link].outbox.has_chunk()) {
        from.pipe.reset();
        return false;
    }
    if (!from.pipe) {
        if (auto pipe = net::SplicePipe::open())
            from.pipe = std::make_unique<net::SplicePipe>(std::move(*pipe));
        if (!from.pipe) from.bulk = 0;
    }
    return from.pipe != nullptr;
}

bool Connection::splice(std::size_t link, Carrier& carrier, Time now) {
    auto& from = sides_[link];
    if (from.pipe->held() > 0) return drain(link);
    // Apart from its side, for a toxic that comes meanwhile: these bytes must meet it.
    auto pipe = std::move(from.pipe);
    const auto got = pipe->fill(from.socket);
    if (got.error == EAGAIN) {
        from.pipe = std::move(pipe);
        from.readable = false;
        return false;
    }
    if (!carrier.obey(tag_)) return false;
    if (got.error != 0) {
        broken(link, now);
        return false;
    }
    if (got.bytes < least_bulk) from.bulk = 0;
    if (got.end) return true;  // it is read once more
    ProxyCounts::add(counts_.received[link], got.bytes);
    if (links_[link].has_stages() || state_ != State::carrying) {
        const auto buffer = carrier.buffer();
        while (const auto bytes = pipe->read(buffer))
            enter(link, {buffer.data(), bytes}, now);
        return state_ == State::carrying;
    }
    from.pipe = std::move(pipe);
    return drain(link);
}

/// Whether all went; if not, the socket is full or everything has ended.
bool Connection::drain(std::size_t link) {
    auto& pipe = *sides_[link].pipe;
    auto& to = sides_[1 - link];
    while (to.writable && pipe.held() > 0) {
        const auto moved = pipe.drain(to.socket);
        if (moved.error == EAGAIN) {
            to.writable = false;
        } else if (moved.error != 0) {
            reset();
            return false;
        }
        ProxyCounts::add(counts_.sent[link], moved.bytes);
    }
    return pipe.held() == 0;
}

void Connection::copy_again(std::size_t link) {
    auto& from = sides_[link];
    from.bulk = 0;
    if (!from.pipe) return;
    std::string rest(from.pipe->held(), '\0');
    rest.resize(from.pipe->read(rest));
    if (!rest.empty()) sides_[1 - link].outbox.push(rest, opened_);
    from.pipe.reset();
}

}  // namespace homespun::seism
