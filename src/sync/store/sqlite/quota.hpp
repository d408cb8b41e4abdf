#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

/// What a store may hold, and what its shards take on disk. Shared by all writers of a store; thread-safe.
class Quota {
  public:
    Quota(const QuotaLimits& limits, std::size_t shards) : limits_(limits), used_(shards) {}

    [[nodiscard]] const QuotaLimits& limits() const { return limits_; }
    /// Whether shards need to say what they use.
    [[nodiscard]] bool bounds_store() const { return limits_.total_soft > 0 || limits_.total_hard > 0; }
    void note(std::size_t shard, std::uint64_t bytes) {
        used_[shard].store(bytes, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& bytes : used_)
            sum += bytes.load(std::memory_order_relaxed);
        return sum;
    }
    [[nodiscard]] bool is_full() const { return limits_.total_hard > 0 && used() >= limits_.total_hard; }
    [[nodiscard]] bool is_nearly_full() const {
        return limits_.total_soft > 0 && used() >= limits_.total_soft;
    }

  private:
    const QuotaLimits limits_;
    std::vector<std::atomic<std::uint64_t>> used_;  ///< by shard: pages that hold something
};

}  // namespace homespun::sync::store::sqlite
