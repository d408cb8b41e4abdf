#include "stampede/capacity/remote_watch.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/http/parser.hpp"
#include "net/io/stream_socket.hpp"
#include "stampede/results/run_json.hpp"

namespace homespun::stampede {
namespace {

using Clock = std::chrono::steady_clock;

/// False when the time is up.
bool wait_for(const net::StreamSocket& socket, short what, Clock::time_point end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{.fd = socket.descriptor(), .events = what, .revents = 0};
    return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) > 0;
}

base::Result<void> send_all(net::StreamSocket& socket, std::string_view bytes, Clock::time_point end) {
    while (!bytes.empty()) {
        if (!wait_for(socket, POLLOUT, end)) return base::fail("no answer in time");
        if (const int error = socket.error(); error != 0) return base::fail(std::strerror(error));
        const auto moved = socket.send(bytes);
        if (moved.error != 0 && moved.error != EAGAIN) return base::fail(std::strerror(moved.error));
        bytes.remove_prefix(moved.bytes);
    }
    return {};
}

base::Result<void> read_answer(net::StreamSocket& socket, net::http::ResponseParser& parser,
                               Clock::time_point end) {
    std::array<char, 16 * 1024> room;
    std::string unread;
    while (!parser.done()) {
        if (!wait_for(socket, POLLIN, end)) return base::fail("no answer in time");
        const auto moved = socket.receive(room);
        if (moved.error != 0 && moved.error != EAGAIN) return base::fail(std::strerror(moved.error));
        if (moved.end) return parser.finish() ? base::Result<void>() : base::fail("the answer breaks off");
        unread.append(room.data(), moved.bytes);
        const auto used = parser.feed(unread);
        if (!used) return base::fail("the answer is not HTTP, or too long");
        unread.erase(0, *used);
    }
    return {};
}

}  // namespace

base::Result<std::string> fetch(const Target& target, int timeout_ms) {
    const auto failed = [&](std::string_view why) {
        return base::fail(fmt::format("{}: {}", target.text(), why));
    };
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
    const auto address = net::TcpAddress::resolve(target.host, target.port);
    if (!address) return failed(address.error().message);
    net::StreamSocket socket;
    if (const int error = socket.connect(*address); error != 0) return failed(std::strerror(error));
    const auto request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                                     target.path.empty() ? "/" : target.path, target.authority());
    if (const auto sent = send_all(socket, request, end); !sent) return failed(sent.error().message);
    constexpr std::size_t most_body = 1024 * 1024;
    net::http::ClientResponse response;
    net::http::ResponseParser parser(response, false, most_body);
    if (const auto read = read_answer(socket, parser, end); !read) return failed(read.error().message);
    if (response.status != 200) return failed(fmt::format("it answers {}", response.status));
    return std::move(response.body);
}

RemoteWatch::RemoteWatch(std::string name, Target target)
    : name_(std::move(name)), target_(std::move(target)), thread_([this] { ask_for_ever(); }) {}

RemoteWatch::~RemoteWatch() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    thread_.join();
}

void RemoteWatch::ask_for_ever() {
    constexpr int patience_ms = 900;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        const auto body = fetch(target_, patience_ms);
        auto sample = body ? sample_from_json(*body) : base::fail("");
        lock.lock();
        if (sample) {
            latest_ = std::move(sample->servers);
            for (auto& server : latest_)
                server.name = name_ + "/" + server.name;
            came_at_ = Clock::now();
        }
        wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
    }
}

std::vector<ServerSample> RemoteWatch::latest() {
    constexpr auto fresh = std::chrono::seconds(3);
    const std::lock_guard lock(mutex_);
    return Clock::now() - came_at_ < fresh ? latest_ : std::vector<ServerSample>();
}

}  // namespace homespun::stampede
