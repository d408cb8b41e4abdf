#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"

namespace homespun::sync::easysetup {

/// What secrets and channel names are made of: no 0, 1, l, o, which people confuse.
constexpr std::string_view pin_alphabet = "23456789abcdefghijkmnpqrstuvwxyz";
constexpr std::size_t secret_size = 8;
constexpr std::size_t channel_size = 4;

/// `count` letters of it at random.
std::string random_letters(base::Random& random, std::size_t count);

/// The name of a channel as `new_channel` gives it out.
bool is_channel(std::string_view text);

/// What the new device shows and a person types into the other one: the short secret, then the channel.
struct Pin {
    std::string secret;
    std::string channel;

    /// A fresh secret for this channel. 40 bits: enough, because each guess costs a channel.
    static Pin make(base::Random& random, std::string channel);
    /// What a person typed: letters in any case, blanks and hyphens between the groups do not count. The
    /// failure says which character is none of the alphabet, or how many are missing; it does not repeat the
    /// PIN.
    static base::Result<Pin> parse(std::string_view typed);

    /// The 12 characters.
    [[nodiscard]] std::string text() const { return secret + channel; }
    /// In groups of four, as devices show it: `abcd-efgh-ijkm`.
    [[nodiscard]] std::string shown() const;

    bool operator==(const Pin&) const = default;
};

}  // namespace homespun::sync::easysetup
