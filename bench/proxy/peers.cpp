// Both ends of bench/run proxy: a server behind the proxies and its clients. One thread for each connection
// and blocking calls: nothing that could itself be late.
//
//   bench_peers serve PORT                 on 127.0.0.1; prints `listening`; what a connection wants, see
//   Wish bench_peers ping PORT SECONDS          64 bytes there and back, over and over bench_peers paced PORT
//   COUNT PAUSE_MS  the same with a pause before each bench_peers bulk PORT SECONDS          one stream from
//   the server bench_peers fetch PORT BYTES           so many bytes from the server; time from the request to
//   the last bench_peers flood PORT CONNECTIONS     as many streams as that, until its input ends bench_peers
//   hold PORT CONNECTIONS      each asks once and stays open until its input ends
//
// ping and bulk print `start` and `stop` around the measured stretch, then one line of JSON; flood and hold
// print `holding`, and `held` at the end. A wrong byte ends it with status 1.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <thread>

#include "load/window.hpp"

using namespace homespun::bench;

namespace {

constexpr std::size_t ping_bytes = 64, bulk_bytes = std::size_t{256} << 10;
constexpr double warm_up_s = 0.5;

/// What a client says first: how many bytes it wants to get. 0: its own, back.
using Wish = std::uint64_t;
constexpr Wish without_end = std::numeric_limits<Wish>::max();

double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}

template <class Number>
Number number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) give_up(fmt::format("no number: {}", text));
    return value;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void send_at_once(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// False: the other end has gone.
bool say(int descriptor, const void* bytes, std::size_t count) {
    return ::send(descriptor, bytes, count, MSG_NOSIGNAL) == static_cast<ssize_t>(count);
}
bool hear(int descriptor, void* into, std::size_t count) {
    return ::recv(descriptor, into, count, MSG_WAITALL) == static_cast<ssize_t>(count);
}

int wish(std::uint16_t port, Wish bytes) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(port);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        give_up(fmt::format("cannot connect to port {}: {}", port, std::strerror(errno)));
    send_at_once(descriptor);
    if (!say(descriptor, &bytes, sizeof bytes)) give_up("the connection was closed");
    return descriptor;
}

void fulfil(int descriptor) {
    send_at_once(descriptor);
    Wish left = 0;
    if (hear(descriptor, &left, sizeof left) && left == 0) {
        std::array<char, ping_bytes> bytes;
        while (hear(descriptor, bytes.data(), bytes.size()) && say(descriptor, bytes.data(), bytes.size())) {
        }
    } else {
        const std::vector<char> bytes(bulk_bytes, 'x');
        for (std::size_t part = 1; left > 0 && part > 0; left -= part) {
            part = std::min<Wish>(left, bytes.size());
            if (!say(descriptor, bytes.data(), part)) break;
        }
    }
    ::close(descriptor);
}

void serve(std::uint16_t port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto address = loopback(port);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 4096) != 0)
        give_up(fmt::format("cannot listen on port {}: {}", port, std::strerror(errno)));
    mark("listening");
    for (;;) {
        const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor >= 0) std::thread(fulfil, descriptor).detach();
    }
}

/// Microseconds there and back.
float round_trip(int descriptor) {
    static std::array<char, ping_bytes> sent{}, got{};
    ++sent[0];
    const auto begin = Steady::now();
    if (!say(descriptor, sent.data(), sent.size()) || !hear(descriptor, got.data(), got.size()))
        give_up("the connection was closed");
    const auto taken = seconds_since(begin);
    if (sent != got) give_up("other bytes came back");
    return static_cast<float>(taken * 1e6);
}

void ping(std::uint16_t port, double seconds) {
    const int descriptor = wish(port, 0);
    for (const auto begin = Steady::now(); seconds_since(begin) < warm_up_s;)
        round_trip(descriptor);
    std::vector<float> latencies;
    mark("start");
    const auto begin = Steady::now();
    while (seconds_since(begin) < seconds)
        latencies.push_back(round_trip(descriptor));
    const auto elapsed = seconds_since(begin);
    mark("stop");
    mark(fmt::format(R"({{"rounds":{},"seconds":{:.4f},"latency":{}}})", latencies.size(), elapsed,
                     latency_json(latencies)));
}

