#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "sync/accounts/keys.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::accounts {

/// Cost of argon2id. Stored with each account, so that the default may rise without locking anybody out.
struct StretchCost {
    std::uint32_t passes = 2;
    std::uint32_t memory_kib = 19 * 1024;
    std::uint32_t lanes = 1;
    bool operator==(const StretchCost&) const = default;
};

/// What an account keeps of its password. authPW is as good as the password at login, so it is stretched
/// again here.
struct PasswordRecord {
    StretchCost cost;
    std::string salt;         ///< 16 random bytes of this account alone
    std::string verify_hash;  ///< 32 bytes
    std::string wrapwrap_kb;  ///< 32 bytes; XOR with the wrapwrap key gives kB as the client wrapped it
};

constexpr std::size_t password_salt_size = 16;

/// argon2id over authPW, then the two derivations. Blocking: some ten milliseconds and `memory_kib` of
/// memory. Nothing when that memory is not to be had, or the cost is out of argon2's range.
std::expected<ServerHalves, std::string> stretch_on_server(std::string_view auth_pw, std::string_view salt,
                                                           const StretchCost& cost);

/// Stretches on a pool of few threads and a short queue, so that password guessing cannot take the machine's
/// memory and no loop waits. Thread-safe; the pool outlives it.
class Passwords {
  public:
    /// The queue was full, or there was no memory: try again in some seconds.
    struct Busy {
        std::string reason;  ///< `password_queue_full` or `password_memory`
    };

    /// Sizes of the pool that the program should make for this.
    static constexpr std::size_t threads = 2;
    static constexpr std::size_t queue_limit = 64;

    explicit Passwords(sys::BlockingPool& pool) : pool_(pool) {}

    /// Continues on `home`.
    base::Task<std::expected<ServerHalves, Busy>> stretch(base::Executor& home, std::string auth_pw,
                                                          std::string salt, StretchCost cost);

  private:
    sys::BlockingPool& pool_;
};

}  // namespace homespun::sync::accounts
