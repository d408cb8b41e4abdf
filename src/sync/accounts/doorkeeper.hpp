#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "barrel/server/context.hpp"
#include "base/clock.hpp"
#include "base/hawk.hpp"
#include "base/task.hpp"
#include "sync/accounts/accounts_store.hpp"
#include "sync/accounts/refusal.hpp"
#include "sync/accounts/store_queue.hpp"
#include "sync/auth/nonce_cache.hpp"
#include "sync/auth/public_url.hpp"

namespace homespun::sync::accounts {

/// Who calls: a session, or a refresh token where phones may use theirs.
struct Caller {
    Holder holder;
    Owner owner;
    std::optional<std::string> device;  ///< id of its device
    std::int64_t auth_at = 0;           ///< ms: when the password was shown
};

/// Who may fetch keys: the handle of a key-fetch token whose holder proved it.
struct KeyFetcher {
    std::string handle;
};

/// Tells who a request comes from, by `Hawk …`, `Bearer fxs_<id>`, `Bearer fxk_<id>` or `Bearer <refresh
/// token>`. Thread-safe; what it is given outlives it.
class Doorkeeper {
  public:
    /// Requests signed earlier or later than this are refused; a 401 carries Date, from which clients learn
    /// our time.
    static constexpr std::int64_t window_ms = 15 * 60'000;
    /// A use is noted when the last one noted is older than this: not every request shall wait for the disk.
    static constexpr std::int64_t touch_after_ms = 10 * 60'000;

    Doorkeeper(StoreQueue store, const base::Clock& clock, const auth::PublicUrls& public_urls);

    template <class T>
    using Found = base::Task<std::expected<T, Refusal>>;

    Found<Caller> session(const barrel::Context& context);
    /// A refresh token is good too.
    Found<Caller> session_or_refresh_token(const barrel::Context& context);
    Found<KeyFetcher> key_fetch(const barrel::Context& context);

  private:
    /// The id shown, and the Hawk header when that was the way.
    struct Shown {
        std::string id;
        std::optional<base::hawk::Header> hawk;
    };

    static std::expected<Shown, Refusal> read(const barrel::Context& context, std::string_view prefix);
    std::expected<void, Refusal> check_hawk(const barrel::Context& context, const base::hawk::Header& header,
                                            std::string_view key);
    /// Nothing, or the refusal that says which part did not fit.
    std::optional<Refusal> check_mac(const barrel::Context& context, const base::hawk::Header& header,
                                     std::string_view key) const;
    Found<Caller> refresh_token(const barrel::Context& context, std::string token);
    base::Task<void> note_use(const barrel::Context& context, const Holder& holder,
                              std::int64_t last_used_at);

    StoreQueue store_;
    const base::Clock& clock_;
    const auth::PublicUrls& public_urls_;
    auth::NonceCache nonces_;
};

/// The loop a request lives on.
inline base::Executor& home_of(const barrel::Context& context) {
    return *context.request().executor;
}

/// The text behind `Bearer `; nothing when the header is missing or has another scheme.
std::optional<std::string_view> bearer_of(const net::http::Request& request);

}  // namespace homespun::sync::accounts
