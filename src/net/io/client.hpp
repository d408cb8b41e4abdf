#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/http/parser.hpp"
#include "net/http/url.hpp"
#include "net/io/loop.hpp"

namespace homespun::net {

/// Whom to call: a host name or numeric address with a port, or a unix socket.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
    std::string unix_path = {};  ///< used when not empty
    bool tls = false;

    auto operator<=>(const Endpoint&) const = default;
    static Endpoint of(const http::Url& url) { return {url.host, url.port, {}, url.tls}; }
    /// Host header: `host:port`, without the port when it is 80, with TLS 443.
    [[nodiscard]] std::string authority() const;
};

struct ClientRequest {
    std::string method = "GET";
    std::string target = "/";
    http::Headers headers;  ///< Host and Content-Length are added when absent
    std::string body;
};

struct ClientSettings {
    std::string ca_file = {};  ///< PEM; whose certificates count; empty = the system's authorities
    /// http://host:port of a forward proxy for all but loopback hosts and unix sockets; empty = none
    std::string proxy = {};
    std::size_t max_response_bytes = 64 * 1024 * 1024;
};

/// A small HTTP/1.1 client for our own use: connections are kept and reused, save that a POST or PATCH has
/// one of its own; TLS with certificate and host name checked (there is no way to switch that off), no
/// redirects, no cookies. Lives on one loop and is used from its thread only.
class Client {
  public:
    explicit Client(Loop& loop, ClientSettings settings = {});
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// What is wrong with the settings, for start-up: an unreadable ca_file, a proxy that is no URL. What
    /// needs them fails with the same words.
    [[nodiscard]] const std::optional<base::Error>& problem() const;

    /// Sends and waits for the whole answer, whatever its status. A kept connection that turns out to be
    /// closed is replaced once. The error says what failed and where. `timeout` covers everything.
    base::Task<base::Result<http::ClientResponse>> send(
        Endpoint endpoint, ClientRequest request,
        std::chrono::milliseconds timeout = std::chrono::seconds(30));

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::net
