#include "net/io/client.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include <array>
#include <map>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "net/io/asio.hpp"

namespace homespun::net {
namespace {

struct Done {
    ErrorCode error;
    std::size_t size = 0;
};

/// Awaits one asynchronous operation: `start` is given the completion handler.
template <class Start>
auto operation(Start start) {
    struct Awaiter {
        Start start;
        Done done;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> caller) {
            start([this, caller](const ErrorCode& error, std::size_t size = 0) {
                done = {error, size};
                caller.resume();
            });
        }
        [[nodiscard]] Done await_resume() const noexcept { return done; }
    };
    return Awaiter{std::move(start), {}};
}

struct Wire : std::enable_shared_from_this<Wire> {
    explicit Wire(asio::io_context& context) : socket(context), timer(context) {}
    Socket socket;
    asio::steady_timer timer;
    bool timed_out = false;

    /// Everything pending fails when the time is up.
    void arm(std::chrono::milliseconds timeout) {
        timed_out = false;
        timer.expires_after(timeout);
        timer.async_wait([weak = weak_from_this()](const ErrorCode& error) {
            const auto self = weak.lock();
            if (error || !self) return;
            self->timed_out = true;
            ErrorCode ignored;
            self->socket.close(ignored);
        });
    }
};

using asio::ip::tcp;
using Addresses = std::vector<asio::generic::stream_protocol::endpoint>;

}  // namespace

struct Client::Impl {
    Impl(Loop& its_loop, std::size_t limit) : loop(its_loop), max_response_bytes(limit) {}

    base::Task<base::Result<Addresses>> resolve(const Endpoint& endpoint);
    base::Task<base::Result<std::shared_ptr<Wire>>> connect(const Endpoint& endpoint,
                                                            std::chrono::milliseconds timeout);
    /// Nothing when the peer closed before a single byte of an answer came.
    base::Task<base::Result<std::optional<http::ClientResponse>>> exchange(Wire& wire,
                                                                           const Endpoint& endpoint,
                                                                           std::string_view text,
                                                                           bool to_head, bool& keep);

    Loop& loop;
    std::size_t max_response_bytes;
    std::map<Endpoint, std::vector<std::shared_ptr<Wire>>> idle;
};

std::string Endpoint::authority() const {
    if (!unix_path.empty()) return "localhost";
    const auto name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == 80 ? name : fmt::format("{}:{}", name, port);
}

base::Task<base::Result<Addresses>> Client::Impl::resolve(const Endpoint& endpoint) {
    Addresses found;
    if (!endpoint.unix_path.empty()) {
        found.emplace_back(asio::local::stream_protocol::endpoint(endpoint.unix_path));
        co_return found;
    }
    ErrorCode error;
    const auto numeric = asio::ip::make_address(endpoint.host, error);
    if (!error) {
        found.emplace_back(tcp::endpoint(numeric, endpoint.port));
        co_return found;
    }
    asio::ip::basic_resolver<tcp, asio::io_context::executor_type> resolver(loop.context());
    tcp::resolver::results_type results;
    struct Awaiter {
        decltype(resolver)& resolver;
        const Endpoint& endpoint;
        tcp::resolver::results_type& results;
        ErrorCode& error;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> caller) {
            resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                                   [this, caller](const ErrorCode& why, const auto& got) {
                                       error = why;
                                       results = got;
                                       caller.resume();
                                   });
        }
        void await_resume() const noexcept {}
    };
    co_await Awaiter{resolver, endpoint, results, error};
    if (error)
        co_return base::fail(
            fmt::format("cannot find the address of {}: {}", endpoint.host, error.message()));
    for (const auto& entry : results)
        found.emplace_back(entry.endpoint());
    co_return found;
}

base::Task<base::Result<std::shared_ptr<Wire>>> Client::Impl::connect(const Endpoint& endpoint,
                                                                      std::chrono::milliseconds timeout) {
    auto addresses = co_await resolve(endpoint);
    if (!addresses) co_return std::unexpected(addresses.error());
    auto wire = std::make_shared<Wire>(loop.context());
    wire->arm(timeout);
    Done done;
    for (const auto& address : *addresses) {
        ErrorCode ignored;
        wire->socket.close(ignored);
        done = co_await operation(
            [&](auto handler) { wire->socket.async_connect(address, std::move(handler)); });
        if (!done.error || wire->timed_out) break;
    }
    if (done.error) {
        const auto where = endpoint.unix_path.empty() ? fmt::format("{}:{}", endpoint.host, endpoint.port)
                                                      : endpoint.unix_path;
        co_return base::fail(fmt::format("cannot connect to {}: {}", where,
                                         wire->timed_out ? "no answer in time" : done.error.message()));
    }
    co_return wire;
}

