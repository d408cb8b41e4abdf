#include "stampede/engine/null_server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <unordered_set>

#include "net/io/poller.hpp"

namespace homespun::stampede {
namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nnobody";

/// Answers every head that ends in what is there; false when the peer has gone.
bool serve_socket(int descriptor) {
    std::array<char, 16 * 1024> room;
    while (true) {
        const auto got = ::recv(descriptor, room.data(), room.size(), MSG_DONTWAIT);
        if (got < 0) return errno == EAGAIN;
        if (got == 0) return false;
        std::string_view bytes(room.data(), static_cast<std::size_t>(got));
        for (auto end = bytes.find("\r\n\r\n"); end != std::string_view::npos; end = bytes.find("\r\n\r\n")) {
            if (::send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
            bytes.remove_prefix(end + 4);
        }
    }
}

}  // namespace

base::Result<std::unique_ptr<NullServer>> NullServer::start() {
    auto listener = net::Listener::open({.host = "127.0.0.1", .port = 0, .unix_path = {}});
    if (!listener) return std::unexpected(listener.error());
    auto server = std::unique_ptr<NullServer>(new NullServer(std::move(*listener)));
    server->thread_ = std::jthread([raw = server.get()] { raw->serve(); });
    return server;
}

NullServer::~NullServer() {
    stopping_ = true;
    thread_ = {};
}

void NullServer::serve() {
    auto poller = net::Poller::open();
    const int listening = listener_.descriptor();
    if (!poller || !poller->watch(listening, static_cast<std::uint64_t>(listening))) return;
    (void)::fcntl(listening, F_SETFL, O_NONBLOCK);
    std::unordered_set<int> peers;
    while (!stopping_) {
        for (const auto& event : poller->wait(std::chrono::milliseconds(50))) {
            const auto descriptor = static_cast<int>(event.tag);
            if (descriptor != listening) {
                if (!event.readable || serve_socket(descriptor)) continue;
                peers.erase(descriptor);
                ::close(descriptor);
                continue;
            }
            for (int peer = 0; (peer = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
                if (poller->watch(peer, static_cast<std::uint64_t>(peer))) {
                    peers.insert(peer);
                } else {
                    ::close(peer);
                }
            }
        }
    }
    for (const int peer : peers)
        ::close(peer);
}

}  // namespace homespun::stampede
