#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "net/io/trusted_proxies.hpp"

namespace homespun::sync::easysetup {

/// How often each of the last addresses came. When there are too many, the one not seen for longest is
/// forgotten. Not thread-safe.
class RecentAddresses {
  public:
    /// An address that did not come for `ttl_ms` begins anew.
    RecentAddresses(std::size_t most, std::int64_t ttl_ms) : most_(most), ttl_ms_(ttl_ms) {}

    /// How often it came, this time included.
    int count(const std::string& address, std::int64_t now_ms);
    void forget(const std::string& address);
    void clear();
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        int count = 0;
        std::int64_t seen_ms = 0;
        std::list<std::string>::iterator place;
    };
    std::size_t most_;
    std::int64_t ttl_ms_;
    std::list<std::string> order_;  ///< not seen for longest first
    std::unordered_map<std::string, Entry> entries_;
};

/// Defaults: the values in production (sheet sync-legacy, 5.2). A client polls up to 300 times a step.
struct FilterRules {
    enum class Mode { off, observe, on };
    Mode mode = Mode::on;
    std::size_t queue_size = 200;
    int threshold = 3500;
    std::int64_t blacklist_ttl_ms = 600'000;
    std::size_t br_queue_size = 20;
    int br_threshold = 100;
    std::int64_t br_blacklist_ttl_ms = 3'600'000;
    std::int64_t queue_ttl_ms = 360'000;
    std::size_t most_blacklisted = 10'000;
};

struct FilterMetrics {
    base::metrics::Gauge blacklisted;
    base::metrics::Counter for_calls, for_bad_requests;
};

/// Who calls too often, or sends too many bad requests, is refused for a while. Addresses are counted as
/// rate limits do: an IPv6 network of 64 bits counts as one. Time is passed in. Thread-safe, bounded.
class AddressFilter {
  public:
    /// Whose address is in `whitelist` is never counted; `unix` there stands for peers of unix sockets.
    AddressFilter(const FilterRules& rules, net::TrustedProxies whitelist, FilterMetrics metrics = {});

    enum class Why { calls, bad_requests };
    struct Listed {
        std::string address;
        Why why;
        std::int64_t until_ms;
    };

    struct Verdict {
        enum class Kind { pass, no_address, blacklisted };
        Kind kind = Kind::pass;
        bool listed_now = false;  ///< this call was one too many: tell somebody, once
    };
    /// Counts a request before it is answered. The one that is one too many is still answered. When only
    /// observing, everybody passes.
    Verdict call(std::string_view address, std::int64_t now_ms);
    /// Counts a request that was answered with 400; true when this one was one too many.
    bool bad_request(std::string_view address, std::int64_t now_ms);

    /// As whom an address counts where something else is bounded for each; empty for those who are never
    /// refused.
    [[nodiscard]] std::string bounded_key(std::string_view address) const;

    /// Who is on the list, by address.
    [[nodiscard]] std::vector<Listed> listed(std::int64_t now_ms) const;
    /// Takes an address off and forgets what it did; false when it was not there.
    bool clear(std::string_view address, std::int64_t now_ms);
    /// The same for all; how many there were.
    std::size_t clear_all(std::int64_t now_ms);
    /// Lets go whose time has passed. The others do it too.
    void sweep(std::int64_t now_ms);

  private:
    struct Place {
        Why why;
        std::int64_t until_ms;
    };
    [[nodiscard]] std::optional<std::string> counted_key(std::string_view address) const;
    [[nodiscard]] bool is_listed(const std::string& key, std::int64_t now_ms) const;
    void list(const std::string& key, Why why, std::int64_t until_ms);
    void sweep_locked(std::int64_t now_ms);

    const FilterRules rules_;
    const net::TrustedProxies whitelist_;
    const FilterMetrics metrics_;
    mutable std::mutex mutex_;
    RecentAddresses calls_, bad_requests_;
    std::map<std::string, Place> blacklist_;
    std::int64_t next_sweep_ms_ = 0;
};

}  // namespace homespun::sync::easysetup
