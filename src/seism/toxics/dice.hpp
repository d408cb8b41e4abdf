#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace homespun::seism {

/// Random numbers that are looked up, not drawn: the same seed and the same counters (which connection, which
/// request, which chunk …) give the same number whatever else happens, so that a seed replays the same bites.
/// SplitMix64's mixing function over the counters. A value; copy freely.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(mixed(seed)) {}

    /// The dice of one thing among many: a proxy, a toxic, a connection.
    [[nodiscard]] Dice of(std::uint64_t number) const {
        Dice one = *this;
        one.state_ = mixed(state_ ^ mixed(number));
        return one;
    }
    [[nodiscard]] Dice of(std::string_view name) const {
        std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
        for (const unsigned char byte : name)
            hash = (hash ^ byte) * 0x100000001b3;
        return of(hash);
    }

    [[nodiscard]] std::uint64_t bits(std::uint64_t number) const { return of(number).state_; }
    /// Evenly from [0, 1).
    [[nodiscard]] double share(std::uint64_t number) const {
        return static_cast<double>(bits(number) >> 11) * 0x1.0p-53;
    }
    /// Evenly from [low, high); `low` when there is nothing between.
    [[nodiscard]] double between(std::uint64_t number, double low, double high) const {
        return low + share(number) * (high - low);
    }

  private:
    static std::uint64_t mixed(std::uint64_t value) {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
    std::uint64_t state_;
};

}  // namespace homespun::seism
