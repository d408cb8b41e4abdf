#pragma once
#include <string>

#include "net/io/client.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::registration {

/// What a user has stored, for the day they leave. Thread-safe; tasks continue on `home`.
class UserRecords {
  public:
    virtual ~UserRecords() = default;
    /// Everything goes; fine when nothing is there. `password` is the user's own and has been checked; `root`
    /// is the URL by which this server was called, with a slash at the end.
    virtual base::Task<auth::BackendResult<void>> remove(base::Executor& home, auth::BackendUser user,
                                                         std::string password, std::string root) = 0;
    /// Once nobody can log in as `user` any more: what was written while they were being removed.
    virtual base::Task<auth::BackendResult<void>> sweep(base::Executor& home, auth::BackendUser user) = 0;
};

/// In our own record store.
class RecordsHere final : public UserRecords {
  public:
    explicit RecordsHere(store::Store& store) : store_(store) {}
    base::Task<auth::BackendResult<void>> remove(base::Executor& home, auth::BackendUser user,
                                                 std::string password, std::string root) override;
    base::Task<auth::BackendResult<void>> sweep(base::Executor& home, auth::BackendUser user) override;

  private:
    store::Store& store_;
};

/// With the storage 1.1 of another program: on the user's node, or else behind the URL by which we were
/// called. It is asked in the user's name, as their own client would (sheet sync-legacy, 4.1: DELETE
/// storage).
class RecordsElsewhere final : public UserRecords {
  public:
    /// `loop` outlives it; `settings` as of every client of ours.
    RecordsElsewhere(net::Loop& loop, net::ClientSettings settings)
        : loop_(loop), client_(loop, std::move(settings)) {}
    base::Task<auth::BackendResult<void>> remove(base::Executor& home, auth::BackendUser user,
                                                 std::string password, std::string root) override;
    /// Nothing: a user who is gone can ask for nothing there.
    base::Task<auth::BackendResult<void>> sweep(base::Executor& home, auth::BackendUser user) override;

  private:
    net::Loop& loop_;
    net::Client client_;
};

}  // namespace homespun::sync::registration
