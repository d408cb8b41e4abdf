// Lets one seism::wire::Conversation sit between a real client and a real server on loopback, with one fault
// for the requests that match: for looking at what real clients make of each fault, without Seism's engine.
//
//   wire_relay redis 7001 6379 --kind error --state LOADING --mode after --verb SET --nth 2
//
// One thread a connection. Says `ready` on stdout once it listens, and each request that was judged, and each
// bite, on stderr. Ends with TERM or INT.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "seism/wire/conversation.hpp"

namespace {

using namespace homespun::seism::wire;
using Clock = std::chrono::steady_clock;

/// Which requests meet the fault. What is left empty fits all.
struct Choice {
    Fault fault;
    bool fault_given = false;
    std::string verb, subject, head;
    bool only_writes = false;
    std::uint64_t nth = 0;  // of a connection; 0 with `connect` is the connection itself
    bool connect = false;
    std::uint64_t times = 0;  // in all; 0: always
};

std::string printable(std::string_view bytes) {
    std::string out;
    for (const char c : bytes.substr(0, 120)) {
        if (c >= ' ' && c < 0x7f) {
            out += c;
            continue;
        }
        std::array<char, 5> hex{};
        std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned char>(c));
        out += hex.data();
    }
    return out;
}

class ChosenJudge final : public Judge {
  public:
    ChosenJudge(const Choice& choice, std::atomic<std::uint64_t>& given) : choice_(choice), given_(given) {}

    const Fault* judge(const Request& request) override {
        const bool hit = fits(request) && (choice_.times == 0 || given_.fetch_add(1) < choice_.times);
        std::fprintf(stderr, "request %llu %s '%s'%s%s\n", static_cast<unsigned long long>(request.ordinal),
                     printable(request.verb).c_str(), printable(request.subject).c_str(),
                     request.writes ? " writes" : "", hit ? " FAULT" : "");
        return hit ? &choice_.fault : nullptr;
    }
    void bitten(const Fault& fault, const Request& request) override {
        std::fprintf(stderr, "bitten %llu %s by %s\n", static_cast<unsigned long long>(request.ordinal),
                     printable(request.verb).c_str(), fault.kind.c_str());
    }

  private:
    [[nodiscard]] bool fits(const Request& request) const {
        if (!choice_.fault_given || choice_.connect != (request.ordinal == 0)) return false;
        if (choice_.nth != 0 && choice_.nth != request.ordinal) return false;
        if (choice_.only_writes && !request.writes) return false;
        return (choice_.verb.empty() || choice_.verb == request.verb) &&
               request.subject.find(choice_.subject) != std::string_view::npos &&
               request.head.find(choice_.head) != std::string_view::npos;
    }

    const Choice& choice_;
    std::atomic<std::uint64_t>& given_;
};

/// What waits for being sent to one side.
struct Piece {
    std::string bytes;
    std::chrono::milliseconds interval{0};  // above 0: one byte each
};

struct Side {
    int fd = -1;
    std::deque<Piece> out;
    std::size_t waiting = 0;
    Clock::time_point next_byte{};
    bool end_wanted = false, end_said = false, ended = false;

    void say(std::string_view bytes, std::chrono::milliseconds interval = {}) {
        if (bytes.empty() || end_wanted) return;
        out.push_back({std::string(bytes), interval});
        waiting += bytes.size();
    }
    [[nodiscard]] bool writable_now() const {
        return !out.empty() && (out.front().interval.count() == 0 || Clock::now() >= next_byte);
    }
    /// False: the peer is gone.
    bool flush() {
        while (writable_now()) {
            auto& piece = out.front();
            const bool drip = piece.interval.count() > 0;
            const auto sent =
                ::send(fd, piece.bytes.data(), drip ? 1 : piece.bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) return errno == EAGAIN || errno == EINTR;
            if (drip) next_byte = Clock::now() + piece.interval;
            piece.bytes.erase(0, static_cast<std::size_t>(sent));
            waiting -= static_cast<std::size_t>(sent);
            if (piece.bytes.empty()) out.pop_front();
        }
        if (out.empty() && end_wanted && !end_said) {
            end_said = true;
            ::shutdown(fd, SHUT_WR);
        }
        return true;
    }
};

int dial(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
    if (fd >= 0) ::close(fd);
    return -1;
}

