#include "net/io/client.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include <array>
#include <map>
#include <vector>

#include "net/http/url.hpp"
#include "net/io/wire.hpp"

namespace homespun::net {
namespace {

constexpr std::size_t most_idle_connections = 8;  // to one endpoint

std::string text_of(const Endpoint& endpoint, const ClientRequest& request, bool whole_url) {
    const auto authority = endpoint.authority();
    std::string text =
        whole_url ? fmt::format("{} http://{}{} HTTP/1.1\r\n", request.method, authority, request.target)
                  : fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
    const auto field = [&text](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append("\r\n");
    };
    if (!request.headers.has("Host")) field("Host", authority);
    if (!request.headers.has("Content-Length") &&
        (!request.body.empty() || request.method == "POST" || request.method == "PUT")) {
        field("Content-Length", std::to_string(request.body.size()));
    }
    for (std::size_t i = 0; i < request.headers.size(); ++i)
        field(request.headers[i].name, request.headers[i].value);
    text += "\r\n";
    text += request.body;
    return text;
}

/// For messages.
std::string place_of(const Endpoint& endpoint) {
    return endpoint.unix_path.empty() ? fmt::format("{}:{}", endpoint.host, endpoint.port)
                                      : endpoint.unix_path;
}

}  // namespace

struct Client::Impl {
    Impl(Loop& its_loop, ClientSettings its_settings);

    /// To this machine never: the proxy's own loopback is another machine's.
    [[nodiscard]] bool by_proxy(const Endpoint& endpoint) const {
        return proxy.has_value() && endpoint.unix_path.empty() && !http::is_loopback(endpoint.host);
    }
    base::Result<void> check(const Endpoint& endpoint);
    base::Task<base::Result<std::shared_ptr<Wire>>> connect(const Endpoint& endpoint,
                                                            std::chrono::milliseconds timeout);
    /// Has the proxy put us through.
    base::Task<base::Result<void>> tunnel(Wire& wire, const Endpoint& endpoint);
    /// Nothing when the peer closed before a single byte of an answer came.
    base::Task<base::Result<std::optional<http::ClientResponse>>> exchange(Wire& wire, std::string place,
                                                                           std::string_view text,
                                                                           bool to_head, bool& keep);