void paced(std::uint16_t port, std::size_t count, double pause_ms) {
    const int descriptor = wish(port, 0);
    round_trip(descriptor);
    std::vector<float> latencies;
    for (std::size_t i = 0; i < count; ++i) {
        std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(pause_ms));
        latencies.push_back(round_trip(descriptor));
    }
    mark(fmt::format(R"({{"latency":{}}})", latency_json(latencies)));
}

std::size_t take(int descriptor) {
    static std::vector<char> bytes(bulk_bytes);
    const auto got = ::recv(descriptor, bytes.data(), bytes.size(), 0);
    if (got <= 0) give_up("the stream broke off");
    if (std::ranges::count(bytes.begin(), bytes.begin() + std::min<ssize_t>(got, 64), 'x') !=
        std::min<ssize_t>(got, 64))
        give_up("other bytes came");
    return static_cast<std::size_t>(got);
}

void bulk(std::uint16_t port, double seconds) {
    const int descriptor = wish(port, without_end);
    for (const auto begin = Steady::now(); seconds_since(begin) < warm_up_s;)
        take(descriptor);
    std::uint64_t bytes = 0, calls = 0;
    mark("start");
    const auto begin = Steady::now();
    for (; seconds_since(begin) < seconds; ++calls)
        bytes += take(descriptor);
    const auto elapsed = seconds_since(begin);
    mark("stop");
    mark(fmt::format(R"({{"bytes":{},"calls":{},"seconds":{:.4f}}})", bytes, calls, elapsed));
}

void fetch(std::uint16_t port, Wish bytes) {
    const auto begin = Steady::now();
    const int descriptor = wish(port, bytes);
    for (Wish got = 0; got < bytes;)
        got += take(descriptor);
    mark(fmt::format(R"({{"seconds":{:.6f}}})", seconds_since(begin)));
}

/// Until the harness closes our input; meanwhile `work` is done whenever one of them has something to read.
template <class Work>
void until_told(const std::vector<int>& descriptors, Work work) {
    std::vector<pollfd> watched{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
    for (const int descriptor : descriptors)
        watched.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
    mark("holding");
    for (;;) {
        ::poll(watched.data(), watched.size(), -1);
        if (watched[0].revents != 0) break;
        for (const auto& one : watched) {
            if (one.revents != 0) work(one.fd);
        }
    }
    mark("held");
}

void flood(std::uint16_t port, std::size_t connections) {
    std::vector<int> descriptors;
    while (descriptors.size() < connections)
        descriptors.push_back(wish(port, without_end));
    until_told(descriptors, [](int descriptor) { take(descriptor); });
}

void hold(std::uint16_t port, std::size_t connections) {
    std::vector<int> descriptors;
    while (descriptors.size() < connections) {
        descriptors.push_back(wish(port, 0));
        round_trip(descriptors.back());
    }
    until_told(descriptors, [](int) { give_up("an idle connection was closed"); });
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    if (words.size() < 2) give_up("usage: bench_peers COMMAND PORT [NUMBER]...; see its source");
    const auto command = words[0];
    const auto port = number<std::uint16_t>(words[1]);
    const auto is = [&](std::string_view name, std::size_t numbers) {
        return command == name && words.size() == 2 + numbers;
    };
    if (is("serve", 0))
        serve(port);
    else if (is("ping", 1))
        ping(port, number<double>(words[2]));
    else if (is("paced", 2))
        paced(port, number<std::size_t>(words[2]), number<double>(words[3]));
    else if (is("bulk", 1))
        bulk(port, number<double>(words[2]));
    else if (is("fetch", 1))
        fetch(port, number<Wish>(words[2]));
    else if (is("flood", 1))
        flood(port, number<std::size_t>(words[2]));
    else if (is("hold", 1))
        hold(port, number<std::size_t>(words[2]));
    else
        give_up(fmt::format("unknown command or a number missing: {}", command));
    std::_Exit(0);
}
