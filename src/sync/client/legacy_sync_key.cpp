#include "sync/client/legacy_sync_key.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace homespun::sync::client {
namespace {

constexpr std::size_t key_bytes = 16;
constexpr std::size_t key_letters = 26;  // 128 bits in fives, two bits unused
constexpr std::size_t group = 5;         // between hyphens
constexpr unsigned bits_a_letter = 5;
constexpr std::string_view alphabet = "abcdefghijk8mn9pqrstuvwxyz234567";
constexpr std::string_view info_prefix = "Sync-AES_256_CBC-HMAC256";

}  // namespace

base::Result<LegacySyncKey> LegacySyncKey::parse(std::string_view text) {
    std::string bytes;
    bytes.reserve(key_bytes);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    std::size_t letters = 0;
    for (const char letter : text) {
        if (letter == '-' || letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n') continue;
        const auto value = alphabet.find(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
        ++letters;
        if (value == std::string_view::npos) {
            base::wipe(bytes);
            return base::fail(fmt::format(
                "letter {} of the Sync key is none of a to z without l and o, or 2 to 9", letters));
        }
        pending = (pending << bits_a_letter) | static_cast<std::uint32_t>(value);
        bits += bits_a_letter;
        if (bits >= 8) {
            bits -= 8;
            if (bytes.size() < key_bytes) bytes += static_cast<char>(pending >> bits);
            pending &= (1U << bits) - 1;
        }
    }
    if (letters != key_letters || pending != 0) {
        base::wipe(bytes);
        if (letters == key_letters) return base::fail("the Sync key's last letter is wrong");
        return base::fail(
            fmt::format("the Sync key has {} letters and digits instead of {}: it looks like "
                        "a-bbbbb-ccccc-ddddd-eeeee-fffff",
                        letters, key_letters));
    }
    return LegacySyncKey(std::move(bytes));
}

LegacySyncKey LegacySyncKey::make(base::Random& random) {
    return LegacySyncKey(random.bytes(key_bytes));
}

std::string LegacySyncKey::text() const {
    std::string text;
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const char byte : bytes_) {
        pending = (pending << 8) | static_cast<unsigned char>(byte);
        bits += 8;
        while (bits >= bits_a_letter) {
            bits -= bits_a_letter;
            text += alphabet[(pending >> bits) % alphabet.size()];
        }
        pending &= (1U << bits) - 1;
    }
    return text += alphabet[(pending << (bits_a_letter - bits)) % alphabet.size()];
}

std::string LegacySyncKey::shown() const {
    const auto letters = text();
    auto shown = letters.substr(0, 1);
    for (std::size_t at = 1; at < letters.size(); at += group)
        shown += '-' + letters.substr(at, group);
    return shown;
}

base::KeyPair LegacySyncKey::bundle(std::string_view user) const {
    // The second half of HKDF alone: the key is random enough to stand for the first.
    const auto info = std::string(info_prefix) + std::string(user);
    auto both = base::hmac_sha256(bytes_, info + '\x01');
    both += base::hmac_sha256(bytes_, both + info + '\x02');
    const base::Wiped secret(std::move(both));
    return *base::KeyPair::from_bytes(secret.view());
}

}  // namespace homespun::sync::client
