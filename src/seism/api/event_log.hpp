#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "seism/proxy/events.hpp"

namespace homespun::seism {

/// Something that happened to a proxy.
struct Event {
    enum class Kind : std::uint8_t { bite, upstream_down, upstream_up };
    std::uint64_t number = 0;          ///< from 1, rising
    std::chrono::milliseconds time{};  ///< since 1970
    Kind kind = Kind::bite;
    std::string proxy;
    std::string toxic = {};        ///< of a bite
    std::string why = {};          ///< of `upstream_down`
    std::uint64_t connection = 0;  ///< of a bite: of the proxy, from 0
    std::uint64_t request = 0;     ///< of a bite: of the connection, from 1; 0: none in particular
    std::uint64_t bites =
        1;  ///< bites of a toxic in quick succession are one event, with the last one's place
};

/// The word for a kind: `perturbation.bite`, `backend.down`, `backend.up`.
[[nodiscard]] std::string_view word_of(Event::Kind kind);

/// Keeps the latest events for those who ask. Thread-safe.
class EventLog final : public EngineWatcher {
  public:
    /// `clock` outlives it.
    explicit EventLog(const base::Clock& clock) : clock_(clock) {}

    void bitten(const Bite& bite) override;
    void upstream_down(std::string_view proxy, std::string_view why) override;
    void upstream_up(std::string_view proxy) override;

    /// Those after number `after`, oldest first, that are still kept.
    [[nodiscard]] std::vector<Event> since(std::uint64_t after) const;
    [[nodiscard]] std::uint64_t bites() const;

  private:
    void add(Event event);

    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::deque<Event> events_;
    std::uint64_t next_ = 1, bites_ = 0;
};

}  // namespace homespun::seism
