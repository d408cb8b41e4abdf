#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace homespun::net {

/// The kernel's readiness of many descriptors (epoll, edge-triggered): for engines that hold a hundred
/// thousand connections and keep their own state beside them. Servers and clients use Loop. `wake` may be
/// called from any thread, the rest from one.
class Poller {
  public:
    static base::Result<Poller> open();
    Poller(Poller&& other) noexcept;
    Poller& operator=(Poller&&) = delete;
    ~Poller();

    struct Event {
        std::uint64_t tag;
        bool readable;  ///< bytes, the peer's end, or an error are there to be read
        bool writable;
        bool hung_up;  ///< the peer has ended its direction, or an error is there
        bool failed;   ///< an error is there, or both directions have ended
    };

    /// Reports changes of both directions under `tag` until the descriptor is closed. False: no memory, or
    /// the limit on watches is reached.
    bool watch(int descriptor, std::uint64_t tag);
    /// No more reports of a descriptor that stays open.
    void forget(int descriptor);
    /// Waits up to `longest` (rounded up to the nanosecond) for changes, or until `wake`. The events hold
    /// until the next call.
    std::span<const Event> wait(std::chrono::nanoseconds longest);
    void wake() const;

  private:
    Poller(int epoll, int wakener) : epoll_(epoll), wakener_(wakener) {}
    int epoll_ = -1;
    int wakener_ = -1;
    std::vector<Event> events_;
};

}  // namespace homespun::net
