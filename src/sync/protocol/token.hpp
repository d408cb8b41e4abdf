#pragma once
#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace homespun::sync::protocol {

/// What a storage token says (tokenlib v1, sync-1.5 sheet 4.1).
struct TokenPayload {
    std::uint64_t uid = 0;
    std::int64_t expires = 0;  ///< seconds since 1970; a fraction is cut off
    std::string salt;          ///< used as text
    std::string node;
    std::string fxa_uid;
    std::string fxa_kid;
    std::string hashed_fxa_uid;
    std::string hashed_device_id;
};

/// Id and key that the token server hands out. The HAWK key is the text of `key`, not what it decodes to.
struct TokenPair {
    std::string id;
    std::string key;
};

enum class TokenFailure {
    malformed,      ///< no base64url, too short, or no usable JSON behind a good signature
    bad_signature,  ///< signed with none of our secrets
};

/// Shared with the cache of those who ask again.
struct VerifiedToken {
    TokenPayload payload;
    std::string key;
};

/// Makes and checks storage tokens. Several secrets are good for checking, the first one signs, so that a
/// secret can be rotated while requests run. No I/O. Thread-safe.
class Tokens {
  public:
    /// `secrets`: master secrets as typed (UTF-8, never decoded); at least one.
    explicit Tokens(std::vector<std::string> secrets);
    void replace_secrets(std::vector<std::string> secrets);

    [[nodiscard]] TokenPair make(const TokenPayload& payload) const;
    /// Signature only; whether it has expired is the caller's question.
    [[nodiscard]] std::expected<std::shared_ptr<const VerifiedToken>, TokenFailure> verify(
        std::string_view id) const;

    /// The keys this id would have under each of our secrets: for finding out what a client did wrong.
    [[nodiscard]] std::vector<std::string> keys_of(std::string_view id, std::string_view salt) const;

  private:
    /// Tokens that were found good: a client shows the same one for an hour, and checking it costs five times
    /// what the rest of a small request does. Bounded; a part that is full starts anew.
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    struct CachePart {
        std::mutex mutex;
        std::unordered_map<std::string, std::shared_ptr<const VerifiedToken>, TextHash, std::equal_to<>>
            known;
    };
    static constexpr std::size_t cache_parts = 16;
    static constexpr std::size_t cached_per_part = 512;

    [[nodiscard]] CachePart& part_of(std::string_view id) const {
        return cache_[TextHash{}(id) % cache_parts];
    }

    struct Secret {
        std::string master;
        std::string signing_key;
    };
    mutable std::shared_mutex mutex_;
    std::vector<Secret> secrets_;
    mutable std::array<CachePart, cache_parts> cache_;
};

/// The pseudonyms of a token: HMACs under the metrics secret, 32 hex digits each.
std::string hashed_fxa_uid(std::string_view metrics_secret, std::string_view fxa_uid);
std::string hashed_device_id(std::string_view metrics_secret, std::string_view hashed_uid);

/// `X-KeyID: <number>-<base64url>`: when the keys were changed, and the client state.
struct KeyId {
    std::int64_t keys_changed_at = 0;
    std::string client_state;  ///< hex
    /// Nothing: no '-', no signed 64-bit decimal, or no base64url without padding.
    static std::optional<KeyId> parse(std::string_view text);
    /// `0000000001234-qqo`
    [[nodiscard]] static std::string format(std::int64_t number, std::string_view client_state_hex);
};

}  // namespace homespun::sync::protocol
