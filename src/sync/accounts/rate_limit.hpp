#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace homespun::sync::accounts {

/// How much is allowed and what comes beyond it.
struct RateRule {
    double burst = 10;                     ///< so many tries at once …
    std::int64_t window_ms = 15 * 60'000;  ///< … which grow again evenly over this time
    std::int64_t first_delay_ms = 5'000;   ///< wait after the burst is used up; doubles with each further try
    std::int64_t longest_delay_ms =
        60'000;                      ///< Firefox refuses to call at all while told to wait: keep it small
    std::size_t most_keys = 20'000;  ///< beyond that one is forgotten, see RateLimit
};

/// For tries that cannot be told apart by who makes them: everybody's behind a proxy that is not in
/// `trusted_proxies`. Strangers should not use up the tries of somebody who knows the password, so there are
/// many; on average about one a second is still far too few to guess with.
inline constexpr RateRule shared_rule{.burst = 1000, .first_delay_ms = 1'000, .longest_delay_ms = 2'000};

/// Counts tries per key (an account, an address). A try is charged before it is made, so that many at once
/// count as many; what turns out to be harmless is given back. When there are too many keys, the one not seen
/// for longest is forgotten; a key that has to wait only when all of them have to, then the one whose wait
/// ends first. Pure: the time is passed in. Thread-safe, bounded.
class RateLimit {
  public:
    /// Seconds to wait, at least 1.
    struct Refused {
        std::int64_t retry_after_s = 1;
    };

    explicit RateLimit(RateRule rule) : rule_(rule) {}

    /// Charges one try, or says how long to wait (then nothing is charged).
    std::expected<void, Refused> admit(std::string_view key, std::int64_t now_ms);
    /// Gives one try back.
    void refund(std::string_view key);
    /// Forgets everything about `key`.
    void forget(std::string_view key);
    [[nodiscard]] std::size_t size() const;

  private:
    struct Entry {
        double level = 0;  ///< tries not yet grown back
        std::int64_t at_ms = 0;
        std::int64_t blocked_until_ms = 0;
        bool waiting = false;                    ///< in `waiting_`, else in `order_`
        std::list<std::string>::iterator place;  ///< in `order_`
    };

    Entry& touch(std::string_view key, std::int64_t now_ms);
    void block_until(const std::string& key, Entry& entry, std::int64_t until_ms, std::int64_t now_ms);
    void enter(const std::string& key, Entry& entry, std::int64_t now_ms);
    void leave(const std::string& key, Entry& entry);
    void end_waits(std::int64_t now_ms);
    void make_room();
    [[nodiscard]] std::int64_t delay_ms(double level) const;

    const RateRule rule_;
    mutable std::mutex mutex_;
    std::list<std::string> order_;                            ///< keys without a wait, longest not seen first
    std::set<std::pair<std::int64_t, std::string>> waiting_;  ///< the others by the end of their wait
    std::unordered_map<std::string, Entry> entries_;
};

/// What stands for a peer: an IPv4 address itself, the first 64 bits of an IPv6 address (one customer has
/// them all).
std::string address_key(std::string_view remote);
/// The machine itself or a unix socket: a reverse proxy, behind which everybody looks the same.
bool is_local_peer(std::string_view remote);

}  // namespace homespun::sync::accounts
