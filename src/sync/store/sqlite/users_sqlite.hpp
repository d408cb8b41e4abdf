#pragma once
#include <string>

#include "base/random.hpp"
#include "sync/accounts/passwords.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/store/sqlite/registration_sqlite.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::store::sqlite {

/// The authentication back-end `sql`: our own table in registration.db. Passwords are kept as argon2id; the
/// hashes of old servers are understood, and replaced at the next login. Thread-safe; what it is given
/// outlives it.
class UsersSqlite final : public auth::UserBackend {
  public:
    struct Parts {
        RegistrationSqlite& database;
        sys::BlockingPool& pool;           ///< one thread: the database belongs to it
        sys::BlockingPool& password_pool;  ///< Passwords::threads, Passwords::queue_limit
        base::Random& random;
        std::int64_t most_users = 0;  ///< with so many nobody new is made; 0: no bound
        accounts::StretchCost cost = {};
    };
    explicit UsersSqlite(Parts parts) : parts_(parts), passwords_(parts.password_pool) {}

    template <class T>
    using Answer = base::Task<auth::BackendResult<T>>;
    using MaybeUser = std::optional<auth::BackendUser>;

    Answer<MaybeUser> find(base::Executor& home, std::string name) override;
    Answer<MaybeUser> authenticate(base::Executor& home, std::string name, std::string password) override;
    Answer<MaybeUser> create(base::Executor& home, std::string name, std::string password,
                             std::string mail) override;
    Answer<void> set_password(base::Executor& home, auth::BackendUser user, std::string password) override;
    Answer<void> set_mail(base::Executor& home, auth::BackendUser user, std::string mail) override;
    Answer<void> remove(base::Executor& home, auth::BackendUser user) override;

  private:
    /// Whether it fits, and what to store in its place, if anything.
    struct Verdict {
        bool fits = false;
        std::string better;
    };
    template <class Work>
    auto ask(base::Executor& home, Work work) -> Answer<typename std::invoke_result_t<Work>::value_type>;
    Answer<std::string> stretch(base::Executor& home, std::string password);
    Answer<Verdict> judge(base::Executor& home, std::string password, std::string stored);

    Parts parts_;
    accounts::Passwords passwords_;
};

}  // namespace homespun::sync::store::sqlite
