#include "seism/proxy/listen_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace homespun::seism {
namespace {

constexpr int backlog = 4096;

struct HostPort {
    std::string host, port;
};

/// Go's net.SplitHostPort.
base::Result<HostPort> split_host_port(std::string_view text) {
    const auto wrong = [&](const char* why) { return base::fail(fmt::format("address {}: {}", text, why)); };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong("missing port in address");
    if (text.starts_with('[')) {
        const auto bracket = text.find(']');
        if (bracket == std::string_view::npos) return wrong("missing ']' in address");
        if (bracket + 1 == text.size()) return wrong("missing port in address");
        if (bracket + 1 != colon)
            return wrong(text[bracket + 1] == ':' ? "too many colons in address" : "missing port in address");
        return HostPort{std::string(text.substr(1, bracket - 1)), std::string(text.substr(colon + 1))};
    }
    if (text.substr(0, colon).find(':') != std::string_view::npos) return wrong("too many colons in address");
    return HostPort{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

base::Result<std::uint16_t> resolve_port(const std::string& text) {
    if (text.empty()) return 0;
    if (const auto number = base::parse_integer<std::int64_t>(text)) {
        if (*number >= 0 && *number <= 65535) return static_cast<std::uint16_t>(*number);
        return base::fail(fmt::format("address {}: invalid port", text));
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = AF_INET;
    addrinfo* found = nullptr;
    if (::getaddrinfo(nullptr, text.c_str(), &hints, &found) != 0)
        return base::fail(fmt::format("lookup tcp/{}: unknown port", text));
    sockaddr_in address{};
    std::memcpy(&address, found->ai_addr, sizeof address);
    ::freeaddrinfo(found);
    return ntohs(address.sin_port);
}

/// IPv4 first, as Go's resolver for a listener.
base::Result<std::string> resolve_host(const std::string& host) {
    if (host.empty() || host == "0.0.0.0" || host == "::") return std::string("::");
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
        return base::fail(fmt::format("lookup {}: no such host", host));
    const addrinfo* best = found;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        if (one->ai_family == AF_INET) {
            best = one;
            break;
        }
    }
    char text[INET6_ADDRSTRLEN] = "";
    ::getnameinfo(best->ai_addr, best->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    ::freeaddrinfo(found);
    return std::string(text);
}

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] std::uint16_t port() const {
        sockaddr_in address{};  // the port stands at the same place in both families
        std::memcpy(&address, &storage, sizeof address);
        return ntohs(address.sin_port);
    }
};

SocketAddress socket_address(const ListenAddress& address) {
    SocketAddress result;
    if (address.host.find(':') == std::string::npos) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(address.port);
        ::inet_pton(AF_INET, address.host.c_str(), &ipv4.sin_addr);
        std::memcpy(&result.storage, &ipv4, sizeof ipv4);
        result.size = sizeof ipv4;
        return result;
    }
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &ipv6.sin6_addr);
    std::memcpy(&result.storage, &ipv6, sizeof ipv6);
    result.size = sizeof ipv6;
    return result;
}

SocketAddress local_address(int descriptor) {
    SocketAddress address;
    address.size = sizeof address.storage;
    ::getsockname(descriptor, address.get(), &address.size);
    return address;
}

/// A bound socket, or -1 with errno.
int bound_socket(const ListenAddress& address) {
    const auto where = socket_address(address);
    const int descriptor = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    const int on = 1, off = 0;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
    if (where.storage.ss_family == AF_INET6)
        ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(descriptor, where.get(), where.size) == 0) return descriptor;
    const int error = errno;
    ::close(descriptor);
    errno = error;
    return -1;
}

/// Go writes errno's text in lower case.
std::string why(int error) {
    return base::to_lower(std::strerror(error));
}

}  // namespace

base::Result<ListenAddress> ListenAddress::resolve(std::string_view text) {
    if (text.empty()) return ListenAddress{"::", 0};
    const auto parts = split_host_port(text);
    if (!parts) return base::fail(parts.error().message);
    const auto port = resolve_port(parts->port);
    if (!port) return base::fail(port.error().message);
    auto host = resolve_host(parts->host);
    if (!host) return base::fail(host.error().message);
    return ListenAddress{std::move(*host), *port};
}

std::string ListenAddress::text() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

base::Result<std::shared_ptr<ListenSocket>> ListenSocket::open(const ListenAddress& address) {
    int descriptor = bound_socket(address);
    if (descriptor < 0) return base::fail(fmt::format("listen tcp {}: bind: {}", address.text(), why(errno)));
    auto ours = address;
    if (address.port == 0) {
        // The kernel takes a port that it chose away when the socket stops listening, so it is bound by its
        // number while the first socket holds it.
        ours.port = local_address(descriptor).port();
        const int by_number = bound_socket(ours);
        const int error = errno;
        ::close(descriptor);
        if (by_number < 0) return base::fail(fmt::format("listen tcp {}: bind: {}", ours.text(), why(error)));
        descriptor = by_number;
    }
    if (::listen(descriptor, backlog) != 0) {
        const int error = errno;
        ::close(descriptor);
        return base::fail(fmt::format("listen tcp {}: bind: {}", ours.text(), why(error)));
    }
    return std::shared_ptr<ListenSocket>(new ListenSocket(descriptor, std::move(ours)));
}

ListenSocket::~ListenSocket() {
    drop_fillers();
    ::close(descriptor_);
}

base::Result<void> ListenSocket::set(State state) {
    const std::lock_guard lock(mutex_);
    if (state == state_) return {};
    drop_fillers();
    state_ = state;
    if (state == State::refusing) {
        ::shutdown(descriptor_, SHUT_RDWR);
        return {};
    }
    if (state == State::full && fill()) return {};
    const bool listens = ::listen(descriptor_, backlog) == 0;
    state_ = State::listening;
    if (listens && state == State::listening) return {};
    return base::fail(fmt::format("listen tcp {}: {}", address_.text(), why(errno)));
}

bool ListenSocket::fill() {
    if (::listen(descriptor_, 0) != 0) return false;
    // An address of every kind answers on loopback.
    const auto host = address_.host == "::" ? std::string("127.0.0.1") : address_.host;
    const auto where = socket_address({host, address_.port});
    // A queue of length 0 holds one connection; the others are to be sure.
    for (int i = 0; i < 3; ++i) {
        const int filler = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (filler < 0) return false;
        (void)::connect(filler, where.get(), where.size);
        fillers_.push_back(filler);
        filler_ports_.push_back(local_address(filler).port());
    }
    return true;
}

void ListenSocket::drop_fillers() {
    for (const int filler : fillers_)
        ::close(filler);
    fillers_.clear();
}

ListenSocket::Accepted ListenSocket::accept() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::listening) return {-1, EAGAIN};
    for (;;) {
        SocketAddress peer;
        peer.size = sizeof peer.storage;
        const int descriptor = ::accept4(descriptor_, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            const int error = errno;
            if (error == EAGAIN) filler_ports_.clear();
            if (error == ECONNABORTED || error == EINTR) continue;
            return {-1, error};
        }
        if (std::ranges::find(filler_ports_, peer.port()) == filler_ports_.end()) return {descriptor, 0};
        ::close(descriptor);
    }
}

}  // namespace homespun::seism
