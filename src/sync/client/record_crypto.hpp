#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "base/key_pair.hpp"
#include "base/random.hpp"

/// What the payloads of records hold, for those who have the keys (sheet sync-legacy, 7; today's Firefox
/// keeps to the same format). Pure and thread-safe.
namespace homespun::sync::client {

/// Why a payload gives no record.
enum class RecordFault : std::uint8_t {
    not_sealed,      ///< no JSON object with the texts ciphertext, IV and hmac
    wrong_key,       ///< not signed with this key: another key, or changed by somebody
    bad_iv,          ///< not base64 of 16 bytes
    bad_ciphertext,  ///< not base64 of whole blocks, or its padding is wrong
    not_json,        ///< what came out is no JSON object
    other_record,    ///< what came out says it is the record of another id
    bad_keys,        ///< crypto/keys without a default pair, or with pairs that are not 2 x 32 bytes
    no_keys,         ///< crypto/keys has not been seen, so nothing else can be opened
};
template <class T>
using Opened = std::expected<T, RecordFault>;

/// For people: "is not signed with this key: …".
std::string_view describe(RecordFault fault);

/// The record behind a payload: its JSON exactly as it was sealed. Records of collections other than `crypto`
/// name themselves; one that names itself other than `id` is refused, as browsers do.
Opened<std::string> open_payload(const base::KeyPair& keys, std::string_view payload, std::string_view id);

/// The payload for a record, a JSON object. Without an `id` in it, `id` is written into it; with another
/// (`other_record`) or when it is no object (`not_json`) it is refused.
Opened<std::string> seal_payload(const base::KeyPair& keys, std::string_view record, std::string_view id,
                                 base::Random& random);

/// The keys of the collections, as the record crypto/keys holds them under the person's own keys.
class CollectionKeys {
  public:
    static constexpr std::string_view collection = "crypto";
    static constexpr std::string_view id = "keys";

    /// Opens the payload of crypto/keys.
    static Opened<CollectionKeys> open(const base::KeyPair& person, std::string_view payload);
    /// Reads what `open` decrypted.
    static Opened<CollectionKeys> parse(std::string_view record);
    /// Fresh ones, with nothing but a default pair.
    static CollectionKeys make(base::Random& random);

    /// The payload of crypto/keys.
    [[nodiscard]] std::string seal(const base::KeyPair& person, base::Random& random) const;
    /// The pair of a collection: its own or the default one.
    [[nodiscard]] const base::KeyPair& of(std::string_view name) const;

  private:
    explicit CollectionKeys(base::KeyPair fallback) : default_(std::move(fallback)) {}

    base::KeyPair default_;
    std::map<std::string, base::KeyPair, std::less<>> own_;
};

}  // namespace homespun::sync::client
