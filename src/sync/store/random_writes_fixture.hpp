#pragma once
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/store/user_model_fixture.hpp"

namespace homespun::sync::store {

/// Draws writes of every kind for one user; the same seed gives the same writes to the same model. Few ids,
/// so that records are written over, removed and written again.
class RandomWrites {
  public:
    explicit RandomWrites(std::uint64_t seed) : dice_(seed) {}

    [[nodiscard]] Operation next(const UserModel& model) {
        using Kind = Operation::Kind;
        const auto roll = below(100);
        if (roll < 30) return with_updates(Kind::put, any_collection(), 1);
        if (roll < 55) return with_updates(Kind::post, any_collection(), 1 + below(8));
        if (roll < 67) return removal(Kind::remove, 1);
        if (roll < 74) return removal(Kind::remove_ids, 1 + below(4));
        if (roll < 78) return removal(Kind::remove_collection, 0);
        if (roll < 80) return removal(Kind::remove_user, 0);
        return batch_step(model);
    }

    std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }

    /// Records of this collection expire after a second or two.
    static constexpr const char* short_lived = "tabs";

  private:
    std::string any_collection() {
        constexpr const char* names[] = {"bookmarks", "history", "forms", short_lived};
        return names[below(4)];
    }
    std::string any_id() { return "record-" + std::to_string(below(12)); }

    RecordUpdate update(const std::string& collection) {
        RecordUpdate update{any_id(), {}, {}, {}};
        const bool whole = collection == short_lived;
        const auto fields = whole ? 0 : below(6);  // 4: the index alone, 5: the payload alone
        if (fields != 4) update.payload = payload();
        if (fields != 5) update.sortindex = static_cast<std::int64_t>(below(1000));
        if (whole) update.ttl = 1 + static_cast<std::int64_t>(below(2));
        return update;
    }

    /// No two are equal, so that an old one in a new one's place is seen.
    std::string payload() {
        const auto size = below(20) == 0 ? 10'000 + below(10'000) : below(1'500);
        auto text = std::to_string(++payloads_) + "-" + std::to_string(dice_() % 1'000'000);
        text.resize(text.size() + size, static_cast<char>('a' + below(26)));
        return text;
    }

    Operation with_updates(Operation::Kind kind, std::string collection, std::uint64_t count,
                           std::string batch = {}) {
        Operation operation{kind, std::move(collection), {}, {}, std::move(batch)};
        std::set<std::string> used;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto one = update(operation.collection);
            if (used.insert(one.id).second) operation.updates.push_back(std::move(one));
        }
        return operation;
    }

    Operation removal(Operation::Kind kind, std::uint64_t ids) {
        Operation operation{kind, any_collection(), {}, {}, {}};
        std::set<std::string> chosen;
        for (std::uint64_t i = 0; i < ids; ++i)
            chosen.insert(any_id());
        operation.ids.assign(chosen.begin(), chosen.end());
        return operation;
    }

    Operation batch_step(const UserModel& model) {
        using Kind = Operation::Kind;
        const auto& open = model.batches();
        if (open.empty() || (open.size() < 3 && below(3) == 0))
            return with_updates(Kind::open_batch, any_collection(), 1 + below(8));
        const auto& [name, batch] = *std::next(open.begin(), static_cast<int>(below(open.size())));
        const auto kind = below(2) == 0 ? Kind::append_batch : Kind::commit_batch;
        return with_updates(kind, batch.collection, below(8), name);
    }

    std::mt19937_64 dice_;
    std::uint64_t payloads_ = 0;
};

}  // namespace homespun::sync::store
