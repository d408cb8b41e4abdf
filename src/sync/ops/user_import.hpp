#pragma once
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sync/store/store.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::ops {

/// Puts records in place of all that a user has: builds them up in a staging place, where nobody sees them,
/// then lets them take the user's place at once. Until `commit` has answered nothing is changed, afterwards
/// everything is. Calls one after the other, each when the last has ended. The store must outlive it.
class UserImport {
  public:
    UserImport(store::Store& store, store::UserId user)
        : store_(store),
          user_(user),
          place_(HOMESPUN_PLANTED_FAULT("import_in_place") ? user : store.staging_place(user)) {}

    /// Looks at what the user has now; refuses a user with records unless `replace`.
    base::Task<base::Result<void>> begin(base::Executor& home, bool replace);
    /// Makes the collection, empty or not; the records' ids differ from all given before.
    base::Task<base::Result<void>> add(base::Executor& home, std::string collection,
                                       std::vector<store::RecordUpdate> records);
    /// Returns the user's new storage timestamp. Refused when the user has written since `begin`.
    base::Task<base::Result<store::Timestamp>> commit(base::Executor& home);
    /// Removes what was built up.
    base::Task<base::Result<void>> abandon(base::Executor& home);

    [[nodiscard]] store::UserId user() const { return user_; }

  private:
    store::Store& store_;
    const store::UserId user_;
    const store::UserId place_;
    store::Timestamp seen_;  ///< the user's storage timestamp at the beginning
};

}  // namespace homespun::sync::ops
