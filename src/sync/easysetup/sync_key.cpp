#include "sync/easysetup/sync_key.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::size_t key_size = 26;
// base32 with 8 for l and 9 for o.
constexpr std::string_view alphabet = "abcdefghijk8mn9pqrstuvwxyz234567";

}  // namespace

base::Result<std::string> parse_sync_key(std::string_view written) {
    std::string key;
    for (const char c : base::to_lower(written)) {
        if (c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        if (!alphabet.contains(c)) {
            return base::fail(
                fmt::format("character {} of the sync key occurs in none: they are made of a to z and 2 to "
                            "9, without l and o",
                            key.size() + 1));
        }
        key += c;
    }
    if (key.size() == key_size) return key;
    return base::fail(fmt::format("the sync key has {} characters instead of {}", key.size(), key_size));
}

}  // namespace homespun::sync::easysetup
