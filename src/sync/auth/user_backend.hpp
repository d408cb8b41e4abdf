#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/executor.hpp"
#include "base/task.hpp"

namespace homespun::sync::auth {

/// A person of the services of 2010 (user API 1.0, storage 1.0 and 1.1), as an authentication back-end knows
/// them. Has nothing to do with an account.
struct BackendUser {
    std::uint64_t id = 0;  ///< never given to anybody else, not even after a removal
    std::string name =
        {};  ///< as in URLs: what is left of an e-mail address is its hash (sheet sync-legacy, 2.1)
    std::string mail = {};  ///< empty: none is known
    std::string node = {};  ///< URL of the storage that has their records; empty: our own
    bool operator==(const BackendUser&) const = default;
};

/// Why a back-end gave no answer. Whoever asked gets 503, never a yes or a no.
struct BackendFailure {
    enum class Kind {
        down,     ///< no connection, or it broke
        slow,     ///< no answer within the time limit
        busy,     ///< too many wait already
        refused,  ///< it cannot or may not do this: a directory that is read-only, say
    };
    Kind kind = Kind::down;
    std::string detail = {};  ///< for the log: which back-end, what it said. No passwords
    int retry_after_s = 0;    ///< 0: as configured
};

template <class T>
using BackendResult = std::expected<T, BackendFailure>;

/// Who knows names and passwords: `dummy`, `sql` or `ldap`. Thread-safe: call from any loop, naming that loop
/// as `home`; the task continues there. It must outlive its tasks. Names are given as in URLs and compared as
/// they are.
class UserBackend {
  public:
    virtual ~UserBackend() = default;

    /// nullopt: there is no such user.
    virtual base::Task<BackendResult<std::optional<BackendUser>>> find(base::Executor& home,
                                                                       std::string name) = 0;
    /// nullopt: no such user, another password, or a user who is switched off. An empty password never fits.
    virtual base::Task<BackendResult<std::optional<BackendUser>>> authenticate(base::Executor& home,
                                                                               std::string name,
                                                                               std::string password) = 0;

    /// nullopt: the name is taken.
    virtual base::Task<BackendResult<std::optional<BackendUser>>> create(base::Executor& home,
                                                                         std::string name,
                                                                         std::string password,
                                                                         std::string mail) = 0;
    virtual base::Task<BackendResult<void>> set_password(base::Executor& home, BackendUser user,
                                                         std::string password) = 0;
    virtual base::Task<BackendResult<void>> set_mail(base::Executor& home, BackendUser user,
                                                     std::string mail) = 0;
    /// Whether users can be changed and removed at all, before anything of theirs is.
    [[nodiscard]] virtual BackendResult<void> may_change() const { return {}; }
    /// Whether `remove` would be refused for this user, as far as can be told without doing it.
    virtual base::Task<BackendResult<void>> may_remove(base::Executor& /*home*/, BackendUser /*user*/) {
        co_return may_change();
    }
    /// The user can no longer log in, and the name is free again. Fine when they are gone already.
    virtual base::Task<BackendResult<void>> remove(base::Executor& home, BackendUser user) = 0;
};

/// Whose records the record store keeps for a user: away from the numbers that token.db gives out.
constexpr std::uint64_t record_store_user(const BackendUser& user) {
    return (1ULL << 40) + user.id;
}

}  // namespace homespun::sync::auth
