#include "stampede/engine/timer_wheel.hpp"

namespace homespun::stampede {

void TimerWheel::set(std::uint32_t id, std::uint32_t tick) {
    cancel(id);
    // Ticks wrap; what is not ahead rings next.
    nodes_[id].tick = static_cast<std::int32_t>(tick - now_) <= 0 ? now_ + 1 : tick;
    insert(id);
}

void TimerWheel::cancel(std::uint32_t id) {
    auto& node = nodes_[id];
    if (node.slot == unset) return;
    auto& head = heads_[node.slot >> bits][node.slot & mask];
    if (node.previous == none) {
        head = node.next;
    } else {
        nodes_[node.previous].next = node.next;
    }
    if (node.next != none) nodes_[node.next].previous = node.previous;
    node.slot = unset;
    --size_;
}

void TimerWheel::insert(std::uint32_t id) {
    auto& node = nodes_[id];
    const auto ahead = node.tick - now_;
    unsigned wheel = 0;
    while (wheel + 1 < wheels && (ahead >> (bits * (wheel + 1))) != 0)
        ++wheel;
    const auto place = (node.tick >> (bits * wheel)) & mask;
    auto& head = heads_[wheel][place];
    node.slot = static_cast<std::uint16_t>((wheel << bits) | place);
    node.previous = none;
    node.next = head;
    if (head != none) nodes_[head].previous = id;
    head = id;
    ++size_;
}

void TimerWheel::cascade() {
    for (unsigned wheel = 1; wheel < wheels; ++wheel) {
        if ((now_ & ((std::uint32_t{1} << (bits * wheel)) - 1)) != 0) return;
        auto& head = heads_[wheel][(now_ >> (bits * wheel)) & mask];
        auto id = head;
        head = none;
        while (id != none) {
            const auto next = nodes_[id].next;
            nodes_[id].slot = unset;
            --size_;
            insert(id);
            id = next;
        }
    }
}

}  // namespace homespun::stampede
