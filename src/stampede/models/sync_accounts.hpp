#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "stampede/models/sync_writing.hpp"

namespace homespun::stampede {

/// Accounts that were made before the run (`homespun seed`), with the storage tokens they have been given
/// since. User n of a run has account n; beyond the last the first comes again. Thread-safe.
class SyncAccounts {
  public:
    struct Account {
        std::string access_token, key_id;
    };

    /// A JSON object a line with `access_token` and `key_id`. The error names `source` and the line.
    static base::Result<std::shared_ptr<SyncAccounts>> parse(std::string_view text, std::string_view source);

    [[nodiscard]] std::size_t size() const { return accounts_.size(); }
    [[nodiscard]] const Account& of(std::uint64_t user) const { return accounts_[index(user)]; }
    /// The token in force at `now_s` (seconds since 1970), or nothing: then ask for one.
    [[nodiscard]] std::optional<SyncPass> pass_of(std::uint64_t user, std::int64_t now_s) const;
    void keep(std::uint64_t user, SyncPass pass, std::int64_t until_s);
    /// The server did not like it.
    void drop(std::uint64_t user);

  private:
    struct Held {
        SyncPass pass;
        std::int64_t until_s = 0;
    };
    [[nodiscard]] std::size_t index(std::uint64_t user) const { return user % accounts_.size(); }
    [[nodiscard]] std::mutex& lock_of(std::uint64_t user) const {
        return locks_[index(user) % locks_.size()];
    }

    std::vector<Account> accounts_;
    std::vector<Held> held_;
    mutable std::array<std::mutex, 64> locks_;  ///< each guards every 64th of held_
};

struct GivenPass {
    SyncPass pass;
    std::int64_t duration_s = 0;
};
/// What a token server's 200 says; nothing when it is incomplete, or the endpoint is not on `target`'s host
/// and port (one run loads one server).
std::optional<GivenPass> read_token_answer(std::string_view body, const Target& target);

}  // namespace homespun::stampede
