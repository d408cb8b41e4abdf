#pragma once
#include <string>
#include <string_view>

#include "base/key_pair.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace homespun::sync::client {

/// The Sync key of the clients of 2010 (storage version 5; sheet sync-legacy, 7): 16 random bytes which a
/// person carries from device to device, written with letters and digits that are not mistaken for each other
/// (base32 with 8 for l and 9 for o). Wiped in the end; moved, never copied.
class LegacySyncKey {
  public:
    /// As a person types it: hyphens, blanks and case do not count. The error says what is wrong, never the
    /// key.
    static base::Result<LegacySyncKey> parse(std::string_view text);
    static LegacySyncKey make(base::Random& random);

    LegacySyncKey(LegacySyncKey&&) noexcept = default;
    LegacySyncKey& operator=(LegacySyncKey&&) noexcept = default;
    ~LegacySyncKey() { base::wipe(bytes_); }

    /// 26 letters and digits.
    [[nodiscard]] std::string text() const;
    /// As clients show it: a-bbbbb-ccccc-ddddd-eeeee-fffff.
    [[nodiscard]] std::string shown() const;
    /// The keys that open crypto/keys of this user; `user` is the name in addresses (the hash of a mail
    /// address, not the address).
    [[nodiscard]] base::KeyPair bundle(std::string_view user) const;

  private:
    explicit LegacySyncKey(std::string bytes) : bytes_(std::move(bytes)) {}

    std::string bytes_;
};

}  // namespace homespun::sync::client
