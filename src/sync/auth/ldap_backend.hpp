#pragma once
#include <atomic>
#include <chrono>
#include <string>

#include "base/random.hpp"
#include "base/result.hpp"
#include "sync/auth/ldap_pool.hpp"
#include "sync/auth/user_backend.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::auth {

struct LdapSettings {
    LdapServer server;
    LdapPool::Login search;       ///< who looks for users; empty: nobody in particular
    LdapPool::Login change;       ///< who makes, changes and removes them; empty: nobody does
    std::string search_root;      ///< users are below it
    std::string users_root = {};  ///< new users are `uid=…` right below it; empty: no new ones
    std::string next_id = {};     ///< the entry whose `uidNumber` is the last id that was given out
    std::chrono::milliseconds limit{4'000};  ///< for a request, waiting included
    std::size_t connections = 10;
    std::chrono::seconds longest_life{600};  ///< of a connection
    std::int64_t most_users = 0;             ///< with so many nobody new is made; 0: no bound
};

/// The authentication back-end `ldap`: a directory that others may own (sheet sync-legacy, 10.2). A user is
/// found by their name and logs in by a bind with the name of their entry. libldap blocks, so it is called on
/// threads of its own, as many as there may be connections. A connection that broke while it was idle is
/// replaced at once; a directory that cannot be reached is tried three times in all, once while that is
/// known. Thread-safe; `random` outlives it.
class LdapBackend final : public UserBackend {
  public:
    /// Fails when the settings cannot work; the directory is not asked.
    static base::Result<std::unique_ptr<LdapBackend>> open(LdapSettings settings, base::Random& random);
    ~LdapBackend() override;

    template <class T>
    using Answer = base::Task<BackendResult<T>>;
    using MaybeUser = std::optional<BackendUser>;

    Answer<MaybeUser> find(base::Executor& home, std::string name) override;
    Answer<MaybeUser> authenticate(base::Executor& home, std::string name, std::string password) override;
    /// `refused` where the directory does not allow it; so are the following.
    Answer<MaybeUser> create(base::Executor& home, std::string name, std::string password,
                             std::string mail) override;
    Answer<void> set_password(base::Executor& home, BackendUser user, std::string password) override;
    Answer<void> set_mail(base::Executor& home, BackendUser user, std::string mail) override;
    /// `refused` without `ldap.admin_user`.
    [[nodiscard]] BackendResult<void> may_change() const override;
    /// A directory that cannot tell says yes.
    Answer<void> may_remove(base::Executor& home, BackendUser user) override;
    Answer<void> remove(base::Executor& home, BackendUser user) override;

  private:
    using Deadline = LdapConnection::Deadline;
    enum class Repeat { yes, no };
    struct NewUser;

    LdapBackend(LdapSettings settings, base::Random& random);

    template <class Work>
    auto ask(base::Executor& home, Work work) -> base::Task<std::invoke_result_t<Work, Deadline>>;
    template <class Work>
    auto with_connection(LdapRole role, Deadline deadline, Repeat repeat, Work work)
        -> std::invoke_result_t<Work, LdapConnection&>;

    LdapResult<std::vector<LdapEntry>> entries(LdapRole role, const std::string& filter, Deadline deadline);
    BackendResult<std::optional<LdapUser>> look_up(LdapRole role, const std::string& filter,
                                                   const std::string& name, Deadline deadline);
    BackendResult<MaybeUser> find_now(const std::string& name, Deadline deadline);
    BackendResult<MaybeUser> authenticate_now(const std::string& name, const std::string& password,
                                              Deadline deadline);
    BackendResult<MaybeUser> create_now(const NewUser& user, Deadline deadline);
    BackendResult<void> check_room(Deadline deadline);
    BackendResult<std::uint64_t> next_id(Deadline deadline);
    LdapResult<std::uint64_t> take_id(LdapConnection& connection, Deadline deadline);
    BackendResult<void> change_now(const BackendUser& user, std::vector<LdapConnection::Change> changes,
                                   Deadline deadline);
    using Removal = LdapResult<void> (LdapConnection::*)(const std::string& dn, Deadline deadline);
    BackendResult<void> remove_now(const BackendUser& user, Removal removal, Deadline deadline);
    std::string hashed(std::string_view password);

    const LdapSettings settings_;
    base::Random& random_;
    LdapPool connections_;
    std::atomic<bool> unreachable_ = false;
    std::atomic<bool> stopping_ = false;
    sys::BlockingPool pool_;  ///< last: its jobs use what is above
};

}  // namespace homespun::sync::auth
