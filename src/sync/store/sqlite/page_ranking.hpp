#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sync/store/sqlite/offset_token.hpp"

namespace homespun::sync::store::sqlite {

/// True when `a` comes before `b`: newest (key and id falling), oldest (both rising), index (key falling,
/// without a key last, id rising).
inline bool comes_before(Sort sort, const PagePosition& a, const PagePosition& b) {
    switch (sort) {
        case Sort::newest:
            return std::tie(b.key, b.id) < std::tie(a.key, a.id);
        case Sort::oldest:
            return std::tie(a.key, a.id) < std::tie(b.key, b.id);
        case Sort::index:
            return a.key != b.key ? b.key < a.key : a.id < b.id;
    }
    return false;
}

/// Keeps the first `most` of what it is given, in the order of `sort`: the page of a listing for which no
/// index has the right order. Memory is bounded by the page, not by the collection.
class PageRanking {
  public:
    struct Entry {
        PagePosition position;
        std::int64_t rowid;
    };

    PageRanking(Sort sort, std::size_t most, std::optional<PagePosition> after)
        : sort_(sort), most_(most), after_(std::move(after)) {}

    void offer(PagePosition position, std::int64_t rowid) {
        if (most_ == 0 || (after_ && !comes_before(sort_, *after_, position))) return;
        const auto before = [this](const Entry& a, const Entry& b) {
            return comes_before(sort_, a.position, b.position);
        };
        if (heap_.size() == most_) {
            if (!comes_before(sort_, position, heap_.front().position)) return;
            std::ranges::pop_heap(heap_, before);
            heap_.pop_back();
        }
        heap_.push_back({std::move(position), rowid});
        std::ranges::push_heap(heap_, before);
    }

    std::vector<Entry> take() {
        std::ranges::sort_heap(heap_, [this](const Entry& a, const Entry& b) {
            return comes_before(sort_, a.position, b.position);
        });
        return std::move(heap_);
    }

  private:
    Sort sort_;
    std::size_t most_;
    std::optional<PagePosition> after_;
    std::vector<Entry> heap_;  ///< the last one in front
};

}  // namespace homespun::sync::store::sqlite
