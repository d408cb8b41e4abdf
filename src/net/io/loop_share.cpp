#include <algorithm>
#include <utility>

#include "net/io/connection.hpp"

namespace homespun::net {

std::unique_ptr<char[]> LoopShare::borrow_buffer() {
    if (spare_buffers_.empty()) return std::make_unique_for_overwrite<char[]>(limits.head_bytes);
    auto buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    return buffer;
}

void LoopShare::give_back(std::unique_ptr<char[]> buffer) {
    constexpr std::size_t most_spares = 64;
    if (spare_buffers_.size() < most_spares) spare_buffers_.push_back(std::move(buffer));
}

void LoopShare::free_memory(const Connection& keep) {
    std::vector<Connection*> slow;
    for (auto* connection : connections) {
        if (connection != &keep && connection->held() > 0 && connection->use() == Connection::Use::moving)
            slow.push_back(connection);
    }
    std::ranges::sort(slow, {}, &Connection::began);
    for (auto* connection : slow) {
        if (held <= most_held - most_held / 4) return;
        connection->end(Ending::memory);
    }
}

bool LoopShare::make_room() {
    constexpr std::size_t most_looks = 32;
    constexpr std::chrono::seconds patience{5};
    Connection* least = nullptr;
    for (std::size_t look = 0; look < std::min(most_looks, connections.size()); ++look) {
        auto* other = connections[next_look_++ % connections.size()];
        if (other->use() > Connection::Use::moving) continue;
        if (least == nullptr ||
            std::pair(other->use(), other->since()) < std::pair(least->use(), least->since()))
            least = other;
    }
    if (least == nullptr) return false;
    const bool moving = least->use() == Connection::Use::moving;
    if (moving && std::chrono::steady_clock::now() - least->began() < patience) return false;
    least->end(Ending::crowded_out);
    return true;
}

}  // namespace homespun::net
