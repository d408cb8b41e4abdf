#include "sys/socket_deadlines.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace homespun::sys {

SocketDeadlines::SocketDeadlines() : thread_([this] { watch(); }) {}

SocketDeadlines::~SocketDeadlines() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void SocketDeadlines::watch() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto next =
            std::find_if(sockets_.begin(), sockets_.end(), [](const auto& its) { return its.second >= 0; });
        if (next == sockets_.end()) {
            changed_.wait(lock);
        } else if (std::chrono::steady_clock::now() < next->first) {
            const auto until = next->first;  // the entry may go meanwhile
            changed_.wait_until(lock, until);
        } else {
            ::shutdown(next->second, SHUT_RDWR);
            next->second = -1;
        }
    }
}

SocketDeadlines::Guard::Guard(SocketDeadlines& deadlines, int socket, Moment deadline)
    : deadlines_(deadlines) {
    const std::lock_guard lock(deadlines_.mutex_);
    its_ = deadlines_.sockets_.emplace(deadline, socket);
    // Who is behind another one is looked at after that one.
    if (its_ == deadlines_.sockets_.begin() || std::prev(its_)->second < 0) deadlines_.changed_.notify_one();
}

SocketDeadlines::Guard::~Guard() {
    const std::lock_guard lock(deadlines_.mutex_);
    deadlines_.sockets_.erase(its_);
}

}  // namespace homespun::sys