    Loop& loop;
    ClientSettings settings;
    std::optional<base::Error> problem;
    std::optional<http::Url> proxy;
    std::unique_ptr<TlsTrust> trust;
    std::map<Endpoint, std::vector<std::shared_ptr<Wire>>> idle;
};

Client::Impl::Impl(Loop& its_loop, ClientSettings its_settings)
    : loop(its_loop), settings(std::move(its_settings)) {
    if (!settings.ca_file.empty()) {
        auto loaded = TlsTrust::load(settings.ca_file);
        if (loaded) {
            trust = std::move(*loaded);
        } else {
            problem = std::move(loaded.error());
        }
    }
    if (settings.proxy.empty() || problem) return;
    auto url = http::Url::parse(settings.proxy);
    if (!url) {
        problem = std::move(url.error());
    } else if (url->tls || url->target != "/") {
        problem = base::Error{fmt::format(
            "\"{}\" is no usable proxy: write it like http://proxy.example:3128", settings.proxy)};
    } else {
        proxy = std::move(*url);
    }
}

std::string Endpoint::authority() const {
    return unix_path.empty() ? http::authority(host, port, tls) : "localhost";
}

base::Result<void> Client::Impl::check(const Endpoint& endpoint) {
    if (endpoint.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
        return base::fail(
            fmt::format("{}: longer than the path of a unix socket may be", endpoint.unix_path));
    }
    if (!endpoint.unix_path.empty()) return {};
    if (problem) return std::unexpected(*problem);
    if (!endpoint.tls || trust) return {};
    // Here and not at the start: the system's authorities are many, and most clients never need them.
    auto loaded = TlsTrust::load({});
    if (!loaded) return std::unexpected(loaded.error());
    trust = std::move(*loaded);
    return {};
}

base::Task<base::Result<std::shared_ptr<Wire>>> Client::Impl::connect(const Endpoint& endpoint,
                                                                      std::chrono::milliseconds timeout) {
    auto wire = std::make_shared<Wire>(loop);
    wire->arm(timeout);
    if (!endpoint.unix_path.empty()) {
        auto connected = co_await wire->connect_unix(endpoint.unix_path);
        if (connected) co_return wire;
        co_return base::fail(
            fmt::format("cannot connect to {}: {}", endpoint.unix_path, connected.error().message));
    }
    const bool proxied = by_proxy(endpoint);
    const auto& host = proxied ? proxy->host : endpoint.host;
    const auto port = proxied ? proxy->port : endpoint.port;
    if (auto connected = co_await wire->connect(host, port); !connected) {
        co_return base::fail(fmt::format("cannot connect to {}{}:{}: {}", proxied ? "the proxy " : "", host,
                                         port, connected.error().message));
    }
    if (!endpoint.tls) co_return wire;
    if (proxied) {
        if (auto through = co_await tunnel(*wire, endpoint); !through)
            co_return std::unexpected(through.error());
    }
    if (auto secured = co_await wire->start_tls(*trust, endpoint.host); !secured) {
        co_return base::fail(fmt::format("cannot trust {}: {}", place_of(endpoint), secured.error().message));
    }
    co_return wire;
}

base::Task<base::Result<void>> Client::Impl::tunnel(Wire& wire, const Endpoint& endpoint) {
    const auto name = fmt::format("the proxy {}:{}", proxy->host, proxy->port);
    // With its port even where that is the usual one: CONNECT demands it (RFC 9110, 9.3.6).
    const auto target = fmt::format("{}:{}", http::bracketed(endpoint.host), endpoint.port);
    const auto text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", target);
    bool keep = false;
    // Answered like HEAD: behind a 2xx head the tunnel begins, and other bodies do not matter.
    auto answer = co_await exchange(wire, name, text, true, keep);
    if (!answer) co_return std::unexpected(answer.error());
    if (!*answer) co_return base::fail(name + " closed the connection without an answer");
    const auto status = (*answer)->status;
    if (status < 200 || status > 299)
        co_return base::fail(fmt::format("{} refused to connect to {}: {} {}", name, target, status,
                                         http::reason_phrase(status)));
    co_return base::Result<void>();
}

base::Task<base::Result<std::optional<http::ClientResponse>>> Client::Impl::exchange(
    Wire& wire, std::string place, std::string_view text, bool to_head, bool& keep) {
    const auto sent = co_await wire.write(text);
    if (!sent && wire.timed_out())
        co_return base::fail(fmt::format("cannot send to {}: {}", place, sent.error().message));
    http::ClientResponse response;
    http::ResponseParser parser(response, to_head, settings.max_response_bytes);
    std::string pending;
    std::array<char, 16 * 1024> buffer;
    bool got_anything = false;
    while (!parser.done()) {
        const auto got = co_await wire.read(buffer);
        const bool ended = !got || got->size == 0;
        if (ended && !got_anything && !wire.timed_out()) co_return std::nullopt;
        if (got && ended && parser.finish()) break;
        if (ended)
            co_return base::fail(fmt::format("no complete answer from {}: {}", place,
                                             got ? "the connection was closed" : got.error().message));
        got_anything = true;
        pending.append(buffer.data(), got->size);
        const auto used = parser.feed(pending);
        if (!used) {
            co_return base::fail(
                used.error() == http::Refusal::body_too_large
                    ? fmt::format("{} answered with more than {} bytes", place, settings.max_response_bytes)
                    : fmt::format("{} answered with something that is no HTTP", place));
        }
        pending.erase(0, *used);
        if (parser.done() && response.status == 100) co_return base::fail("unexpected 100 Continue");
    }
    keep = parser.keep_alive() && pending.empty() && sent && wire.is_open();
    co_return response;
}

Client::Client(Loop& loop, ClientSettings settings)
    : impl_(std::make_unique<Impl>(loop, std::move(settings))) {}
Client::~Client() = default;

const std::optional<base::Error>& Client::problem() const {
    return impl_->problem;
}

base::Task<base::Result<http::ClientResponse>> Client::send(Endpoint endpoint, ClientRequest request,
                                                            std::chrono::milliseconds timeout) {
    if (auto usable = impl_->check(endpoint); !usable) co_return std::unexpected(usable.error());
    const auto text = text_of(endpoint, request, impl_->by_proxy(endpoint) && !endpoint.tls);
    const auto until = std::chrono::steady_clock::now() + timeout;
    const auto left = [until] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(until -
                                                                     std::chrono::steady_clock::now());
    };
    const auto said_close = request.headers.find("Connection");
    // A kept connection may have been closed meanwhile, and then the request is sent again: never one that
    // could take effect twice. So those get a connection of their own, which ends with them.
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
        auto response =
            co_await impl_->exchange(*wire, place_of(endpoint), text, request.method == "HEAD", keep);
        wire->disarm();
        if (!response) co_return std::unexpected(response.error());
        if (*response) {
            if (keep && repeatable && !said_close && kept.size() < most_idle_connections)
                kept.push_back(std::move(wire));
            co_return std::move(**response);
        }
        if (!reused)
            co_return base::fail(
                fmt::format("{} closed the connection without an answer", place_of(endpoint)));
    }
}

}  // namespace homespun::net
