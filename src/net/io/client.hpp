#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/http/parser.hpp"
#include "net/io/loop.hpp"

namespace homespun::net {

/// Whom to call: a host name or numeric address with a port, or a unix socket.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
    std::string unix_path;  ///< used when not empty

    auto operator<=>(const Endpoint&) const = default;
    /// Host header: `host:port`, without the port when it is 80.
    [[nodiscard]] std::string authority() const;
};

struct ClientRequest {
    std::string method = "GET";
    std::string target = "/";
    http::Headers headers;  ///< Host, Content-Length and Connection are added when absent
    std::string body;
};

/// A small HTTP/1.1 client for our own use: plain connections, kept alive and reused, no redirects, no
/// cookies. Lives on one loop and is used from its thread only.
class Client {
  public:
    explicit Client(Loop& loop, std::size_t max_response_bytes = 64 * 1024 * 1024);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Sends and waits for the whole answer. A kept connection that turns out to be closed is replaced once.
    /// The error says what failed and where. `timeout` covers everything.
    base::Task<base::Result<http::ClientResponse>> send(
        Endpoint endpoint, ClientRequest request,
        std::chrono::milliseconds timeout = std::chrono::seconds(30));

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::net
