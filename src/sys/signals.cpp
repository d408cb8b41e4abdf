#include "sys/signals.hpp"

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

}  // namespace homespun::sys
