#pragma once
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "net/io/client.hpp"
#include "sync/protocol/token.hpp"
#include "sync/store/store.hpp"
#include "sync/token/token_store.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::token {

/// Replaced rows are kept for so long: tokens that were given out with them end well before.
constexpr std::int64_t old_row_grace_ms = 24LL * 3600 * 1000;

/// Ends the replaced rows of `users` together with the data they stand for (sync-1.5 sheet, 22). Data on our
/// own node are removed in this process, those on others with a signed DELETE. Belongs to one loop: its
/// client's.
class OldRows {
  public:
    struct Parts {
        TokenStore& store;
        sys::BlockingPool& store_pool;
        store::Store& records;
        const protocol::Tokens& tokens;
        net::Client& client;
        const base::Clock& clock;
        base::Random& random;
        base::Logger& logger;
    };
    explicit OldRows(const Parts& parts) : parts_(parts) {}

    struct Done {
        std::int64_t removed = 0;
        std::int64_t postponed = 0;  ///< the node is down, or did not do it: tried again a day later
    };
    /// All rows replaced more than `grace_ms` ago. `force`: asks downed nodes too. One run at a time: a
    /// second one fails.
    base::Task<base::Result<Done>> purge(base::Executor& home, std::int64_t grace_ms, bool force);
    /// The data of all rows of one user, now, wherever they can be removed; the rows stay for `purge`. An
    /// error names what is left; it can be called again.
    base::Task<base::Result<std::int64_t>> remove_data(base::Executor& home, std::string email);

  private:
    /// Nodes that did not answer in this run: each may cost a timeout, so none is asked twice.
    using SilentNodes = std::set<std::string>;

    base::Task<bool> remove_one(base::Executor& home, const UserRow& row, SilentNodes& silent);
    base::Task<bool> remove_elsewhere(const UserRow& row, SilentNodes& silent);
    [[nodiscard]] net::ClientRequest signed_deletion(const UserRow& row, const net::http::Url& url) const;
    template <class Work>
    auto ask(base::Executor& home, Work work) -> base::Task<std::invoke_result_t<Work, TokenStore&>>;

    Parts parts_;
    bool running_ = false;
};

}  // namespace homespun::sync::token
