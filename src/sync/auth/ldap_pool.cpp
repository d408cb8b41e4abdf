#include "sync/auth/ldap_pool.hpp"

#include <algorithm>
#include <optional>

namespace homespun::sync::auth {

using std::chrono::steady_clock;

LdapResult<std::unique_ptr<LdapConnection>> LdapPool::open(LdapRole role, Deadline deadline) {
    auto opened = LdapConnection::open(settings_.server, deadlines_, deadline);
    if (!opened || role == LdapRole::login) return opened;
    const auto& login = role == LdapRole::change ? settings_.change : settings_.search;
    if (login.dn.empty()) return opened;
    if (auto bound = (*opened)->bind(login.dn, login.password, deadline); !bound) {
        auto error = std::move(bound.error());
        error.text += " as " + login.dn;
        return std::unexpected(std::move(error));
    }
    return opened;
}

LdapResult<LdapPool::Held> LdapPool::take(LdapRole role, Deadline deadline) {
    const auto now = steady_clock::now();
    std::list<Held> ended;  // closed without the lock: each sends a word of farewell
    std::uint64_t generation = 0;
    {
        const std::lock_guard lock(mutex_);
        for (auto its = idle_.begin(); its != idle_.end();) {
            const auto here = its++;
            if (now - here->opened > settings_.longest_life) ended.splice(ended.end(), idle_, here);
        }
        const auto same =
            std::find_if(idle_.rbegin(), idle_.rend(), [&](const Held& held) { return held.role == role; });
        if (same != idle_.rend()) {
            Held held = std::move(*same);
            idle_.erase(std::next(same).base());
            held.reused = true;
            ++held_;
            return held;
        }
        if (!idle_.empty() && idle_.size() + held_ >= settings_.most)
            ended.splice(ended.end(), idle_, idle_.begin());
        generation = generation_;
        ++held_;
    }
    ended.clear();
    auto opened = open(role, deadline);
    if (!opened) {
        forget_all();
        return std::unexpected(std::move(opened.error()));
    }
    return Held{std::move(*opened), role, false, generation, now};
}

void LdapPool::give_back(Held held) {
    std::optional<Held> ended;
    const std::lock_guard lock(mutex_);
    --held_;
    if (held.generation != generation_)
        ended = std::move(held);
    else
        idle_.push_back(std::move(held));
}

void LdapPool::lose(Held held) {
    held.connection.reset();
    forget_all();
}

void LdapPool::forget_all() {
    std::list<Held> ended;
    const std::lock_guard lock(mutex_);
    --held_;
    ++generation_;
    ended.swap(idle_);
}

}  // namespace homespun::sync::auth
