// A small HTTP/1.1 server for testing load tools: it answers everything with 200 and `hello`, up to a limit
// that is known to a percent or two, and fails above it in a way chosen on the command line. The limit is
// that of a Poisson stream of requests of which each has a connection whenever it needs one.
//
//   planted_server KIND [--listen 127.0.0.1:0] [--limit N] [--data DIR]
//
//   latency   500/s  one request at a time, computing: a core is used up, answers come late
//   lock      200/s  one request at a time, asleep: the same with an idle processor
//   space     400/s  507 `no space left`: 64 KiB per request go to a file in DIR, which is emptied at a
//                    steady speed and has a quota (a quarter of a second's worth)
//   errors    600/s  500 when 400 requests are in flight; the limit is where 1 % meet that
//   refused   500/s  the process has 64 descriptors, every connection takes one for a fixed time and is
//                    closed after its answer. Without a free one new connections wait in the backlog, and
//                    beyond 40 the oldest there is reset. A client sees its connect() succeed and then, at
//                    once or within 40 / limit seconds, a reset (ECONNRESET, or EPIPE when writing) before
//                    any byte of an answer. A connection without a request takes a descriptor too.
//   collapse  500/s  no work at all up to the limit; above it requests cost the more the more of them wait,
//                    and those that waited for a second get 503 after work was wasted on them: fewer good
//                    answers the higher the load
//
// Prints `listening ADDRESS:PORT` when ready; SIGTERM or SIGINT ends it. At most 20000 requests wait; the
// connections of further ones are closed.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unordered_map>

#include "failures.hpp"
#include "options.hpp"
#include "request.hpp"

namespace planted {
namespace {

constexpr std::size_t most_waiting = 20000;
constexpr std::size_t most_buffered = 65536;
constexpr rlim_t scarce_descriptors = 64;
constexpr unsigned most_in_backlog = 40;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

int open_spare() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/// One thread, one epoll instance. `Failure` says who is answered when.
class Server {
  public:
    /// With `scarce` the process has few descriptors and resets connections for which there is none.
    Server(const sockaddr_in& address, bool scarce);

    [[nodiscard]] std::string address() const;
    [[nodiscard]] int free_descriptors() const;
    /// Returns after SIGTERM or SIGINT.
    void run(Failure& failure);

  private:
    struct Connection {
        std::uint64_t serial = 0;  ///< tells it from later ones with the same descriptor
        Moment accepted;
        RequestReader reader;
        bool waiting = false;  ///< for the answer to its one request in hand
        bool closing = false;  ///< after that answer
    };
    struct Waiting {
        int descriptor;
        std::uint64_t serial;
        Moment arrived;
    };

    void watch(int descriptor, std::uint32_t events);
    void wait_for_events();
    void handle(const epoll_event& event);
    void accept_all();
    bool accept_one();
    void reset_excess();
    void receive(int descriptor);
    void take_requests(int descriptor);
    void request_came(int descriptor, Connection& connection);
    void answer_due();
    bool send_answer(int descriptor, Connection& connection, const Answer& answer);
    void close(int descriptor);

