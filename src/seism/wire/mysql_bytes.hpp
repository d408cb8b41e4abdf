#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace homespun::seism::wire {

/// Reads MySQL's numbers off the front of some bytes. What is missing makes it false from there on.
class MysqlBytes {
  public:
    explicit MysqlBytes(std::string_view bytes) : bytes_(bytes) {}
    explicit operator bool() const { return whole_; }

    /// `size` bytes, the lowest first; at most 8.
    std::uint64_t number(std::size_t size) {
        std::uint64_t value = 0;
        const auto taken = take(size);
        for (std::size_t i = taken.size(); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(taken[i]);
        return value;
    }
    /// Length-encoded: below 0xfb itself, otherwise 2, 3 or 8 bytes follow.
    std::uint64_t encoded() {
        const auto first = number(1);
        if (first < 0xfb) return first;
        if (first == 0xfb || first == 0xff) whole_ = false;
        return number(first == 0xfc ? 2 : first == 0xfd ? 3 : 8);
    }
    std::string_view take(std::uint64_t size) {
        if (size > bytes_.size()) {
            whole_ = false;
            bytes_ = {};
        }
        if (!whole_) return {};
        const auto taken = bytes_.substr(0, static_cast<std::size_t>(size));
        bytes_.remove_prefix(taken.size());
        return taken;
    }
    [[nodiscard]] std::string_view left() const { return bytes_; }

  private:
    std::string_view bytes_;
    bool whole_ = true;
};

}  // namespace homespun::seism::wire
