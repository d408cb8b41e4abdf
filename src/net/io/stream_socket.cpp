#include "net/io/stream_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/http/url.hpp"

namespace homespun::net {
namespace {

static_assert(sizeof(sockaddr_in6) <= 28);

}  // namespace

base::Result<TcpAddress> TcpAddress::resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string bare(http::without_brackets(host));
    const int failed = ::getaddrinfo(bare.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failed != 0)
        return base::fail(fmt::format("cannot find the host {}: {}", host, gai_strerror(failed)));
    TcpAddress address;
    address.size_ = found->ai_addrlen;
    std::memcpy(address.storage_, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return address;
}

std::optional<TcpAddress> TcpAddress::numeric(const std::string& host, std::uint16_t port) {
    TcpAddress address;
    sockaddr_in ipv4{};
    if (::inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port);
        address.size_ = sizeof ipv4;
        std::memcpy(address.storage_, &ipv4, sizeof ipv4);
        return address;
    }
    sockaddr_in6 ipv6{};
    if (::inet_pton(AF_INET6, host.c_str(), &ipv6.sin6_addr) != 1) return std::nullopt;
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    address.size_ = sizeof ipv6;
    std::memcpy(address.storage_, &ipv6, sizeof ipv6);
    return address;
}

bool TcpAddress::is_ipv4_loopback() const {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, storage_, sizeof ipv4);
    return ipv4.sin_family == AF_INET && (ntohl(ipv4.sin_addr.s_addr) >> 24) == 127;
}

TcpAddress TcpAddress::loopback_source(std::uint32_t number) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
    TcpAddress address;
    address.size_ = sizeof ipv4;
    std::memcpy(address.storage_, &ipv4, sizeof ipv4);
    return address;
}

std::string TcpAddress::text() const {
    char host[INET6_ADDRSTRLEN] = "";
    char port[8] = "";
    ::getnameinfo(reinterpret_cast<const sockaddr*>(storage_), size_, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV);
    return fmt::format("{}:{}", http::bracketed(host), port);
}

StreamSocket::StreamSocket(StreamSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

StreamSocket& StreamSocket::operator=(StreamSocket&& other) noexcept {
    if (this != &other) {
        close();
        descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
}

StreamSocket StreamSocket::adopt(int descriptor) {
    StreamSocket socket;
    socket.descriptor_ = descriptor;
    return socket;
}

int StreamSocket::connect(const TcpAddress& to, const TcpAddress* source) {
    close();
    const auto* address = reinterpret_cast<const sockaddr*>(to.storage_);
    descriptor_ = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return errno;
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (source != nullptr) {
        // The kernel may choose the port when it knows the other end: 28,000 for each pair of addresses.
        ::setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(source->storage_), source->size_) != 0)
            return errno;
    }
    if (::connect(descriptor_, address, to.size_) == 0 || errno == EINPROGRESS) return 0;
    return errno;
}

int StreamSocket::error() const {
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) return 0;
    if (errno != ENOTCONN) return errno;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error != 0 ? error : EINPROGRESS;
}

StreamSocket::Moved StreamSocket::send(std::string_view bytes, bool more) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (sent < 0) return {0, errno, false};
    return {static_cast<std::size_t>(sent), 0, false};
}

StreamSocket::Moved StreamSocket::receive(std::span<char> into) {
    const auto got = ::recv(descriptor_, into.data(), into.size(), 0);
    if (got < 0) return {0, errno, false};
    return {static_cast<std::size_t>(got), 0, got == 0};
}

void StreamSocket::push() {
    const int on = 1;  // set once more, it sends
    if (descriptor_ >= 0) ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void StreamSocket::end_sending() {
    if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_WR);
}

void StreamSocket::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void StreamSocket::abort() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    if (descriptor_ >= 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

}  // namespace homespun::net
