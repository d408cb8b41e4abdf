#include "sys/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>

#include <array>
#include <csignal>
#include <ctime>

namespace homespun::sys {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : signals)
        sigaddset(&set, number);
    return set;
}

}  // namespace

void block_signals(std::initializer_list<int> signals) {
    const auto set = set_of(signals);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int wait_for_signal(std::initializer_list<int> signals, int timeout_ms) {
    const auto set = set_of(signals);
    if (timeout_ms < 0) {
        int number = 0;
        return sigwait(&set, &number) == 0 ? number : 0;
    }
    const timespec limit{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000L};
    const int number = sigtimedwait(&set, nullptr, &limit);
    return number > 0 ? number : 0;
}

Woken wait_for_signal_or_input(std::initializer_list<int> signals, int descriptor, int timeout_ms) {
    const auto set = set_of(signals);
    const int incoming = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (incoming < 0) return {wait_for_signal(signals, timeout_ms), false};  // no descriptors left
    std::array<pollfd, 2> watched{{{incoming, POLLIN, 0}, {descriptor, POLLIN, 0}}};
    Woken woken;
    if (poll(watched.data(), watched.size(), timeout_ms) > 0) {
        signalfd_siginfo facts{};
        if (watched[0].revents != 0 && read(incoming, &facts, sizeof(facts)) == sizeof(facts))
            woken.signal = static_cast<int>(facts.ssi_signo);
        woken.input = watched[1].revents != 0;
    }
    close(incoming);
    return woken;
}

}  // namespace homespun::sys
