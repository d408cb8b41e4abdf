#include "faults/storage_connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>

#include "base/hawk.hpp"

namespace homespun::tests {
namespace {

constexpr std::int64_t token_life_s = 24 * 3600;
constexpr std::size_t longest_answer = std::size_t{64} << 20;

sync::protocol::TokenPair make_token(std::uint64_t user, const sync::protocol::Tokens& tokens) {
    sync::protocol::TokenPayload payload;
    payload.uid = user;
    payload.expires = std::time(nullptr) + token_life_s;
    payload.salt = fmt::format("{:06x}", user);
    return tokens.make(payload);
}

}  // namespace

StorageConnection::StorageConnection(std::uint16_t port, std::uint64_t user,
                                     const sync::protocol::Tokens& tokens)
    : port_(port), base_(fmt::format("/storage/1.5/{}", user)), token_(make_token(user, tokens)) {}

StorageConnection::~StorageConnection() {
    disconnect();
}

void StorageConnection::disconnect() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
}

bool StorageConnection::connect() {
    if (socket_ >= 0) return true;
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
        disconnect();
        return false;
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const timeval patience{60, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return true;
}

std::string StorageConnection::signed_request(const std::string& method, const std::string& target,
                                              const std::string& body) {
    base::hawk::Header header;
    header.id = token_.id;
    header.ts = std::to_string(std::time(nullptr));
    header.nonce = std::to_string(++nonce_);
    const auto authorization = base::hawk::sign(token_.key, header, {method, target, "127.0.0.1", port_});
    auto text = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {}\r\n", method, target,
                            port_, authorization);
    if (!body.empty())
        text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    return text + "\r\n" + body;
}

bool StorageConnection::write_all(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const auto sent = ::send(socket_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        done += static_cast<std::size_t>(sent);
    }
    return true;
}

std::expected<net::http::ClientResponse, StorageConnection::Lost> StorageConnection::read_answer() {
    net::http::ClientResponse response;
    net::http::ResponseParser parser(response, false, longest_answer);
    std::string pending;
    char buffer[16 * 1024];
    while (!parser.done()) {
        const auto got = recv(socket_, buffer, sizeof(buffer), 0);
        if (got <= 0) return std::unexpected(Lost::underway);
        pending.append(buffer, static_cast<std::size_t>(got));
        const auto used = parser.feed(pending);
        if (!used) return std::unexpected(Lost::underway);
        pending.erase(0, *used);
    }
    if (!parser.keep_alive()) disconnect();
    return response;
}

std::expected<net::http::ClientResponse, StorageConnection::Lost> StorageConnection::send(
    const std::string& method, const std::string& path, const std::string& body) {
    if (!connect()) return std::unexpected(Lost::before_sending);
    auto answer = write_all(signed_request(method, base_ + path, body))
                      ? read_answer()
                      : std::expected<net::http::ClientResponse, Lost>(std::unexpected(Lost::underway));
    if (!answer) disconnect();
    return answer;
}

}  // namespace homespun::tests