    const bool scarce_;
    int listener_ = -1, epoll_ = -1, signals_ = -1;
    int spare_ = -1;        ///< given up for a moment in order to accept and reset
    bool starved_ = false;  ///< of descriptors once, and the backlog not seen empty since
    bool stopped_ = false;
    Failure* failure_ = nullptr;
    std::unordered_map<int, Connection> connections_;
    std::uint64_t last_serial_ = 0;
    std::deque<Waiting> queue_;
    std::optional<Moment> head_due_;  ///< of queue_.front(), once asked
    Moment upkeep_due_{};
};

void set_descriptor_limit(bool scarce) {
    rlimit limit{};
    checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = scarce ? scarce_descriptors : limit.rlim_max;
    checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

Server::Server(const sockaddr_in& address, bool scarce) : scarce_(scarce) {
    set_descriptor_limit(scarce);
    ::prctl(PR_SET_TIMERSLACK, 1);  // else the kernel adds up to 50 µs to every wait
    listener_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const int on = 1;
    checked(::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    checked(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    // The kernel must never drop a connection by itself: the client would not see that, only a late answer.
    checked(::listen(listener_, SOMAXCONN), "listen");

    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    checked(::sigprocmask(SIG_BLOCK, &ending, nullptr), "sigprocmask");
    signals_ = checked(::signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
    epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    watch(signals_, EPOLLIN);
    // By edges, as connections that find no descriptor stay in the backlog.
    watch(listener_, EPOLLIN | EPOLLET);
    if (scarce) spare_ = checked(open_spare(), "/dev/null");
}

std::string Server::address() const {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    checked(::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size), "getsockname");
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &bound.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(bound.sin_port));
}

int Server::free_descriptors() const {
    rlimit limit{};
    checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    int count = 0;
    for (int descriptor = 0; descriptor < static_cast<int>(limit.rlim_cur); ++descriptor)
        if (::fcntl(descriptor, F_GETFD) < 0) ++count;
    return count;
}

void Server::watch(int descriptor, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = descriptor}};
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void Server::run(Failure& failure) {
    failure_ = &failure;
    while (!stopped_) {
        answer_due();
        if (const auto now = Clock::now(); now >= upkeep_due_) upkeep_due_ = failure.upkeep(now);
        wait_for_events();
    }
}

void Server::wait_for_events() {
    const auto next = std::min(upkeep_due_, head_due_.value_or(Moment::max()));
    Span left = std::max(next - Clock::now(), Span::zero());
    if (head_due_ && failure_->burns()) {
        // The work; now and then a look at the sockets, so that arrivals are noted in time.
        const auto pause = std::min(next, Clock::now() + std::chrono::microseconds(100));
        while (Clock::now() < pause) {
        }
        left = Span::zero();
    }
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_pwait2(epoll_, events.data(), events.size(),
                                     next == Moment::max() ? nullptr : &timeout, nullptr);
    if (count < 0 && errno != EINTR) checked(count, "epoll_pwait2");
    for (int i = 0; i < count; ++i)
        handle(events[i]);
}

void Server::handle(const epoll_event& event) {
    if (event.data.fd == signals_)
        stopped_ = true;
    else if (event.data.fd == listener_)
        accept_all();
    else
        receive(event.data.fd);
}

void Server::accept_all() {
    while (accept_one()) {
    }
    if (scarce_) reset_excess();
}

bool Server::accept_one() {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
        starved_ = errno == EMFILE || errno == ENFILE;
        return errno == EINTR || errno == ECONNABORTED;
    }
    auto& connection = connections_[descriptor];
    connection.serial = ++last_serial_;
    connection.accepted = Clock::now();
    watch(descriptor, EPOLLIN | EPOLLRDHUP | EPOLLET);  // reports at once what has come already
    return true;
}

/// Only a descriptor lets one get at a connection in order to reset it, hence the spare one.
void Server::reset_excess() {
    for (;;) {
        tcp_info info{};
        socklen_t size = sizeof info;
        checked(::getsockopt(listener_, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
        if (info.tcpi_unacked <= most_in_backlog) return;  // for a listener: how many are in the backlog
        ::close(spare_);
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor >= 0) {
            const linger reset{.l_onoff = 1, .l_linger = 0};
            ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            ::close(descriptor);
        }
        spare_ = checked(open_spare(), "/dev/null");
        if (descriptor < 0) return;
    }
}

void Server::receive(int descriptor) {
    auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;  // closed since epoll reported it
    std::array<char, 16384> bytes;
    for (;;) {
        const auto size = ::recv(descriptor, bytes.data(), bytes.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (size <= 0) return close(descriptor);
        found->second.reader.append({bytes.data(), static_cast<std::size_t>(size)});
        take_requests(descriptor);
        found = connections_.find(descriptor);
        if (found == connections_.end()) return;
        if (found->second.reader.buffered() > most_buffered) return close(descriptor);
    }
}

/// Up to the first that has to wait.
void Server::take_requests(int descriptor) {
    for (auto found = connections_.find(descriptor); found != connections_.end() && !found->second.waiting;
         found = connections_.find(descriptor)) {
        const auto what = found->second.reader.next();
        if (what == RequestReader::Found::nothing) return;
        if (what == RequestReader::Found::nonsense) {
            send_answer(descriptor, found->second, {.status = "400 Bad Request", .body = "", .close = true});
            return;
        }
        request_came(descriptor, found->second);
    }
}

void Server::request_came(int descriptor, Connection& connection) {
    // Where descriptors are scarce the stay counts from the beginning: a client slow to ask takes no more.
    const auto arrived = scarce_ ? connection.accepted : Clock::now();
    connection.closing = !connection.reader.keep_alive();
    if (const auto answer = failure_->at_once(arrived, queue_.size())) {
        send_answer(descriptor, connection, *answer);
        return;
    }
    if (queue_.size() >= most_waiting) return close(descriptor);
    connection.waiting = true;
    queue_.push_back({descriptor, connection.serial, arrived});
    answer_due();
}

void Server::answer_due() {
    while (!queue_.empty()) {
        const auto head = queue_.front();
        if (!head_due_) head_due_ = failure_->due(head.arrived, queue_.size() - 1);
        if (*head_due_ > Clock::now()) return;
        queue_.pop_front();
        head_due_.reset();
        const auto answer = failure_->answer();
        const auto found = connections_.find(head.descriptor);
        if (found == connections_.end() || found->second.serial != head.serial) continue;  // the client left
        found->second.waiting = false;
        if (send_answer(head.descriptor, found->second, answer)) take_requests(head.descriptor);
    }
}

/// False when the connection is closed.
bool Server::send_answer(int descriptor, Connection& connection, const Answer& answer) {
    const bool last = answer.close || connection.closing;
    const auto text =
        fmt::format("HTTP/1.1 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n{}\r\n{}",
                    answer.status, answer.body.size(), last ? "Connection: close\r\n" : "", answer.body);
    const auto sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    // A client that leaves so many answers unread that one does not fit is not worth a queue.
    if (!last && sent == static_cast<ssize_t>(text.size())) return true;
    close(descriptor);
    return false;
}

void Server::close(int descriptor) {
    ::close(descriptor);
    connections_.erase(descriptor);
    if (starved_) accept_one();  // whoever waits in the backlog is reported no more
}

int serve(const Options& options) {
    Server server(options.address, options.kind->name == "refused");
    const auto failure = options.kind->make(options, server.free_descriptors());
    fmt::print("listening {}\n", server.address());
    std::fflush(stdout);
    server.run(*failure);
    return 0;
}

}  // namespace
}  // namespace planted

int main(int count, char** arguments) {
    try {
        return planted::serve(planted::parse(count, arguments));
    } catch (const std::invalid_argument& error) {
        fmt::print(stderr,
                   "planted_server: {}\nusage: planted_server latency|lock|space|errors|refused|collapse "
                   "[--listen ADDRESS:PORT] [--limit N] [--data DIR]\n",
                   error.what());
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "planted_server: {}\n", error.what());
        return 1;
    }
}
