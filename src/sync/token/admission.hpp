#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::sync::token {

/// Who may be a user of this token server. Immutable; thread-safe.
class Admission {
  public:
    Admission() = default;
    /// `allowed`: e-mail addresses (in any case) or account uids; empty: everybody. `new_users`: whether
    /// those who have no row yet may come. `most_users`: with that many nobody new comes; 0: no bound.
    Admission(const std::vector<std::string>& allowed, bool new_users, std::int64_t most_users);

    /// `email` may be empty: accounts of other servers come without.
    [[nodiscard]] bool allows(std::string_view account, std::string_view email) const;
    [[nodiscard]] bool new_users() const { return new_users_; }
    [[nodiscard]] std::int64_t most_users() const { return most_users_; }

  private:
    std::set<std::string, std::less<>> allowed_;  ///< lower case
    bool new_users_ = true;
    std::int64_t most_users_ = 0;
};

}  // namespace homespun::sync::token
