#pragma once
#include <map>
#include <mutex>
#include <string>

#include "sync/auth/user_backend.hpp"

namespace homespun::sync::auth {

/// Lets anybody in: every name exists from its first login on, every password fits. For trying things out and
/// for load tests, on loopback only. Keeps its users in memory; a name always gets the same id, so that
/// records survive a restart. Never suspends.
class DummyBackend final : public UserBackend {
  public:
    static constexpr std::size_t most_users = 1'000'000;

    base::Task<BackendResult<std::optional<BackendUser>>> find(base::Executor& home,
                                                               std::string name) override;
    base::Task<BackendResult<std::optional<BackendUser>>> authenticate(base::Executor& home, std::string name,
                                                                       std::string password) override;
    base::Task<BackendResult<std::optional<BackendUser>>> create(base::Executor& home, std::string name,
                                                                 std::string password,
                                                                 std::string mail) override;
    base::Task<BackendResult<void>> set_password(base::Executor& home, BackendUser user,
                                                 std::string password) override;
    base::Task<BackendResult<void>> set_mail(base::Executor& home, BackendUser user,
                                             std::string mail) override;
    base::Task<BackendResult<void>> remove(base::Executor& home, BackendUser user) override;

  private:
    BackendResult<BackendUser*> made(const std::string& name);

    std::mutex mutex_;
    std::map<std::string, BackendUser> users_;
};

}  // namespace homespun::sync::auth
