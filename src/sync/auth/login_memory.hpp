#pragma once
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/random.hpp"
#include "sync/auth/user_backend.hpp"

namespace homespun::sync::auth {

/// Who logged in lately with which password, so that not every request costs a slow hash or a question to a
/// directory (sheet sync-legacy, 9.4). Keeps no passwords: HMACs under a key that dies with the process. One
/// entry a name, good for `life_ms` from the login on; failures are never kept. Bounded: the oldest login
/// goes first. Thread-safe.
class LoginMemory {
  public:
    /// `life_ms` 0: remembers nothing.
    LoginMemory(std::int64_t life_ms, base::Random& random, std::size_t most_names = 20'000);

    std::optional<BackendUser> find(std::string_view name, std::string_view password, std::int64_t now_ms);
    /// Taken before the back-end is asked, and shown to `remember`: a login during which somebody was
    /// forgotten is not kept, it may have been with the old password.
    [[nodiscard]] std::uint64_t moment() const;
    void remember(const BackendUser& user, std::string_view password, std::uint64_t asked_at,
                  std::int64_t now_ms);
    /// After a change of the password, the address or the user's life.
    void forget(std::string_view name);
    /// After a change of which nobody knows whether it was made, or will be: forgets the name, and keeps none
    /// of its logins for `doubt_ms`.
    void distrust(std::string_view name, std::int64_t now_ms);
    /// Far longer than any back-end works on a change for whose end nobody waits.
    static constexpr std::int64_t doubt_ms = 300'000;

  private:
    struct Login {
        BackendUser user;
        std::string proof;  ///< empty: of a name in doubt
        std::int64_t until_ms;
    };
    [[nodiscard]] bool is_over(const Login& login, std::int64_t now_ms) const;
    void keep(Login login);
    void erase(std::string_view name);
    [[nodiscard]] std::string proof(std::string_view name, std::string_view password) const;

    const std::int64_t life_ms_;
    const std::size_t most_names_;
    const std::string key_;
    mutable std::mutex mutex_;
    std::uint64_t forgotten_ = 0;
    std::list<Login> logins_;  ///< oldest first
    std::unordered_map<std::string, std::list<Login>::iterator> by_name_;
};

}  // namespace homespun::sync::auth
