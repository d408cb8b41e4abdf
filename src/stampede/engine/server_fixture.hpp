#pragma once
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/io/listener.hpp"
#include "net/io/poller.hpp"

namespace homespun::stampede {

/// A server for tests that answers as it is told, well or badly: one thread, keep-alive unless it closes.
class TestServer {
  public:
    struct Reply {
        std::string bytes;      ///< as sent; empty: no answer at all
        bool close = false;     ///< ends the connection behind it
        std::size_t piece = 0;  ///< sent in pieces of so many bytes; 0: at once
    };
    using Handler = std::function<Reply(const std::string& head)>;

    explicit TestServer(Handler handler)
        : handler_(std::move(handler)),
          listener_(std::move(*net::Listener::open({.host = "127.0.0.1", .port = 0, .unix_path = {}}))),
          thread_([this] { serve(); }) {}
    ~TestServer() {
        stopping_ = true;
        thread_.join();
    }
    [[nodiscard]] std::uint16_t port() const { return listener_.address().port; }
    [[nodiscard]] std::size_t connections() const { return accepted_; }
    [[nodiscard]] std::vector<std::string> lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    /// Does nothing at all for so long, from the next request on.
    void stall(std::chrono::milliseconds time) { stall_ms_ = static_cast<int>(time.count()); }

    static Reply ok(const std::string& body = "well") {
        return {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
    }

  private:
    void serve() {
        auto poller = net::Poller::open();
        const int listening = listener_.descriptor();
        (void)::fcntl(listening, F_SETFL, O_NONBLOCK);
        (void)poller->watch(listening, static_cast<std::uint64_t>(listening));
        while (!stopping_) {
            for (const auto& event : poller->wait(std::chrono::milliseconds(5))) {
                const auto descriptor = static_cast<int>(event.tag);
                if (descriptor != listening) {
                    if (event.readable) read(descriptor);
                    continue;
                }
                for (int peer = 0; (peer = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
                    ++accepted_;
                    unread_[peer] = "";
                    (void)poller->watch(peer, static_cast<std::uint64_t>(peer));
                }
            }
        }
        for (const auto& [descriptor, bytes] : unread_)
            ::close(descriptor);
    }
    void read(int descriptor) {
        char room[4096];
        while (true) {
            const auto got = ::recv(descriptor, room, sizeof room, MSG_DONTWAIT);
            if (got == 0) return drop(descriptor);
            if (got < 0) return;
            auto& bytes = unread_[descriptor];
            bytes.append(room, static_cast<std::size_t>(got));
            for (auto end = bytes.find("\r\n\r\n"); end != std::string::npos; end = bytes.find("\r\n\r\n")) {
                const auto head = bytes.substr(0, end);
                bytes.erase(0, end + 4);
                if (!answer(descriptor, head)) return;
            }
        }
    }
    bool answer(int descriptor, const std::string& head) {
        {
            const std::lock_guard lock(mutex_);
            lines_.push_back(head.substr(0, head.find("\r\n")));
        }
        if (const int stall = stall_ms_.exchange(0); stall > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(stall));
        const auto reply = handler_(head);
        const auto piece = reply.piece == 0 ? std::max<std::size_t>(reply.bytes.size(), 1) : reply.piece;
        for (std::size_t at = 0; at < reply.bytes.size(); at += piece) {
            (void)!::send(descriptor, reply.bytes.data() + at, std::min(piece, reply.bytes.size() - at),
                          MSG_NOSIGNAL);
            if (reply.piece > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (reply.close) drop(descriptor);
        return !reply.close;
    }
    void drop(int descriptor) {
        unread_.erase(descriptor);
        ::close(descriptor);
    }

    Handler handler_;
    net::Listener listener_;
    std::map<int, std::string> unread_;
    std::mutex mutex_;
    std::vector<std::string> lines_;
    std::atomic<std::size_t> accepted_ = 0;
    std::atomic<int> stall_ms_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace homespun::stampede
