#include "sync/client/keyring.hpp"

#include "base/json.hpp"

namespace homespun::sync::client {
namespace {

constexpr std::string_view plain_collection = "meta";

bool is_object(std::string_view text) {
    const auto json = base::json::parse(text);
    return json && json->object() != nullptr;
}

}  // namespace

Opened<void> Keyring::learn(std::string_view payload) {
    auto keys = CollectionKeys::open(person_, payload);
    if (!keys) return std::unexpected(keys.error());
    collections_ = std::move(*keys);
    return {};
}

std::string Keyring::make_keys(base::Random& random) {
    collections_ = CollectionKeys::make(random);
    return collections_->seal(person_, random);
}

const base::KeyPair* Keyring::pair_for(std::string_view collection) const {
    if (collection == CollectionKeys::collection) return &person_;
    return collections_ ? &collections_->of(collection) : nullptr;
}

Opened<std::string> Keyring::open(std::string_view collection, std::string_view id,
                                  std::string_view payload) const {
    if (collection == plain_collection) {
        if (!is_object(payload)) return std::unexpected(RecordFault::not_json);
        return std::string(payload);
    }
    const auto* pair = pair_for(collection);
    if (pair == nullptr) return std::unexpected(RecordFault::no_keys);
    return open_payload(*pair, payload, id);
}

Opened<std::string> Keyring::seal(std::string_view collection, std::string_view id, std::string_view record,
                                  base::Random& random) const {
    if (collection == plain_collection) {
        if (!is_object(record)) return std::unexpected(RecordFault::not_json);
        return std::string(record);
    }
    if (collection == CollectionKeys::collection && id == CollectionKeys::id) {
        if (const auto keys = CollectionKeys::parse(record); !keys) return std::unexpected(keys.error());
    }
    const auto* pair = pair_for(collection);
    if (pair == nullptr) return std::unexpected(RecordFault::no_keys);
    return seal_payload(*pair, record, id, random);
}

}  // namespace homespun::sync::client
