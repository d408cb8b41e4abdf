#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sync/client/record_crypto.hpp"

namespace homespun::sync::client {

/// All the keys of one person, and which of them is for what: `meta` is not encrypted, `crypto` is under the
/// person's own pair, everything else under the pairs in crypto/keys. Used by one thread at a time.
class Keyring {
  public:
    explicit Keyring(base::KeyPair person) : person_(std::move(person)) {}

    /// Takes the pairs out of the payload of crypto/keys. After a fault the old ones stay.
    Opened<void> learn(std::string_view payload);
    /// Makes fresh pairs; gives the payload of crypto/keys, to be stored before anything else.
    std::string make_keys(base::Random& random);
    [[nodiscard]] bool knows_keys() const { return collections_.has_value(); }

    /// The record behind a payload: JSON.
    [[nodiscard]] Opened<std::string> open(std::string_view collection, std::string_view id,
                                           std::string_view payload) const;
    /// The payload for a record: JSON. What is to be crypto/keys must hold usable pairs.
    [[nodiscard]] Opened<std::string> seal(std::string_view collection, std::string_view id,
                                           std::string_view record, base::Random& random) const;

  private:
    [[nodiscard]] const base::KeyPair* pair_for(std::string_view collection) const;

    base::KeyPair person_;
    std::optional<CollectionKeys> collections_;
};

}  // namespace homespun::sync::client