void quick(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

class Relay final : public Effects {
  public:
    Relay(int client, std::uint16_t upstream, Protocol protocol, const ConversationOptions& options,
          const Choice& choice, std::atomic<std::uint64_t>& given)
        : upstream_(upstream),
          judge_(choice, given),
          conversation_(make_conversation(protocol, judge_, options)) {
        client_.fd = client;
        quick(client);
    }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay() override {
        for (const int fd : {client_.fd, server_.fd}) {
            if (fd >= 0) ::close(fd);
        }
    }

    void to_client(std::string_view bytes) override { client_.say(bytes); }
    void to_server(std::string_view bytes) override { server_.say(bytes); }
    void drip_to_client(std::string_view bytes, std::chrono::milliseconds interval) override {
        client_.say(bytes, interval);
    }
    void close() override { end(Ending::close); }
    void reset() override { end(Ending::reset); }
    void hold() override { end(Ending::hold); }
    void end_to_server() override { server_.end_wanted = true; }
    void end_to_client() override { client_.end_wanted = true; }

    void run() {
        conversation_->opened(*this);
        if (ending_ == Ending::none) {
            server_.fd = dial(upstream_);
            if (server_.fd < 0) return;
            quick(server_.fd);
        }
        while (ending_ == Ending::none && !(client_.end_said && server_.end_said)) {
            if (!turn()) return;
        }
        if (ending_ != Ending::none) finish();
    }

  private:
    enum class Ending { none, close, reset, hold };

    void end(Ending ending) {
        if (ending_ == Ending::none) ending_ = ending;
    }

    /// False: over.
    bool turn() {
        static constexpr std::size_t most_waiting = 1 << 20;
        std::array<pollfd, 2> polled{};
        const std::array<Side*, 2> sides = {&client_, &server_};
        int wait_ms = -1;
        for (std::size_t i = 0; i < 2; ++i) {
            Side& side = *sides[i];
            if (!side.flush()) return false;
            polled[i].fd = side.fd;
            if (!side.ended && sides[1 - i]->waiting < most_waiting) polled[i].events |= POLLIN;
            if (side.writable_now()) polled[i].events |= POLLOUT;
            if (!side.out.empty() && side.out.front().interval.count() > 0) wait_ms = 1;
            if (polled[i].events == 0) polled[i].fd = -1;
        }
        if (client_.end_said && server_.end_said) return false;
        if (::poll(polled.data(), polled.size(), wait_ms) < 0) return errno == EINTR;
        for (std::size_t i = 0; i < 2 && ending_ == Ending::none; ++i) {
            if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !read(*sides[i], i == 0))
                return false;
        }
        return true;
    }

    bool read(Side& side, bool from_client) {
        std::array<char, 16384> buffer;
        const auto got = ::recv(side.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        if (got == 0) {
            side.ended = true;
            from_client ? conversation_->client_ended(*this) : conversation_->server_ended(*this);
        } else {
            from_client ? conversation_->from_client(bytes, *this) : conversation_->from_server(bytes, *this);
        }
        return true;
    }

    void finish() {
        if (server_.fd >= 0) {
            while (server_.flush() && !server_.out.empty())
                pause();
        }
        if (ending_ == Ending::reset) {
            const linger at_once{1, 0};
            ::setsockopt(client_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            return;
        }
        while (client_.flush() && !client_.out.empty())
            pause();
        if (ending_ == Ending::close) {
            ::shutdown(client_.fd, SHUT_WR);
            const timeval second{1, 0};
            ::setsockopt(client_.fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
        }
        std::array<char, 4096> dropped;
        while (::recv(client_.fd, dropped.data(), dropped.size(), 0) > 0) {
        }
    }
    static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

    std::uint16_t upstream_;
    ChosenJudge judge_;
    std::unique_ptr<Conversation> conversation_;
    Side client_, server_;
    Ending ending_ = Ending::none;
};

int listen_on(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(fd, 128) != 0) {
        std::fprintf(stderr, "127.0.0.1:%u cannot be listened on: %s\n", port, std::strerror(errno));
        return -1;
    }
    return fd;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("One conversation of seism/wire between a real client and a real server");
    std::string protocol_word, mode_word = "instead";
    std::uint16_t listen_port = 0, upstream = 0;
    Choice choice;
    ConversationOptions options;
    app.add_option("protocol", protocol_word)->required();
    app.add_option("listen", listen_port)->required();
    app.add_option("upstream", upstream)->required();
    auto* kind = app.add_option("--kind", choice.fault.kind, "the fault; none: everything passes");
    app.add_option("--mode", mode_word)->check(CLI::IsMember({"instead", "after", "before_close"}));
    app.add_option("--code", choice.fault.code);
    app.add_option("--state", choice.fault.state);
    app.add_option("--message", choice.fault.message);
    app.add_option("--body", choice.fault.body);
    app.add_option("--content-type", choice.fault.content_type);
    app.add_option("--retry-after", choice.fault.retry_after_s);
    app.add_option("--bytes", choice.fault.bytes);
    app.add_option("--interval", choice.fault.interval_ms);
    app.add_option("--verb", choice.verb);
    app.add_option("--subject", choice.subject, "a part of it");
    app.add_option("--head", choice.head, "a part of it");
    app.add_flag("--writes", choice.only_writes, "only requests that change data");
    app.add_option("--nth", choice.nth, "only this request of each connection, from 1");
    app.add_flag("--connect", choice.connect, "meet the connection itself");
    app.add_option("--times", choice.times, "so often in all");
    app.add_flag("--strip-tls", options.strip_tls);
    CLI11_PARSE(app, argc, argv);

    const auto protocol = protocol_named(protocol_word);
    if (!protocol) {
        std::fprintf(stderr, "no protocol is called '%s'\n", protocol_word.c_str());
        return 2;
    }
    choice.fault_given = kind->count() > 0;
    choice.fault.mode = mode_word == "after"          ? Mode::after
                        : mode_word == "before_close" ? Mode::before_close
                                                      : Mode::instead;
    const int listener = listen_on(listen_port);
    if (listener < 0) return 4;
    std::puts("ready");
    std::fflush(stdout);
    std::atomic<std::uint64_t> given = 0;
    for (;;) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        std::thread([&, client] {
            Relay(client, upstream, *protocol, options, choice, given).run();
        }).detach();
    }
}
