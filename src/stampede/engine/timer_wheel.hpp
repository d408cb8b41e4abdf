#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace homespun::stampede {

/// Alarms for numbered things, one each, in ticks: setting and cancelling cost a few writes, however many
/// there are. Four wheels of 256 slots reach 2^32 ticks. 16 bytes a thing. Not thread-safe.
class TimerWheel {
  public:
    explicit TimerWheel(std::uint32_t now = 0) : now_(now) {
        for (auto& wheel : heads_)
            wheel.fill(none);
    }

    /// Makes room for the numbers 0 to `count` - 1.
    void reserve(std::uint32_t count) {
        if (count > nodes_.size()) nodes_.resize(count);
    }
    /// Sets the alarm of `id` to `tick` (the past: the next tick); an earlier one is forgotten.
    void set(std::uint32_t id, std::uint32_t tick);
    void cancel(std::uint32_t id);
    [[nodiscard]] bool is_set(std::uint32_t id) const { return nodes_[id].slot != unset; }
    [[nodiscard]] std::uint32_t now() const { return now_; }
    /// How many alarms are set.
    [[nodiscard]] std::uint32_t size() const { return size_; }

    /// Moves to `tick` and calls `ring(id)` for every alarm on the way, in the order of ticks. `ring` may set
    /// and cancel.
    template <class Ring>
    void advance(std::uint32_t tick, Ring ring) {
        while (now_ != tick) {
            ++now_;
            cascade();
            auto& head = heads_[0][now_ & mask];
            while (head != none) {
                const auto id = head;
                cancel(id);
                ring(id);
            }
        }
    }

  private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::uint16_t unset = std::numeric_limits<std::uint16_t>::max();
    static constexpr std::uint32_t mask = 255;
    static constexpr unsigned bits = 8, wheels = 4;

    struct Node {
        std::uint32_t next = none, previous = none;
        std::uint32_t tick = 0;
        std::uint16_t slot = unset;  ///< wheel * 256 + place
    };

    void insert(std::uint32_t id);
    /// Spreads the slots of the upper wheels that begin at `now_`.
    void cascade();

    std::uint32_t now_;
    std::uint32_t size_ = 0;
    std::array<std::array<std::uint32_t, 256>, wheels> heads_;
    std::vector<Node> nodes_;
};

}  // namespace homespun::stampede
