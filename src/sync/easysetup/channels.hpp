#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "sync/easysetup/etags.hpp"

namespace homespun::sync::easysetup {

/// Of X-KeyExchange-Id: clients send 128 random bytes in hex.
inline constexpr std::size_t exchange_id_length = 256;

struct ChannelRules {
    std::size_t id_length = 4;       ///< of a channel; Firefox takes 4
    std::int64_t ttl_ms = 600'000;   ///< from its beginning; nothing makes it longer
    int max_gets = 6;                ///< deliveries, then the channel is over: three messages each way
    bool strict = false;             ///< every 200 counts and nothing is left after the last, as once was
    int redeliveries = 3;            ///< not strict: so often the same message goes to the same device again
    std::int64_t grace_ms = 60'000;  ///< not strict: and so long after the last delivery
    std::size_t most_channels = 20'000;
    std::size_t most_per_address = 50;               ///< opened by one address; many people may be behind it
    std::size_t most_bytes = std::size_t{64} << 20;  ///< of all messages, with what a channel costs by itself
};

/// Why a request for a channel was refused, sheet sync-legacy, 5.1.
enum class ChannelRefusal {
    bad_id,      ///< 400: no 256 characters; the channel of that name is gone
    third_id,    ///< 400: two devices know the channel already; it is gone
    foreign_id,  ///< 400: only the channel's devices may delete it
    not_found,   ///< 404
    changed,     ///< 412: a precondition does not hold
    too_many,    ///< 403: the address has as many channels open as it may
    no_free_id,  ///< 503: a hundred random ids were all taken
    full,        ///< 503: no room
};

/// One pairing of two devices, as it is kept over a restart. Of the devices' ids only SHA-256 is known.
struct Channel {
    struct Delivery {
        int device;  ///< in `devices`
        std::string tag;
        int times;
        bool operator==(const Delivery&) const = default;
    };
    std::int64_t ends_ms = 0;
    std::vector<std::string> devices;  ///< one or two; the first opened it
    std::string content, tag;          ///< the last message and its MD5 in hex; empty before the first
    int gets = 0;
    bool over = false;  ///< the last message was delivered; only repetitions are answered
    std::vector<Delivery> deliveries;
    std::string opener = {};  ///< the address it counts for; never written down, so empty after a restart
    bool operator==(const Channel&) const = default;
};

struct ChannelMetrics {
    base::metrics::Gauge open, bytes;
    base::metrics::Counter created, completed, expired, deleted, destroyed;
};

/// The channels of Easy Setup: through each, two devices exchange their messages. A state machine: time and
/// random are passed in. Owns the channels; thread-safe, one lock, no call takes longer than a hash.
class Channels {
  public:
    /// `random` outlives it.
    Channels(ChannelRules rules, base::Random& random, ChannelMetrics metrics = {})
        : rules_(rules), random_(random), metrics_(metrics) {}

    template <class T>
    using Result = std::expected<T, ChannelRefusal>;

    /// A new channel's id; `id` is its first device. `address` is whom it counts for, nobody when empty.
    Result<std::string> open(std::string_view id, std::int64_t now_ms, std::string_view address = {});

    struct Message {
        std::string content, tag;   ///< without a tag nothing was sent yet, and content is `{}`
        bool not_modified = false;  ///< the device has it: nothing was delivered
    };
    Result<Message> get(const std::string& channel, std::string_view id,
                        const std::optional<TagList>& none_match, std::int64_t now_ms);

    struct Preconditions {
        std::optional<TagList> match, none_match;
    };
    /// The tag is that of `content`, refused or not: a device that repeats a PUT learns by 412 and the tag
    /// that the first one arrived (6.3).
    struct Written {
        std::string tag;
        Result<void> result;
    };
    Written put(const std::string& channel, std::string_view id, const Preconditions& preconditions,
                std::string content, std::int64_t now_ms);

    /// What DELETE does.
    Result<void> remove(const std::string& channel, std::string_view id, std::int64_t now_ms);
    /// What a report with id and channel does; false when there is no such channel, or it is not the id's.
    bool abandon(const std::string& channel, std::string_view id, std::int64_t now_ms);

    /// Forgets what has ended. The other calls do it too.
    void sweep(std::int64_t now_ms);
    /// Whether a channel can be made, written, read and removed; leaves none behind.
    [[nodiscard]] bool works(std::int64_t now_ms);

    // ---- for what keeps the channels over a restart -----------------------------------------------------

    /// From now on `take_changed` tells which channels are no longer as they were.
    void track_changes();
    [[nodiscard]] bool has_changed() const;
    std::vector<std::string> take_changed();
    /// What was taken and could not be written.
    void put_back_changed(const std::vector<std::string>& channels);
    [[nodiscard]] std::optional<Channel> find(const std::string& channel) const;
    /// One that was kept. What is no channel, has ended or finds no room is left out.
    void restore(const std::string& channel, Channel kept, std::int64_t now_ms);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t bytes() const;

  private:
    using Table = std::unordered_map<std::string, Channel>;
    /// How a channel ended.
    enum class Ending { expired, deleted, destroyed, silent };

    Result<std::string> open_locked(std::string_view id, std::int64_t now_ms, std::string_view address);
    /// The channel and the device's number in it; a device that is new to it is written down.
    Result<std::pair<Table::iterator, int>> enter(const std::string& channel, std::string_view id,
                                                  std::int64_t now_ms);
    bool count_delivery(Table::iterator place, int device, std::int64_t now_ms);
    void add(const std::string& channel, Channel made);
    void end(Table::iterator place, Ending how);
    void end_at(Table::iterator place, std::int64_t ends_ms);
    void sweep_locked(std::int64_t now_ms);
    void note_change(const std::string& channel);
    void show_sizes();

    const ChannelRules rules_;
    base::Random& random_;
    const ChannelMetrics metrics_;
    mutable std::mutex mutex_;
    Table channels_;
    std::set<std::pair<std::int64_t, std::string>> ends_;
    std::map<std::string, std::size_t, std::less<>> of_address_;  ///< how many channels each has open
    std::size_t bytes_ = 0;
    bool tracking_ = false;
    std::set<std::string> changed_;
};

}  // namespace homespun::sync::easysetup
