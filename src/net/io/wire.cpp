#include "net/io/wire.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "net/io/asio.hpp"
#include "net/io/tls_context.hpp"

namespace homespun::net {
namespace {

using asio::ip::tcp;
using Resolver = asio::ip::basic_resolver<tcp, asio::io_context::executor_type>;

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

/// A name being looked up. The system's look-up cannot be interrupted: whoever waits may leave before it
/// ends.
struct Lookup : std::enable_shared_from_this<Lookup> {
    explicit Lookup(asio::io_context& context) : resolver(context) {}

    void start(const std::string& host, std::uint16_t port) {
        resolver.async_resolve(host, std::to_string(port),
                               [self = shared_from_this()](const ErrorCode& why, const auto& got) {
                                   if (self->ended) return;
                                   self->found = got;
                                   self->end(why);
                               });
    }
    void end(const ErrorCode& why) {
        if (std::exchange(ended, true)) return;
        error = why;
        caller.resume();
    }

    Resolver resolver;
    std::coroutine_handle<> caller;
    bool ended = false;
    ErrorCode error;
    tcp::resolver::results_type found;
};

}  // namespace

struct Wire::Impl : std::enable_shared_from_this<Impl> {
    explicit Impl(asio::io_context& its_context) : context(its_context), socket(context), timer(context) {}

    asio::io_context& context;
    Socket socket;
    std::optional<asio::ssl::context> tls_context;
    std::optional<asio::ssl::stream<Socket&>> tls;
    asio::steady_timer timer;
    std::shared_ptr<Lookup> lookup;
    bool timed_out = false;

    [[nodiscard]] std::string why(const ErrorCode& error) const {
        if (timed_out) return "no answer in time";
        if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
            return "the connection was closed";
        return error.message();
    }
    [[nodiscard]] std::unexpected<base::Error> fail(const ErrorCode& error) const {
        return base::fail(why(error));
    }
    void close() {
        ErrorCode ignored;
        socket.close(ignored);
    }
};

Wire::Wire(Loop& loop) : impl_(std::make_shared<Impl>(loop.context())) {}
Wire::~Wire() = default;

void Wire::arm(std::chrono::milliseconds timeout) {
    impl_->timed_out = false;
    impl_->timer.expires_after(timeout);
    impl_->timer.async_wait([weak = std::weak_ptr(impl_)](const ErrorCode& error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->timed_out = true;
        self->close();
        if (self->lookup) self->lookup->end(asio::error::timed_out);
    });
}

void Wire::disarm() {
    impl_->timer.cancel();
}
bool Wire::is_open() const {
    return impl_->socket.is_open();
}
bool Wire::timed_out() const {
    return impl_->timed_out;
}

base::Task<base::Result<void>> Wire::connect(std::string host, std::uint16_t port) {
    std::vector<tcp::endpoint> addresses;
    ErrorCode not_numeric;
    const auto numeric = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        addresses.emplace_back(numeric, port);
    } else {
        impl_->lookup = std::make_shared<Lookup>(impl_->context);
        struct Awaiter {
            Lookup& lookup;
            const std::string& host;
            std::uint16_t port;
            [[nodiscard]] bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> caller) {
                lookup.caller = caller;
                lookup.start(host, port);
            }
            void await_resume() const noexcept {}
        };
        co_await Awaiter{*impl_->lookup, host, port};
        const auto lookup = std::move(impl_->lookup);
        if (lookup->error)
            co_return base::fail(
                fmt::format("the name {} was not resolved: {}", host, impl_->why(lookup->error)));
        for (const auto& entry : lookup->found)
            addresses.push_back(entry.endpoint());
    }
    ErrorCode error = asio::error::host_not_found;
    for (const auto& address : addresses) {
        impl_->close();
        const auto done = co_await operation(
            [&](auto handler) { impl_->socket.async_connect(address, std::move(handler)); });
        error = done.error;
        if (!error || impl_->timed_out) break;
    }
    if (error) co_return impl_->fail(error);
    ErrorCode ignored;
    impl_->socket.set_option(tcp::no_delay(true), ignored);
    co_return base::Result<void>();
}

base::Task<base::Result<void>> Wire::connect_unix(std::string path) {
    const asio::local::stream_protocol::endpoint address(path);
    const auto done =
        co_await operation([&](auto handler) { impl_->socket.async_connect(address, std::move(handler)); });
    if (done.error) co_return impl_->fail(done.error);
    co_return base::Result<void>();
}

base::Task<base::Result<void>> Wire::start_tls(TlsTrust& trust, std::string host) {
    // Asio's context owns what it wraps, and this one is everybody's.
    SSL_CTX_up_ref(trust.context().native.get());
    impl_->tls_context.emplace(trust.context().native.get());
    auto& tls = impl_->tls.emplace(impl_->socket, *impl_->tls_context);
    auto* const session = tls.native_handle();
    if (!demand_host(session, host))
        co_return base::fail(fmt::format("TLS cannot check for the name {}", host));
    const auto done = co_await operation(
        [&](auto handler) { tls.async_handshake(asio::ssl::stream_base::client, std::move(handler)); });
    if (!done.error) co_return base::Result<void>();
    const auto verdict = SSL_get_verify_result(session);
    if (verdict != X509_V_OK && !impl_->timed_out) co_return base::fail(certificate_problem(verdict, host));
    co_return base::fail("TLS was not agreed: " + impl_->why(done.error));
}

base::Task<base::Result<void>> Wire::write(std::string_view bytes) {
    const auto done = co_await operation([&](auto handler) {
        if (impl_->tls) {
            asio::async_write(*impl_->tls, asio::buffer(bytes), std::move(handler));
        } else {
            asio::async_write(impl_->socket, asio::buffer(bytes), std::move(handler));
        }
    });
    if (done.error) co_return impl_->fail(done.error);
    co_return base::Result<void>();
}

base::Task<base::Result<Wire::Received>> Wire::read(std::span<char> buffer) {
    const auto into = asio::buffer(buffer.data(), buffer.size());
    const auto done = co_await operation([&](auto handler) {
        if (impl_->tls) {
            impl_->tls->async_read_some(into, std::move(handler));
        } else {
            impl_->socket.async_read_some(into, std::move(handler));
        }
    });
    if (done.error == asio::error::eof && !impl_->timed_out) co_return Received{};
    if (done.error) co_return impl_->fail(done.error);
    co_return Received{done.size};
}

}  // namespace homespun::net
