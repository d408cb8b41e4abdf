#include "sync/accounts/nonce_cache.hpp"

#include "base/crypto.hpp"

namespace homespun::sync::accounts {

bool NonceCache::add(std::string_view id, std::string_view nonce, std::string_view timestamp,
                     std::int64_t now_ms) {
    std::string text(id);
    // A header's attributes hold no line feed, so the three cannot run into each other.
    text.append("\n").append(timestamp).append("\n").append(nonce);
    constexpr std::size_t enough = 16;
    auto digest = base::sha256(text).substr(0, enough);

    const std::lock_guard lock(mutex_);
    while (!order_.empty() && (order_.front().at_ms + lifetime_ms_ < now_ms || order_.size() >= most_)) {
        digests_.erase(order_.front().digest);
        order_.pop_front();
    }
    if (!digests_.insert(digest).second) return false;
    order_.push_back({now_ms, std::move(digest)});
    return true;
}

std::size_t NonceCache::size() const {
    const std::lock_guard lock(mutex_);
    return order_.size();
}

}  // namespace homespun::sync::accounts
