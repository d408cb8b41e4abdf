#include "load/connections.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace homespun::bench {
namespace {

constexpr std::size_t reading_size = std::size_t{64} << 10;

struct Connection {
    int descriptor = -1;
    std::string_view sending;  ///< what is left of the request
    std::string received;
    Steady::time_point sent_at;
    bool waiting = false;
    bool writes_wanted = false;
};

class Run {
  public:
    Run(const Plan& plan, Conversation& conversation)
        : plan_(plan),
          conversation_(conversation),
          epoll_(::epoll_create1(0)),
          connections_(plan.connections) {
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            auto& connection = connections_[i];
            connection.descriptor = connect_to(plan.port);
            ::fcntl(connection.descriptor, F_SETFL, O_NONBLOCK);
            epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
        }
    }
    ~Run() {
        for (const auto& connection : connections_)
            ::close(connection.descriptor);
        ::close(epoll_);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Measured run() {
        measured_.latencies_us.reserve(std::size_t{1} << 21);
        const auto begin = Steady::now();
        if (plan_.count > 0) open_window(begin);
        start_at_ = begin + to_steady(plan_.warmup_s);
        stop_at_ = start_at_ + to_steady(plan_.seconds);
        for (std::size_t i = 0; i < connections_.size(); ++i)
            ask(i);
        epoll_event events[256];
        while (in_flight_ > 0) {
            const int ready = ::epoll_wait(epoll_, events, std::size(events), 5000);
            if (ready == 0) give_up("no answer for five seconds");
            for (int i = 0; i < ready; ++i) {
                if (events[i].events & EPOLLOUT) push(events[i].data.u64);
                if (events[i].events & ~EPOLLOUT) pull(events[i].data.u64);
            }
        }
        if (state_ == State::measuring) close_window(Steady::now());
        return std::move(measured_);
    }

  private:
    enum class State { warming, measuring, ending };

    static Steady::duration to_steady(double seconds) {
        return std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
    }

    void open_window(Steady::time_point now) {
        state_ = State::measuring;
        mark("start");
        window_began_ = now;
        cpu_began_ = own_cpu_seconds();
    }

    void close_window(Steady::time_point now) {
        state_ = State::ending;
        measured_.seconds = std::chrono::duration<double>(now - window_began_).count();
        measured_.cpu_seconds = own_cpu_seconds() - cpu_began_;
        mark("stop");
    }

    void ask(std::size_t number) {
        if (state_ == State::ending || (plan_.count > 0 && asked_ >= plan_.count)) return;
        auto& connection = connections_[number];
        connection.sending = conversation_.next(number);
        connection.waiting = true;
        connection.sent_at = Steady::now();
        ++asked_;
        ++in_flight_;
        push(number);
    }

    void push(std::size_t number) {
        auto& connection = connections_[number];
        while (!connection.sending.empty()) {
            const auto sent = ::send(connection.descriptor, connection.sending.data(),
                                     connection.sending.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) break;
            if (sent < 0) give_up(fmt::format("sending: {}", std::strerror(errno)));
            connection.sending.remove_prefix(static_cast<std::size_t>(sent));
        }
        const bool wanted = !connection.sending.empty();
        if (wanted == connection.writes_wanted) return;
        connection.writes_wanted = wanted;
        epoll_event event{.events = EPOLLIN | (wanted ? EPOLLOUT : 0U), .data = {.u64 = number}};
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
    }

    void pull(std::size_t number) {
        auto& connection = connections_[number];
        const auto size = ::recv(connection.descriptor, reading_.data(), reading_.size(), 0);
        if (size < 0 && errno == EAGAIN) return;
        if (size <= 0) give_up("the server closed a connection");
        std::string_view bytes(reading_.data(), static_cast<std::size_t>(size));
        // Nearly always the whole answer comes at once, and is judged where it lies.
        if (!connection.received.empty()) bytes = connection.received += bytes;
        Answer answer;
        if (!Answer::read(bytes, answer)) {
            if (connection.received.empty()) connection.received = bytes;
            return;
        }
        if (!connection.waiting || answer.head.size() + answer.body.size() != bytes.size())
            give_up("more than one answer");
        conversation_.check(number, answer.head, answer.body);
        connection.received.clear();
        connection.waiting = false;
        --in_flight_;
        note(connection);
        ask(number);
    }

    void note(const Connection& connection) {
        const auto now = Steady::now();
        ++measured_.total;
        if (state_ == State::measuring) {
            ++measured_.requests;
            measured_.latencies_us.push_back(
                std::chrono::duration<float, std::micro>(now - connection.sent_at).count());
        }
        if (plan_.count > 0) return;
        if (state_ == State::warming && now >= start_at_) open_window(now);
        if (state_ == State::measuring && now >= stop_at_) close_window(now);
    }

    const Plan& plan_;
    Conversation& conversation_;
    int epoll_;
    std::vector<Connection> connections_;
    std::string reading_ = std::string(reading_size, '\0');
    State state_ = State::warming;
    Steady::time_point start_at_, stop_at_, window_began_;
    double cpu_began_ = 0;
    std::uint64_t asked_ = 0;
    std::size_t in_flight_ = 0;
    Measured measured_;
};

}  // namespace

bool Answer::read(std::string_view bytes, Answer& answer) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    answer.head = bytes.substr(0, end + 4);
    constexpr std::string_view name = "\r\nContent-Length: ";
    const auto place = answer.head.find(name);
    if (place == std::string_view::npos)
        give_up(fmt::format("an answer without Content-Length: {}", answer.head));
    std::size_t length = 0;
    std::from_chars(answer.head.data() + place + name.size(), answer.head.data() + end, length);
    if (bytes.size() < answer.head.size() + length) return false;
    answer.body = bytes.substr(answer.head.size(), length);
    return true;
}

int connect_to(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) give_up(fmt::format("socket: {}", std::strerror(errno)));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        give_up(fmt::format("connecting to port {}: {}", port, std::strerror(errno)));
    }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

Measured converse(const Plan& plan, Conversation& conversation) {
    return Run(plan, conversation).run();
}

}  // namespace homespun::bench
