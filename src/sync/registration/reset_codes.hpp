#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "sync/auth/user_backend.hpp"
#include "sys/blocking_pool.hpp"

// Codes that stand in for a forgotten password (sheet sync-legacy, 2.3).
namespace homespun::sync::registration {

/// `[A-Z0-9]{4}(-[A-Z0-9]{4}){3}`
bool is_reset_code(std::string_view text);
/// 82 random bits in that form.
std::string make_reset_code(base::Random& random);

/// Keeps one code a user. Blocking; belongs to one thread at a time.
class ResetCodeStore {
  public:
    struct Code {
        std::string text;
        std::int64_t expires_ms = 0;
    };
    template <class T>
    using Outcome = std::expected<T, std::string>;  ///< the error is what the database said

    virtual ~ResetCodeStore() = default;
    virtual Outcome<std::optional<Code>> read_code(std::uint64_t user) = 0;
    /// In place of another one.
    virtual Outcome<void> write_code(std::uint64_t user, const Code& code) = 0;
    virtual Outcome<void> erase_code(std::uint64_t user) = 0;
    /// Erases it where it still is `text`, and tells whether it was; at once, also for other programs that
    /// share the store.
    virtual Outcome<bool> take_code(std::uint64_t user, const std::string& text) = 0;
};

/// Gives codes out and takes them back. Thread-safe: call from any loop, naming it as `home`. What it is
/// given outlives it.
class ResetCodes {
  public:
    static constexpr std::int64_t life_ms = 6LL * 3600 * 1000;

    struct Parts {
        ResetCodeStore& store;
        sys::BlockingPool& pool;  ///< one thread: the store belongs to it
        const base::Clock& clock;
        base::Random& random;
    };
    explicit ResetCodes(Parts parts) : parts_(parts) {}

    /// The code of `user`: the one there is while it lives, else a new one.
    base::Task<auth::BackendResult<std::string>> give(base::Executor& home, std::uint64_t user);
    /// Whether `code` is the living one of `user`; compares in constant time. If so it is used up: of any
    /// number that show it at once one gets true.
    base::Task<auth::BackendResult<bool>> take(base::Executor& home, std::uint64_t user, std::string code);
    base::Task<auth::BackendResult<void>> clear(base::Executor& home, std::uint64_t user);

  private:
    Parts parts_;
};

}  // namespace homespun::sync::registration
