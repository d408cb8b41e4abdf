#pragma once
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "seism/proxy/engine.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {

/// A blocking socket of a test: gives up after ten seconds.
class Plug {
  public:
    explicit Plug(int descriptor = -1) : descriptor_(descriptor) {
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        const int on = 1;
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    Plug(Plug&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Plug& operator=(Plug&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Plug() { close(); }

    static Plug to(std::uint16_t port) {
        Plug plug(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        plug.error_ = ::connect(plug.descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
                          ? 0
                          : errno;
        return plug;
    }
    [[nodiscard]] int error() const { return error_; }
    void say(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// What comes until there are so many bytes, or the end; `error` tells of a reset.
    std::string hear(std::size_t bytes) {
        std::string heard;
        while (heard.size() < bytes) {
            char buffer[65536];
            const auto got = ::recv(descriptor_, buffer, std::min(sizeof buffer, bytes - heard.size()), 0);
            error_ = got < 0 ? errno : 0;
            if (got <= 0) break;
            heard.append(buffer, static_cast<std::size_t>(got));
        }
        return heard;
    }
    std::string hear_all() { return hear(std::string::npos); }
    /// Whether bytes or the end are there within the time.
    bool hears_within(std::chrono::milliseconds time) const {
        pollfd what{.fd = descriptor_, .events = POLLIN, .revents = 0};
        return ::poll(&what, 1, static_cast<int>(time.count())) > 0;
    }
    void end() { ::shutdown(descriptor_, SHUT_WR); }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    void close() {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }

  private:
    int descriptor_;
    int error_ = 0;
};

/// A server that gives each connection to `serve`, on a thread of its own.
class Backend {
  public:
    explicit Backend(std::function<void(Plug)> serve) : serve_(std::move(serve)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(descriptor_, 128);
        socklen_t size = sizeof address;
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { take(); });
    }
    ~Backend() {
        ::shutdown(descriptor_, SHUT_RDWR);
        thread_.join();
        ::close(descriptor_);
        for (auto& thread : serving_)
            thread.join();
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }

    static void echo(Plug plug) {
        for (;;) {
            const auto heard = plug.hear(1);
            if (heard.empty()) return;
            plug.say(heard);
        }
    }

  private:
    void take() {
        for (;;) {
            const int client = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            serving_.emplace_back([this, client] { serve_(Plug(client)); });
        }
    }
    std::function<void(Plug)> serve_;
    int descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::uint16_t port_ = 0;
    std::thread thread_;
    std::vector<std::thread> serving_;
};

/// A toxic with some attributes other than standard.
inline Toxic make_toxic(std::string_view type,
                        std::vector<std::pair<std::string_view, AttributeValue>> set = {},
                        Stream stream = Stream::downstream) {
    const auto& kind = *find_toxic_type(type);
    Toxic toxic{.name = std::string(type),
                .type = std::string(type),
                .stream = stream,
                .attributes = standard_attributes(kind)};
    for (auto& [name, value] : set) {
        for (std::size_t i = 0; i < kind.attributes.size(); ++i) {
            if (kind.attributes[i].name == name) toxic.attributes[i] = std::move(value);
        }
    }
    return toxic;
}

class EngineTest : public ::testing::Test {
  protected:
    /// A proxy before `port`; where it listens.
    std::uint16_t open(std::uint16_t port, std::vector<Toxic> toxics = {}) {
        auto socket = *ListenSocket::open({"127.0.0.1", 0});
        const auto own = socket->address().port;
        socket_ = socket;
        engine_->open(1, {.name = "p",
                          .socket = std::move(socket),
                          .upstream_host = "127.0.0.1",
                          .upstream_port = port,
                          .toxics = std::move(toxics),
                          .counts = counts_});
        return own;
    }
    /// Once the engine has done what it was at: a peer may see what happened before it is counted.
    const ProxyCounts& counts() {
        std::promise<void> done;
        engine_->post([&] { done.set_value(); });
        done.get_future().wait();
        return *counts_;
    }
    std::unique_ptr<Engine> engine_ = *Engine::start({.seed = 7});
    std::shared_ptr<ProxyCounts> counts_ = std::make_shared<ProxyCounts>();
    std::shared_ptr<ListenSocket> socket_;
};

}  // namespace homespun::seism
