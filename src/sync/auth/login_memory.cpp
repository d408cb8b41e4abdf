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
    if (is_over(*login, now_ms)) {
        logins_.erase(login);
        by_name_.erase(found);
        return std::nullopt;
    }
    if (!base::equal_constant_time(login->proof, shown)) return std::nullopt;
    return login->user;
}

bool LoginMemory::is_over(const Login& login, std::int64_t now_ms) const {
    if (now_ms >= login.until_ms) return true;
    // A clock set back would make it good for longer than it should be.
    return !login.proof.empty() && now_ms < login.until_ms - life_ms_;
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
    const auto known = by_name_.find(user.name);
    const bool doubt = known != by_name_.end() && known->second->proof.empty();
    if (doubt && !is_over(*known->second, now_ms)) return;
    keep({user, std::move(shown), now_ms + life_ms_});
}

void LoginMemory::keep(Login login) {
    erase(login.user.name);
    logins_.push_back(std::move(login));
    by_name_.emplace(logins_.back().user.name, std::prev(logins_.end()));
    if (logins_.size() <= most_names_) return;
    by_name_.erase(logins_.front().user.name);
    logins_.pop_front();
}

void LoginMemory::forget(std::string_view name) {
    const std::lock_guard lock(mutex_);
    ++forgotten_;
    // A change that succeeds does not end one that is still under way.
    if (const auto known = by_name_.find(std::string(name));
        known != by_name_.end() && !known->second->proof.empty())
        erase(name);
}

void LoginMemory::distrust(std::string_view name, std::int64_t now_ms) {
    if (life_ms_ <= 0) return;
    const std::lock_guard lock(mutex_);
    ++forgotten_;
    keep({{.name = std::string(name)}, {}, now_ms + doubt_ms});
}

void LoginMemory::erase(std::string_view name) {
    const auto found = by_name_.find(std::string(name));
    if (found == by_name_.end()) return;
    logins_.erase(found->second);
    by_name_.erase(found);
}

}  // namespace homespun::sync::auth
