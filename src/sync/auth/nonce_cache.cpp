#include "sync/auth/nonce_cache.hpp"

#include <cstring>
#include <string>

#include "base/crypto.hpp"

namespace homespun::sync::auth {

bool NonceCache::add(std::string_view id, std::string_view nonce, std::string_view timestamp,
                     std::int64_t now_ms, std::int64_t until_ms) {
    std::string text(id);
    // A header's attributes hold no line feed, so the three cannot run into each other.
    text.append("\n").append(timestamp).append("\n").append(nonce);
    const auto bytes = base::sha256(text);
    Digest digest{};
    std::memcpy(digest.data(), bytes.data(), sizeof(digest));

    auto& part = parts_[digest[1] % parts];
    const std::lock_guard lock(part.mutex);
    auto& order = part.order;
    while (!order.empty() && (order.front().until_ms < now_ms || order.size() >= most_per_part_)) {
        part.digests.erase(order.front().digest);
        order.pop_front();
    }
    if (!part.digests.insert(digest).second) return false;
    order.push_back({until_ms, digest});
    return true;
}

std::size_t NonceCache::size() const {
    std::size_t sum = 0;
    for (const auto& part : parts_) {
        const std::lock_guard lock(part.mutex);
        sum += part.order.size();
    }
    return sum;
}

}  // namespace homespun::sync::auth
