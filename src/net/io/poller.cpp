#include "net/io/poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace homespun::net {
namespace {

constexpr std::uint64_t wake_tag = ~std::uint64_t{0};
constexpr std::size_t most_events = 512;

}  // namespace

base::Result<Poller> Poller::open() {
    Poller poller(::epoll_create1(EPOLL_CLOEXEC), ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (poller.epoll_ < 0 || poller.wakener_ < 0)
        return base::fail(std::string("cannot watch sockets: ") + std::strerror(errno));
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = wake_tag}};
    if (::epoll_ctl(poller.epoll_, EPOLL_CTL_ADD, poller.wakener_, &event) != 0)
        return base::fail(std::string("cannot watch sockets: ") + std::strerror(errno));
    poller.events_.reserve(most_events);
    return poller;
}

Poller::Poller(Poller&& other) noexcept
    : epoll_(std::exchange(other.epoll_, -1)),
      wakener_(std::exchange(other.wakener_, -1)),
      events_(std::move(other.events_)) {}

Poller::~Poller() {
    if (epoll_ >= 0) ::close(epoll_);
    if (wakener_ >= 0) ::close(wakener_);
}

bool Poller::watch(int descriptor, std::uint64_t tag) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = tag}};
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::forget(int descriptor) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

std::span<const Poller::Event> Poller::wait(std::chrono::nanoseconds longest) {
    std::array<epoll_event, most_events> raw;
    const auto nanoseconds = std::max<std::int64_t>(longest.count(), 0);
    const timespec limit{.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
    const int found = ::epoll_pwait2(epoll_, raw.data(), static_cast<int>(raw.size()), &limit, nullptr);
    events_.clear();
    for (int i = 0; i < found; ++i) {
        const auto& event = raw[static_cast<std::size_t>(i)];
        if (event.data.u64 == wake_tag) {
            std::uint64_t ignored = 0;
            (void)!::read(wakener_, &ignored, sizeof ignored);
            continue;
        }
        events_.push_back({event.data.u64, (event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                           (event.events & EPOLLOUT) != 0,
                           (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                           (event.events & (EPOLLHUP | EPOLLERR)) != 0});
    }
    return events_;
}

void Poller::wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wakener_, &one, sizeof one);
}

}  // namespace homespun::net
