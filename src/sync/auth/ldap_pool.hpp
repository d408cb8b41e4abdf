#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "sync/auth/ldap_connection.hpp"

namespace homespun::sync::auth {

/// As whom a connection is bound.
enum class LdapRole {
    search,  ///< who may look for users; without a name nobody
    change,  ///< who may change them
    login,   ///< whoever logged in last, or nobody: good for binds alone
};

/// The connections to a directory, at most as many as configured. One is used again by whoever needs the same
/// role, until it is older than its longest life or a failure shows that others of its time are gone, too.
/// Thread-safe, for at most `most` threads that hold one at a time.
class LdapPool {
  public:
    using Deadline = LdapConnection::Deadline;
    struct Login {
        std::string dn, password;  ///< both empty: none
    };
    struct Settings {
        LdapServer server;
        Login search, change;
        std::size_t most = 10;
        std::chrono::seconds longest_life{600};
    };
    /// A connection that its holder alone uses.
    struct Held {
        std::unique_ptr<LdapConnection> connection;
        LdapRole role;
        bool reused;  ///< it may have broken since
        std::uint64_t generation;
        std::chrono::steady_clock::time_point opened;
    };

    explicit LdapPool(Settings settings) : settings_(std::move(settings)) {}

    /// Bound as the role wants it.
    LdapResult<Held> take(LdapRole role, Deadline deadline);
    /// To be used again; only while it is good.
    void give_back(Held held);
    /// Ends one that broke; none of before is used again.
    void lose(Held held);

  private:
    LdapResult<std::unique_ptr<LdapConnection>> open(LdapRole role, Deadline deadline);

    /// After a failure of what was held.
    void forget_all();

    const Settings settings_;
    sys::SocketDeadlines deadlines_;
    std::mutex mutex_;
    std::size_t held_ = 0;
    std::uint64_t generation_ = 0;
    std::list<Held> idle_;  ///< longest unused first
};

}  // namespace homespun::sync::auth
