#include "sync/accounts/rate_limit.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace homespun::sync::accounts {
namespace {

/// Tries beyond the burst that are remembered: enough to reach the longest delay, few enough to be forgiven
/// soon.
constexpr double most_beyond_burst = 5;

}  // namespace

std::int64_t RateLimit::delay_ms(double level) const {
    const double beyond = std::clamp(level - rule_.burst, 0.0, most_beyond_burst);
    const double delay = static_cast<double>(rule_.first_delay_ms) * std::exp2(std::floor(beyond));
    return std::min(static_cast<std::int64_t>(delay), rule_.longest_delay_ms);
}

void RateLimit::enter(const std::string& key, Entry& entry, std::int64_t now_ms) {
    entry.waiting = entry.blocked_until_ms > now_ms;
    if (entry.waiting) {
        waiting_.emplace(entry.blocked_until_ms, key);
    } else {
        entry.place = order_.insert(order_.end(), key);
    }
}

void RateLimit::leave(const std::string& key, Entry& entry) {
    if (entry.waiting) {
        waiting_.erase({entry.blocked_until_ms, key});
    } else {
        order_.erase(entry.place);
    }
}

void RateLimit::block_until(const std::string& key, Entry& entry, std::int64_t until_ms,
                            std::int64_t now_ms) {
    leave(key, entry);
    entry.blocked_until_ms = until_ms;
    enter(key, entry, now_ms);
}

void RateLimit::end_waits(std::int64_t now_ms) {
    while (!waiting_.empty() && waiting_.begin()->first <= now_ms) {
        const auto key = waiting_.begin()->second;
        auto& entry = entries_.at(key);
        block_until(key, entry, entry.blocked_until_ms, now_ms);
    }
}

void RateLimit::make_room() {
    if (entries_.size() < rule_.most_keys) return;
    const auto key = order_.empty() ? waiting_.begin()->second : order_.front();
    const auto found = entries_.find(key);
    leave(key, found->second);
    entries_.erase(found);
}

RateLimit::Entry& RateLimit::touch(std::string_view key, std::int64_t now_ms) {
    end_waits(now_ms);
    const std::string name(key);
    if (const auto found = entries_.find(name); found != entries_.end()) {
        auto& entry = found->second;
        // A clock that was set back must not charge anybody.
        const auto passed = static_cast<double>(std::max<std::int64_t>(0, now_ms - entry.at_ms));
        entry.level =
            std::max(0.0, entry.level - passed * rule_.burst / static_cast<double>(rule_.window_ms));
        entry.at_ms = now_ms;
        block_until(name, entry, std::min(entry.blocked_until_ms, now_ms + rule_.longest_delay_ms), now_ms);
        return entry;
    }
    make_room();
    auto& entry = entries_[name];
    entry.at_ms = now_ms;
    enter(name, entry, now_ms);
    return entry;
}

std::expected<void, RateLimit::Refused> RateLimit::admit(std::string_view key, std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    auto& entry = touch(key, now_ms);
    if (now_ms < entry.blocked_until_ms) {
        return std::unexpected(Refused{(entry.blocked_until_ms - now_ms + 999) / 1000});
    }
    entry.level = std::min(entry.level + 1, rule_.burst + most_beyond_burst);
    // The level has leaked a little since the first try: half a try of tolerance keeps "ten" ten.
    if (entry.level > rule_.burst - 0.5)
        block_until(std::string(key), entry, now_ms + delay_ms(entry.level), now_ms);
    return {};
}

void RateLimit::refund(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(std::string(key));
    if (found == entries_.end()) return;
    auto& entry = found->second;
    entry.level = std::max(0.0, entry.level - 1);
    if (entry.blocked_until_ms != 0 && entry.level <= rule_.burst - 0.5)
        block_until(found->first, entry, 0, 0);
}

void RateLimit::forget(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(std::string(key));
    if (found == entries_.end()) return;
    leave(found->first, found->second);
    entries_.erase(found);
}

std::size_t RateLimit::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::string address_key(std::string_view remote) {
    const std::string text(remote.substr(0, remote.find('%')));
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    constexpr std::array<unsigned char, 12> mapped_v4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped_v4.begin(), mapped_v4.end(), bytes.begin())) {
        std::array<char, INET_ADDRSTRLEN> v4{};
        inet_ntop(AF_INET, bytes.data() + mapped_v4.size(), v4.data(), v4.size());
        return v4.data();
    }
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    std::array<char, INET6_ADDRSTRLEN> network{};
    inet_ntop(AF_INET6, bytes.data(), network.data(), network.size());
    return std::string(network.data()) + "/64";
}

bool is_local_peer(std::string_view remote) {
    if (remote == "unix" || remote == "::1") return true;
    return address_key(remote).starts_with("127.");
}

}  // namespace homespun::sync::accounts
