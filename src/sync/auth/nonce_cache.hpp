#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <unordered_set>

namespace homespun::sync::auth {

/// Remembers which Hawk requests were seen, so that none is accepted twice. Only requests whose MAC was right
/// are added, hence only who holds a key can fill it; when it is full the oldest is forgotten. Some 70 bytes
/// a request. Thread-safe: spread over parts with a lock each.
class NonceCache {
  public:
    /// `most`: so many requests are remembered, over all parts.
    explicit NonceCache(std::size_t most) : most_per_part_(most < parts ? 1 : most / parts) {}

    /// False when this request was seen before. `until_ms`: when it would be refused anyway, for its
    /// timestamp or its token; until then it is remembered.
    bool add(std::string_view id, std::string_view nonce, std::string_view timestamp, std::int64_t now_ms,
             std::int64_t until_ms);
    [[nodiscard]] std::size_t size() const;

    static constexpr std::size_t parts = 16;

  private:
    using Digest = std::array<std::uint64_t, 2>;
    struct DigestHash {
        std::size_t operator()(const Digest& digest) const { return digest[0]; }
    };
    struct Seen {
        std::int64_t until_ms;
        Digest digest;
    };
    struct Part {
        mutable std::mutex mutex;
        std::deque<Seen> order;
        std::unordered_set<Digest, DigestHash> digests;
    };

    const std::size_t most_per_part_;
    std::array<Part, parts> parts_;
};

}  // namespace homespun::sync::auth
