#pragma once
#include <initializer_list>

namespace homespun::sys {

/// Blocks the signals for this thread and those it starts later, so that only `wait_for_signal` sees them.
/// Call before any thread is started.
void block_signals(std::initializer_list<int> signals);

/// Waits for one of them; at most `timeout_ms` (-1 = for ever). Returns its number, or 0 when the time is up.
int wait_for_signal(std::initializer_list<int> signals, int timeout_ms);

/// Why a wait is over: a signal, input, both, or neither when the time is up.
struct Woken {
    int signal = 0;  ///< 0: none
    bool input = false;
};
/// As above, and until there is something to read (or an end) at `descriptor`; -1 stands for no descriptor.
Woken wait_for_signal_or_input(std::initializer_list<int> signals, int descriptor, int timeout_ms);

}  // namespace homespun::sys
