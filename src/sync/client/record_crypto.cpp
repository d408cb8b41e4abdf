#include "sync/client/record_crypto.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/sealed_text.hpp"
#include "base/text.hpp"

namespace homespun::sync::client {
namespace {

using base::KeyPair;
using base::json::Value;

RecordFault fault_of(base::SealFault fault) {
    switch (fault) {
        case base::SealFault::wrong_hmac:
            return RecordFault::wrong_key;
        case base::SealFault::bad_iv:
            return RecordFault::bad_iv;
        case base::SealFault::bad_ciphertext:
            break;
    }
    return RecordFault::bad_ciphertext;
}

Opened<std::string> decrypt(const KeyPair& keys, std::string_view payload) {
    const auto json = base::json::parse(payload);
    const auto* ciphertext = json ? json->string("ciphertext") : nullptr;
    const auto* iv = json ? json->string("IV") : nullptr;
    const auto* hmac = json ? json->string("hmac") : nullptr;
    if (!ciphertext || !iv || !hmac) return std::unexpected(RecordFault::not_sealed);
    auto text = base::open(keys, {*ciphertext, *iv, *hmac});
    if (!text) return std::unexpected(fault_of(text.error()));
    return std::move(*text);
}

std::string sealed(const KeyPair& keys, std::string_view text, base::Random& random) {
    const auto made = base::seal(keys, text, random);
    std::string payload;
    base::json::Writer(payload)
        .begin_object()
        .member("ciphertext", std::string_view(made.ciphertext))
        .member("IV", std::string_view(made.iv))
        .member("hmac", std::string_view(made.hmac))
        .end_object();
    return payload;
}

std::string base64(std::string_view bytes) {
    return base::base64_encode(bytes, base::Base64::standard);
}

/// `["<base64>", "<base64>"]`: encryption, authentication.
Opened<KeyPair> pair_of(const Value* value) {
    const auto bad = std::unexpected(RecordFault::bad_keys);
    const auto* both = value ? value->array() : nullptr;
    if (both == nullptr || both->size() != 2) return bad;
    std::string bytes;
    bytes.reserve(2 * KeyPair::key_size);
    for (const auto& half : *both) {
        auto key = half.string() ? base::base64_decode(*half.string(), base::Base64::standard) : std::nullopt;
        if (!key || key->size() != KeyPair::key_size) {
            base::wipe(bytes);
            return bad;
        }
        bytes += *key;
        base::wipe(*key);
    }
    const base::Wiped secret(std::move(bytes));
    return std::move(*KeyPair::from_bytes(secret.view()));
}

void write_pair(base::json::Writer& writer, const KeyPair& pair) {
    writer.begin_array()
        .value(std::string_view(base64(pair.encryption())))
        .value(std::string_view(base64(pair.authentication())))
        .end_array();
}

}  // namespace

std::string_view describe(RecordFault fault) {
    switch (fault) {
        case RecordFault::not_sealed:
            return "is not encrypted: its payload has no ciphertext, IV and hmac";
        case RecordFault::wrong_key:
            return "was encrypted with another key, or changed since";
        case RecordFault::bad_iv:
            return "is damaged: its IV is not base64 of 16 bytes";
        case RecordFault::bad_ciphertext:
            return "is damaged: its ciphertext is not base64 of padded blocks";
        case RecordFault::not_json:
            return "decrypts, but to no JSON object";
        case RecordFault::other_record:
            return "says of itself that it is another record: somebody has moved it";
        case RecordFault::bad_keys:
            return "decrypts, but holds no usable keys";
        case RecordFault::no_keys:
            break;
    }
    return "cannot be decrypted without the record crypto/keys";
}

Opened<std::string> open_payload(const KeyPair& keys, std::string_view payload, std::string_view id) {
    auto text = decrypt(keys, payload);
    if (!text) return text;
    const auto json = base::json::parse(*text);
    if (!json || json->object() == nullptr) return std::unexpected(RecordFault::not_json);
    const auto* its = json->member("id");
    if (its != nullptr && (its->string() == nullptr || *its->string() != id))
        return std::unexpected(RecordFault::other_record);
    return text;
}

Opened<std::string> seal_payload(const KeyPair& keys, std::string_view record, std::string_view id,
                                 base::Random& random) {
    const auto json = base::json::parse(record);
    if (!json || json->object() == nullptr) return std::unexpected(RecordFault::not_json);
    const auto* its = json->member("id");
    if (its != nullptr) {
        if (its->string() == nullptr || *its->string() != id)
            return std::unexpected(RecordFault::other_record);
        return sealed(keys, base::trim(record), random);
    }
    // As text, so that every number stays as it was written.
    std::string named = "{\"id\":";
    base::json::append_string(named, id);
    if (!json->object()->empty()) named += ',';
    return sealed(keys, named + std::string(base::trim(record).substr(1)), random);
}

Opened<CollectionKeys> CollectionKeys::open(const KeyPair& person, std::string_view payload) {
    auto record = open_payload(person, payload, id);
    if (!record) return std::unexpected(record.error());
    const base::Wiped secret(std::move(*record));
    return parse(secret.view());
}

Opened<CollectionKeys> CollectionKeys::parse(std::string_view record) {
    const auto json = base::json::parse(record);
    if (!json || json->object() == nullptr) return std::unexpected(RecordFault::not_json);
    auto fallback = pair_of(json->member("default"));
    if (!fallback) return std::unexpected(fallback.error());
    CollectionKeys keys(std::move(*fallback));
    const auto* own = json->member("collections");
    if (own == nullptr) return keys;
    if (own->object() == nullptr) return std::unexpected(RecordFault::bad_keys);
    for (const auto& [name, value] : *own->object()) {
        auto pair = pair_of(&value);
        if (!pair) return std::unexpected(pair.error());
        keys.own_.emplace(name, std::move(*pair));
    }
    return keys;
}

CollectionKeys CollectionKeys::make(base::Random& random) {
    const base::Wiped both(random.bytes(2 * KeyPair::key_size));
    return CollectionKeys(std::move(*KeyPair::from_bytes(both.view())));
}

std::string CollectionKeys::seal(const KeyPair& person, base::Random& random) const {
    std::string record;
    base::json::Writer writer(record);
    writer.begin_object().member("id", id).member("collection", collection);
    writer.key("default");
    write_pair(writer, default_);
    writer.key("collections").begin_object();
    for (const auto& [name, pair] : own_) {
        writer.key(name);
        write_pair(writer, pair);
    }
    writer.end_object().end_object();
    const base::Wiped secret(std::move(record));
    return sealed(person, secret.view(), random);
}

const KeyPair& CollectionKeys::of(std::string_view name) const {
    const auto found = own_.find(name);
    return found == own_.end() ? default_ : found->second;
}

}  // namespace homespun::sync::client
