#include "net/io/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>

#include "net/io/asio.hpp"
#include "net/io/connection.hpp"

namespace homespun::net {
namespace {

constexpr std::chrono::milliseconds sweep_period{250};

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, asio::io_context::executor_type>;

/// The peer's address; one of IPv4 as such, also where it came to a listener of IPv6.
std::string remote_text(int descriptor) {
    constexpr std::size_t mapped_bytes = 12;  // of ::ffff:a.b.c.d stand before IPv4's four
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    char text[INET6_ADDRSTRLEN] = "unix";
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "unknown";
    if (storage.ss_family == AF_INET) {
        inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(&storage)->sin_addr, text, sizeof(text));
    } else if (storage.ss_family == AF_INET6) {
        const auto& address = reinterpret_cast<sockaddr_in6*>(&storage)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&address)) {
            inet_ntop(AF_INET, &address.s6_addr[mapped_bytes], text, sizeof(text));
        } else {
            inet_ntop(AF_INET6, &address, text, sizeof(text));
        }
    }
    return text;
}

/// Unix sockets are for this server's own user (and root): whoever else got to the file is turned away.
bool is_welcome(int descriptor) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0 ||
        storage.ss_family != AF_UNIX)
        return true;
    ucred peer{};
    size = sizeof(peer);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace

/// Kept alive by pending accepts and by the functions posted to loops. Shares are touched on their own loops
/// only.
struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    struct Acceptance {
        Acceptance(asio::io_context& context, int family, int descriptor)
            : acceptor(context, asio::generic::stream_protocol(family, 0), descriptor), pause(context) {}
        Acceptor acceptor;
        asio::steady_timer pause;
    };

    void accept_next(const std::shared_ptr<Acceptance>& acceptance) {
        auto& share = *shares[next_share++ % shares.size()];
        acceptance->acceptor.async_accept(
            share.loop.context(),
            [self = shared_from_this(), acceptance, &share](const ErrorCode& error, Socket socket) {
                if (error == asio::error::operation_aborted || self->draining) return;
                if (error) return self->pause_accepting(acceptance, error);
                self->take(share, std::move(socket));
                self->accept_next(acceptance);
            });
    }

    /// Out of descriptors or memory: trying again at once would spin.
    void pause_accepting(const std::shared_ptr<Acceptance>& acceptance, const ErrorCode& error) {
        constexpr std::chrono::milliseconds pause{100};
        logger.warning("accept_failed", {{"error", error.message()}});
        acceptance->pause.expires_after(pause);
        acceptance->pause.async_wait([self = shared_from_this(), acceptance](const ErrorCode& aborted) {
            if (!aborted) self->accept_next(acceptance);
        });
    }

    /// Beyond the limit a few more are taken in, and for each an idle one is sought to make room.
    void take(LoopShare& share, Socket socket) {
        if (!is_welcome(socket.native_handle())) {
            logger.warning("peer_refused", {{"why", "another user at a unix socket"}});
            return;
        }
        constexpr std::size_t most_above = 64;
        share.ties.metrics.accepted.add();
        const auto others = open.fetch_add(1);
        if (others >= limits.connections + most_above) {
            open.fetch_sub(1);
            share.tell(Ending::turned_away);
            return;
        }
        share.ties.metrics.open.add(1);
        if (others >= limits.connections) make_room(share.number, shares.size());
        const int on = 1;
        setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        // What a peer does not read shall wait here, where it is counted, and not in the kernel.
        constexpr int unsent = 256 * 1024;
        setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
        auto remote = remote_text(socket.native_handle());
        share.loop.post([self = shared_from_this(), &share, socket = std::move(socket),
                         remote = std::move(remote)]() mutable {
            std::make_shared<Connection>(share, std::move(socket), std::move(remote))->start();
        });
    }

    /// Asks one loop after the other; any of them may hold those who do nothing.
    void make_room(std::size_t number, std::size_t loops_left) {
        if (loops_left == 0) return;
        auto& share = *shares[number % shares.size()];
        share.loop.post([self = shared_from_this(), &share, loops_left] {
            if (self->open.load() > self->limits.connections && !share.make_room())
                self->make_room(share.number + 1, loops_left - 1);
        });
    }

    void sweep(LoopShare& share) const {
        const auto now = std::chrono::steady_clock::now();
        // Backwards: a connection that closes is replaced by one that has been seen.
        for (std::size_t i = share.connections.size(); i-- > 0;) {
            if (i < share.connections.size()) share.connections[i]->check_deadline(now);
        }
    }

    void connection_closed() {
        if (open.fetch_sub(1) == 1 && draining) drained();
    }

    void drained() {
        if (const auto call = std::exchange(on_drained, nullptr)) call();
    }

    base::Logger& logger;
    ServerLimits limits;
    std::vector<std::unique_ptr<LoopShare>> shares;
    std::vector<std::shared_ptr<Acceptance>> acceptances;
    std::size_t next_share = 0;
    std::atomic<std::size_t> open{0};
    std::atomic<bool> draining{false};
    std::function<void()> on_drained;

    Impl(base::Logger& its_logger, ServerLimits its_limits) : logger(its_logger), limits(its_limits) {}
};

Server::Server(std::vector<Loop*> loops, http::Application& application, const base::Clock& clock,
               base::Logger& logger, ServerLimits limits, ServerTies ties)
    : impl_(std::make_shared<Impl>(logger, limits)) {
    for (auto* loop : loops) {
        auto& share = *impl_->shares.emplace_back(
            std::make_unique<LoopShare>(*loop, application, clock, logger, limits, ties));
        share.number = impl_->shares.size() - 1;
        share.most_held = limits.held_bytes / loops.size();
        const std::weak_ptr<Impl> weak = impl_;
        share.on_close = [weak, &share] {
            const auto impl = weak.lock();
            if (!impl) return;
            share.ties.metrics.open.add(-1);
            impl->connection_closed();
        };
        loop->post([weak, loop, &share] {
            loop->every(sweep_period, [weak, &share] {
                if (const auto impl = weak.lock()) impl->sweep(share);
            });
        });
    }
}

Server::~Server() = default;

void Server::listen(Listener listener) {
    auto& first = impl_->shares.front()->loop;
    const int family = listener.address().unix_path.empty()
                           ? (listener.address().host.find(':') == std::string::npos ? AF_INET : AF_INET6)
                           : AF_UNIX;
    first.post([impl = impl_, &first, family, descriptor = listener.release()] {
        auto acceptance = std::make_shared<Impl::Acceptance>(first.context(), family, descriptor);
        impl->acceptances.push_back(acceptance);
        impl->accept_next(acceptance);
    });
}

void Server::drain(std::function<void()> done) {
    impl_->shares.front()->loop.post([impl = impl_, done = std::move(done)]() mutable {
        impl->on_drained = std::move(done);
        impl->open.fetch_add(1);  // held until every loop has been told
        impl->draining = true;
        for (const auto& acceptance : impl->acceptances) {
            ErrorCode ignored;
            acceptance->acceptor.close(ignored);
            acceptance->pause.cancel();
        }
        for (const auto& share : impl->shares) {
            impl->open.fetch_add(1);
            share->loop.post([impl, &share = *share] {
                share.draining = true;
                const auto list = share.connections;
                for (auto* connection : list)
                    connection->drain();
                impl->connection_closed();
            });
        }
        impl->connection_closed();
    });
}

std::size_t Server::connections() const {
    return impl_->open.load();
}

}  // namespace homespun::net