base::Task<base::Result<std::optional<http::ClientResponse>>> Client::Impl::exchange(
    Wire& wire, const Endpoint& endpoint, std::string_view text, bool to_head, bool& keep) {
    const auto failure = [&](std::string_view what, const ErrorCode& error) {
        return base::fail(fmt::format("{} {}: {}", what, endpoint.authority(),
                                      wire.timed_out ? "no answer in time" : error.message()));
    };
    const auto sent = co_await operation(
        [&](auto handler) { asio::async_write(wire.socket, asio::buffer(text), std::move(handler)); });
    if (sent.error && wire.timed_out) co_return failure("cannot send to", sent.error);
    http::ClientResponse response;
    http::ResponseParser parser(response, to_head, max_response_bytes);
    std::string pending;
    std::array<char, 16 * 1024> buffer;
    bool got_anything = false;
    while (!parser.done()) {
        const auto got = co_await operation(
            [&](auto handler) { wire.socket.async_read_some(asio::buffer(buffer), std::move(handler)); });
        if (got.error) {
            if (!got_anything && !wire.timed_out) co_return std::nullopt;
            if (got.error == asio::error::eof && parser.finish()) break;
            co_return failure("no complete answer from", got.error);
        }
        got_anything = true;
        pending.append(buffer.data(), got.size);
        const auto used = parser.feed(pending);
        if (!used)
            co_return base::fail(
                fmt::format("{} answered with something that is no HTTP", endpoint.authority()));
        pending.erase(0, *used);
        if (parser.done() && response.status == 100) co_return base::fail("unexpected 100 Continue");
    }
    keep = parser.keep_alive() && pending.empty() && !sent.error && wire.socket.is_open();
    co_return response;
}

Client::Client(Loop& loop, std::size_t max_response_bytes)
    : impl_(std::make_unique<Impl>(loop, max_response_bytes)) {}
Client::~Client() = default;

base::Task<base::Result<http::ClientResponse>> Client::send(Endpoint endpoint, ClientRequest request,
                                                            std::chrono::milliseconds timeout) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    const auto field = [&text](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append("\r\n");
    };
    if (!request.headers.has("Host")) field("Host", endpoint.authority());
    if (!request.headers.has("Content-Length") &&
        (!request.body.empty() || request.method == "POST" || request.method == "PUT")) {
        field("Content-Length", std::to_string(request.body.size()));
    }
    for (std::size_t i = 0; i < request.headers.size(); ++i)
        field(request.headers[i].name, request.headers[i].value);
    text += "\r\n";
    text += request.body;

    if (endpoint.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
        co_return base::fail(
            fmt::format("{}: longer than the path of a unix socket may be", endpoint.unix_path));
    }
    const auto until = std::chrono::steady_clock::now() + timeout;
    const auto left = [until] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(until -
                                                                     std::chrono::steady_clock::now());
    };
    // A kept connection may have been closed meanwhile, and then the request is sent again: never one that
    // could take effect twice.
    const bool repeatable = request.method != "POST" && request.method != "PATCH";
    auto& kept = impl_->idle[endpoint];
    for (int attempt = 0;; ++attempt) {
        std::shared_ptr<Wire> wire;
        const bool reused = attempt == 0 && repeatable && !kept.empty();
        if (reused) {
            wire = std::move(kept.back());
            kept.pop_back();
            wire->arm(left());
        } else {
            auto connected = co_await impl_->connect(endpoint, left());
            if (!connected) co_return std::unexpected(connected.error());
            wire = std::move(*connected);
        }
        bool keep = false;
        auto response = co_await impl_->exchange(*wire, endpoint, text, request.method == "HEAD", keep);
        wire->timer.cancel();
        if (!response) co_return std::unexpected(response.error());
        if (*response) {
            if (keep) kept.push_back(std::move(wire));
            co_return std::move(**response);
        }
        if (!reused)
            co_return base::fail(
                fmt::format("{} closed the connection without an answer", endpoint.authority()));
    }
}

}  // namespace homespun::net
