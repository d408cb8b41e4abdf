#include "sync/easysetup/pin.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::size_t group_size = 4;
constexpr std::size_t pin_size = secret_size + channel_size;

bool in_alphabet(char c) {
    return pin_alphabet.contains(c);
}

std::string describe(char c) {
    const bool printable = c > 0x20 && c < 0x7f;
    return printable ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

bool is_channel(std::string_view text) {
    return text.size() == channel_size && std::ranges::all_of(text, in_alphabet);
}

std::string random_letters(base::Random& random, std::size_t count) {
    static_assert(pin_alphabet.size() == 32, "five bits of a random byte choose a letter");
    auto letters = random.bytes(count);
    for (char& letter : letters)
        letter = pin_alphabet[static_cast<unsigned char>(letter) % pin_alphabet.size()];
    return letters;
}

Pin Pin::make(base::Random& random, std::string channel) {
    return {random_letters(random, secret_size), std::move(channel)};
}

base::Result<Pin> Pin::parse(std::string_view typed) {
    std::string text;
    for (const char c : base::to_lower(base::trim(typed))) {
        if (c == '-' || c == ' ' || c == '\t') continue;
        if (!in_alphabet(c)) {
            return base::fail(
                fmt::format("character {} of the PIN, {}, occurs in no PIN: they are made of {} "
                            "(no 0, 1, l, o)",
                            text.size() + 1, describe(c), pin_alphabet));
        }
        text += c;
        if (text.size() > pin_size)
            return base::fail(fmt::format("the PIN has more than {} characters", pin_size));
    }
    if (text.size() < pin_size)
        return base::fail(fmt::format("the PIN has {} characters instead of {}", text.size(), pin_size));
    return Pin{text.substr(0, secret_size), text.substr(secret_size)};
}

std::string Pin::shown() const {
    const auto whole = text();
    std::string shown;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        if (i != 0 && i % group_size == 0) shown += '-';
        shown += whole[i];
    }
    return shown;
}

}  // namespace homespun::sync::easysetup
