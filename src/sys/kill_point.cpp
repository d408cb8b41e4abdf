#include "sys/kill_point.hpp"

#ifdef HOMESPUN_TEST_CONTROL
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/text.hpp"

namespace homespun::sys {
namespace {

/// What HOMESPUN_KILL_AT says.
struct KillOrder {
    std::string name;
    int pass = 0;
    std::chrono::milliseconds wait{0};

    static KillOrder from_environment() {
        KillOrder order;
        const char* const text = std::getenv("HOMESPUN_KILL_AT");
        if (text == nullptr) return order;
        const auto parts = base::split(text, ':');
        order.name = parts[0];
        if (parts.size() > 1) order.pass = base::parse_integer<int>(parts[1]).value_or(0);
        if (parts.size() > 2)
            order.wait = std::chrono::milliseconds(base::parse_integer<int>(parts[2]).value_or(0));
        return order;
    }
};

}  // namespace

void pass_kill_point(std::string_view name) {
    static const KillOrder order = KillOrder::from_environment();
    static std::atomic<int> passes{0};
    if (order.name != name || ++passes != order.pass) return;
    std::this_thread::sleep_for(order.wait);
    std::raise(SIGKILL);
}

bool has_planted_fault(std::string_view name) {
    static const char* const wanted = std::getenv("HOMESPUN_PLANTED_FAULT");
    return wanted != nullptr && name == wanted;
}

}  // namespace homespun::sys
#endif
