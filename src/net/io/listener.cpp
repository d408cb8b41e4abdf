#include "net/io/listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "net/http/url.hpp"

namespace homespun::net {
namespace {

struct RawAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

base::Result<RawAddress> raw_address(const Address& address) {
    RawAddress raw;
    if (!address.unix_path.empty()) {
        auto* un = reinterpret_cast<sockaddr_un*>(&raw.storage);
        if (address.unix_path.size() >= sizeof(un->sun_path)) {
            return base::fail(
                fmt::format("{}: the path of a unix socket may have {} characters at most; use a shorter "
                            "directory",
                            address.text(), sizeof(un->sun_path) - 1));
        }
        un->sun_family = AF_UNIX;
        std::memcpy(un->sun_path, address.unix_path.c_str(), address.unix_path.size() + 1);
        raw.size = sizeof(sockaddr_un);
        return raw;
    }
    auto* v4 = reinterpret_cast<sockaddr_in*>(&raw.storage);
    if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
        raw.size = sizeof(sockaddr_in);
        return raw;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&raw.storage);
    if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address.port);
        raw.size = sizeof(sockaddr_in6);
        return raw;
    }
    return base::fail(fmt::format("{}: not a numeric address; write for example 127.0.0.1:5000 or [::1]:5000",
                                  address.host));
}

Address address_of(int descriptor) {
    RawAddress raw;
    raw.size = sizeof(raw.storage);
    getsockname(descriptor, raw.get(), &raw.size);
    Address address;
    char text[INET6_ADDRSTRLEN] = {};
    if (raw.storage.ss_family == AF_UNIX) {
        address.unix_path = reinterpret_cast<const sockaddr_un*>(&raw.storage)->sun_path;
    } else if (raw.storage.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&raw.storage);
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
        address.host = text;
        address.port = ntohs(v6->sin6_port);
    } else {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&raw.storage);
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
        address.host = text;
        address.port = ntohs(v4->sin_port);
    }
    return address;
}

/// Removes a unix socket that nobody answers on (its process died).
void remove_stale_socket(const std::string& path, const RawAddress& raw) {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool dead = connect(probe, raw.get(), raw.size) != 0 && errno == ECONNREFUSED;
    close(probe);
    if (dead) unlink(path.c_str());
}

}  // namespace

base::Result<Address> Address::parse(std::string_view text) {
    Address address;
    if (text.starts_with("unix:")) {
        address.unix_path = text.substr(5);
        if (address.unix_path.empty())
            return base::fail("unix: needs a path behind it, like unix:/run/homespun.sock");
        return address;
    }
    const auto colon = text.rfind(':');
    const auto port = colon == std::string_view::npos
                          ? std::nullopt
                          : base::parse_integer<std::uint16_t>(text.substr(colon + 1));
    if (!port) {
        return base::fail(
            fmt::format("\"{}\" is no address to listen on; write HOST:PORT, like 127.0.0.1:5000", text));
    }
    auto host = http::without_brackets(text.substr(0, colon));
    if (host == "localhost") host = "127.0.0.1";
    if (host == "*") host = "0.0.0.0";
    address.host = host;
    address.port = *port;
    if (auto raw = raw_address(address); !raw) return std::unexpected(raw.error());
    return address;
}

std::string Address::text() const {
    if (!unix_path.empty()) return "unix:" + unix_path;
    return fmt::format("{}:{}", http::bracketed(host), port);
}

bool Address::is_loopback() const {
    return !unix_path.empty() || host.starts_with("127.") || host == "::1";
}

base::Result<Listener> Listener::open(const Address& address, int backlog) {
    const auto raw = raw_address(address);
    if (!raw) return std::unexpected(raw.error());
    const int descriptor = socket(raw->get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return base::fail(
            fmt::format("cannot make a socket for {}: {}", address.text(), std::strerror(errno)));
    Listener listener(descriptor, address);
    const int on = 1;
    if (address.unix_path.empty()) {
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    } else {
        remove_stale_socket(address.unix_path, *raw);
    }
    const mode_t old_mask = umask(0177);
    const int bound = bind(descriptor, raw->get(), raw->size);
    const int why = errno;
    umask(old_mask);
    if (bound != 0) {
        const std::string_view hint =
            why == EADDRINUSE ? "; another program listens there, choose another with --listen" : "";
        return base::fail(fmt::format("cannot listen on {}: {}{}", address.text(), std::strerror(why), hint));
    }
    if (::listen(descriptor, backlog) != 0) {
        return base::fail(fmt::format("cannot listen on {}: {}", address.text(), std::strerror(errno)));
    }
    listener.address_ = address_of(descriptor);
    return listener;
}

base::Result<Listener> Listener::adopt(int descriptor) {
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
        return base::fail(fmt::format("descriptor {} is no listening socket", descriptor));
    }
    return Listener(descriptor, address_of(descriptor));
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), address_(std::move(other.address_)) {}

Listener& Listener::operator=(Listener&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) close(descriptor_);
        descriptor_ = std::exchange(other.descriptor_, -1);
        address_ = std::move(other.address_);
    }
    return *this;
}

Listener::~Listener() {
    if (descriptor_ >= 0) close(descriptor_);
}

int Listener::release() {
    return std::exchange(descriptor_, -1);
}

}  // namespace homespun::net
