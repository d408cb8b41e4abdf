#include "sync/auth/login_memory.hpp"

#include "base/crypto.hpp"

namespace homespun::sync::auth {
namespace {
constexpr std::size_t key_size = 32;
}

LoginMemory::LoginMemory(std::int64_t life_ms, base::Random& random, std::size_t most_names)
    : life_ms_(life_ms), most_names_(most_names), key_(random.bytes(key_size)) {}

std::string LoginMemory::proof(std::string_view name, std::string_view password) const {
    // A name holds no colon, so that no two pairs give the same text.
    return base::hmac_sha256(key_, std::string(name) + ":" + std::string(password));
}

std::optional<BackendUser> LoginMemory::find(std::string_view name, std::string_view password,
                                             std::int64_t now_ms) {
    if (life_ms_ <= 0) return std::nullopt;
    const auto shown = proof(name, password);
    const std::lock_guard lock(mutex_);
    const auto found = by_name_.find(std::string(name));
    if (found == by_name_.end()) return std::nullopt;
    const auto login = found->second;
    // A clock set back would make it good for longer than it should be.
    if (now_ms >= login->until_ms || now_ms < login->until_ms - life_ms_) {
        logins_.erase(login);
        by_name_.erase(found);
        return std::nullopt;
    }
    if (!base::equal_constant_time(login->proof, shown)) return std::nullopt;
    return login->user;
}

std::uint64_t LoginMemory::moment() const {
    const std::lock_guard lock(mutex_);
    return forgotten_;
}

void LoginMemory::remember(const BackendUser& user, std::string_view password, std::uint64_t asked_at,
                           std::int64_t now_ms) {
    if (life_ms_ <= 0) return;
    auto shown = proof(user.name, password);
    const std::lock_guard lock(mutex_);
    if (forgotten_ != asked_at) return;
    erase(user.name);
    logins_.push_back({user, std::move(shown), now_ms + life_ms_});
    by_name_.emplace(user.name, std::prev(logins_.end()));
    if (logins_.size() <= most_names_) return;
    by_name_.erase(logins_.front().user.name);
    logins_.pop_front();
}

void LoginMemory::forget(std::string_view name) {
    const std::lock_guard lock(mutex_);
    ++forgotten_;
    erase(name);
}

void LoginMemory::erase(std::string_view name) {
    const auto found = by_name_.find(std::string(name));
    if (found == by_name_.end()) return;
    logins_.erase(found->second);
    by_name_.erase(found);
}

}  // namespace homespun::sync::auth
