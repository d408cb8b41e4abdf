#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homespun::sync::protocol {

/// Sync time: hundredths of a second since 1970. On the wire always decimal seconds with exactly two decimals
/// (sync-1.5 sheet, section 3).
struct Timestamp {
    std::int64_t hundredths = 0;

    auto operator<=>(const Timestamp&) const = default;

    /// Milliseconds are cut to hundredths, never rounded up: a timestamp is never ahead of the clock.
    static Timestamp from_ms(std::int64_t ms) { return {ms / 10}; }
    [[nodiscard]] std::int64_t to_ms() const { return hundredths * 10; }

    /// "1700000000.10"
    [[nodiscard]] std::string text() const;
    void append_to(std::string& out) const;

    /// Decimal text with any number of decimals, rounded to the nearest hundredth without passing through a
    /// float. Nothing for: empty, a sign, an exponent, anything not a decimal number, or beyond
    /// 99,999,999,999 seconds.
    static std::optional<Timestamp> parse(std::string_view text);
};

}  // namespace homespun::sync::protocol
