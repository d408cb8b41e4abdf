#include "sync/auth/dummy_backend.hpp"

#include "base/crypto.hpp"

namespace homespun::sync::auth {
namespace {

using MaybeUser = std::optional<BackendUser>;

/// 39 bits of the name's hash: the same in every run, below what record_store_user leaves room for.
std::uint64_t id_of(std::string_view name) {
    constexpr std::size_t id_bytes = 5;
    constexpr std::uint64_t most = (1ULL << 39) - 1;
    std::uint64_t id = 0;
    for (const char c : base::sha256(name).substr(0, id_bytes))
        id = (id << 8U) | static_cast<unsigned char>(c);
    return 1 + (id & most);
}

}  // namespace

BackendResult<BackendUser*> DummyBackend::made(const std::string& name) {
    if (users_.size() >= most_users && !users_.contains(name))
        return std::unexpected(BackendFailure{BackendFailure::Kind::refused, "dummy: too many users"});
    auto& user = users_[name];
    user.id = id_of(name);
    user.name = name;
    return &user;
}

base::Task<BackendResult<MaybeUser>> DummyBackend::find(base::Executor& /*home*/, std::string name) {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(name);
    co_return found == users_.end() ? MaybeUser() : MaybeUser(found->second);
}

base::Task<BackendResult<MaybeUser>> DummyBackend::authenticate(base::Executor& /*home*/, std::string name,
                                                                std::string password) {
    if (password.empty()) co_return MaybeUser();
    const std::lock_guard lock(mutex_);
    const auto user = made(name);
    if (!user) co_return std::unexpected(user.error());
    co_return MaybeUser(**user);
}

base::Task<BackendResult<MaybeUser>> DummyBackend::create(base::Executor& /*home*/, std::string name,
                                                          std::string /*password*/, std::string mail) {
    const std::lock_guard lock(mutex_);
    if (users_.contains(name)) co_return MaybeUser();
    const auto user = made(name);
    if (!user) co_return std::unexpected(user.error());
    (*user)->mail = std::move(mail);
    co_return MaybeUser(**user);
}

base::Task<BackendResult<void>> DummyBackend::set_password(base::Executor& /*home*/, BackendUser /*user*/,
                                                           std::string /*password*/) {
    co_return BackendResult<void>();
}

base::Task<BackendResult<void>> DummyBackend::set_mail(base::Executor& /*home*/, BackendUser user,
                                                       std::string mail) {
    const std::lock_guard lock(mutex_);
    if (const auto found = users_.find(user.name); found != users_.end())
        found->second.mail = std::move(mail);
    co_return BackendResult<void>();
}

base::Task<BackendResult<void>> DummyBackend::remove(base::Executor& /*home*/, BackendUser user) {
    const std::lock_guard lock(mutex_);
    users_.erase(user.name);
    co_return BackendResult<void>();
}

}  // namespace homespun::sync::auth
