#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace homespun::seism::wire {

/// What the first bytes of a message tell about it.
struct Extent {
    enum class Told : std::uint8_t { more, known, wrong };
    Told told = Told::more;
    std::uint64_t length = 0;  ///< of the whole message with its head; at least 1
    /// So many of its first bytes are wanted in one piece, if it has as many. What told the length is always
    /// part of them.
    std::size_t wanted = 0;

    static Extent unknown() { return {}; }
    static Extent wrong() { return {.told = Told::wrong}; }
    static Extent of(std::uint64_t length, std::size_t wanted) {
        return {.told = Told::known, .length = length, .wanted = wanted};
    }
};

/// Who meets the messages of one direction.
template <typename Side>
concept MessageSide = requires(Side side, std::string_view bytes) {
    { side.measure(bytes) } -> std::same_as<Extent>;
    { side.begin(bytes) } -> std::same_as<bool>;  // the first bytes, as many as `measure` wanted; false: stop
    { side.rest(bytes) } -> std::same_as<bool>;   // what follows, in pieces; false: stop
    { side.end() } -> std::same_as<bool>;         // the message is over; false: stop
    { side.settle() };                            // no view given to `begin` so far is used any more
};

/// Cuts a stream into messages, wherever its pieces end. Keeps no more of a message than is wanted of it.
class MessageCutter {
  public:
    /// Gives `bytes` to `side`. Returns whether it took all; otherwise it said stop, or a message was wrong,
    /// and nobody has seen `kept()` and then `left()`.
    template <MessageSide Side>
    bool feed(std::string_view bytes, Side& side) {
        left_ = bytes;
        while (!left_.empty()) {
            if (!(remaining_ > 0 ? take_rest(side) : take_start(side))) return false;
        }
        return true;
    }
    [[nodiscard]] std::string_view kept() const { return kept_; }
    [[nodiscard]] std::string take_kept() { return std::exchange(kept_, {}); }
    [[nodiscard]] std::string_view left() const { return left_; }
    /// Between two messages; of the next one nobody has seen anything.
    [[nodiscard]] bool at_start() const { return remaining_ == 0; }

  private:
    template <MessageSide Side>
    bool take_rest(Side& side) {
        const auto part =
            left_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, left_.size())));
        remaining_ -= part.size();
        left_.remove_prefix(part.size());
        if (!side.rest(part)) return false;
        return remaining_ > 0 || side.end();
    }

    template <MessageSide Side>
    bool take_start(Side& side) {
        const bool keeping = !kept_.empty();
        if (keeping) keep(1);
        const auto extent = side.measure(keeping ? std::string_view(kept_) : left_);
        if (extent.told == Extent::Told::wrong) return false;
        const auto seen = keeping ? kept_.size() : left_.size();
        if (extent.told == Extent::Told::more) {
            if (!keeping) keep(left_.size());
            return true;
        }
        const auto wanted = static_cast<std::size_t>(
            std::min<std::uint64_t>(extent.length, std::max<std::size_t>(extent.wanted, 1)));
        if (seen < wanted) {
            keep(std::min(wanted - (keeping ? seen : 0), left_.size()));
            if (kept_.size() < wanted) return true;
        }
        return begin(side, extent.length, wanted);
    }

    template <MessageSide Side>
    bool begin(Side& side, std::uint64_t length, std::size_t wanted) {
        // More than is wanted may have been kept, while it was not known how little that is.
        const bool kept = !kept_.empty();
        const auto start = kept ? std::string_view(kept_) : left_.substr(0, wanted);
        if (!kept) left_.remove_prefix(wanted);
        remaining_ = length - start.size();
        bool goes_on = side.begin(start);
        side.settle();
        if (kept) kept_.clear();
        if (kept_.capacity() > most_idle) kept_.shrink_to_fit();
        if (goes_on && remaining_ == 0) goes_on = side.end();
        return goes_on;
    }

    void keep(std::size_t size) {
        kept_.append(left_.substr(0, size));
        left_.remove_prefix(size);
    }

    static constexpr std::size_t most_idle = 512;
    std::string kept_;
    std::string_view left_;
    std::uint64_t remaining_ = 0;
};

}  // namespace homespun::seism::wire
