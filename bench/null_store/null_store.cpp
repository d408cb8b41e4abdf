#include "null_store/null_store.hpp"

#include <algorithm>
#include <array>

namespace homespun::bench {

using namespace sync::store;

namespace {

constexpr std::array<const char*, 8> collections{"bookmarks", "clients", "crypto",    "forms",
                                                 "history",   "meta",    "passwords", "tabs"};

template <class T>
ByCollection<T> everywhere(Timestamp storage, T value) {
    ByCollection<T> all{storage, {}};
    for (const auto* name : collections)
        all.collections.emplace_back(name, value);
    return all;
}

}  // namespace

NullStore::NullStore(const base::Clock& clock)
    : clock_(clock), begin_(Timestamp::from_ms(clock.now_ms())), last_(begin_.hundredths) {}

Timestamp NullStore::next() {
    const auto now = Timestamp::from_ms(clock_.now_ms()).hundredths;
    auto last = last_.load(std::memory_order_relaxed);
    while (last < now && !last_.compare_exchange_weak(last, now, std::memory_order_relaxed)) {
    }
    return {std::max(last, now)};
}

NullStore::Reply<ByCollection<Timestamp>> NullStore::info(Home&, User, When) {
    co_return everywhere(begin_, begin_);
}
NullStore::Reply<NullStore::Sums> NullStore::counts(Home&, User, When) {
    co_return everywhere(begin_, std::uint64_t{1});
}
NullStore::Reply<NullStore::Sums> NullStore::usage(Home&, User, When) {
    co_return everywhere(begin_, std::uint64_t{100});
}
NullStore::Reply<Timestamp> NullStore::get(Home&, User, std::string, std::string id, When, RowSink sink) {
    sink({id, R"({"syncID":"stampede0000","storageVersion":5})", std::nullopt, begin_});
    co_return begin_;
}
NullStore::Reply<Listing> NullStore::list(Home&, User, std::string, ListQuery, When, RowSink) {
    co_return Listing{begin_, 0, {}};
}
NullStore::Reply<Store::Written> NullStore::put(Home&, User, std::string, RecordUpdate, When) {
    co_return Written{next(), {}};
}
NullStore::Reply<Store::Written> NullStore::post(Home&, User, std::string, Updates, When) {
    co_return Written{next(), {}};
}
NullStore::Reply<Timestamp> NullStore::remove(Home&, User, std::string, std::string, When) {
    co_return next();
}
NullStore::Reply<Timestamp> NullStore::remove_ids(Home&, User, std::string, std::vector<std::string>, When) {
    co_return next();
}
NullStore::Reply<Timestamp> NullStore::remove_collection(Home&, User, std::string, When) {
    co_return next();
}
NullStore::Reply<Timestamp> NullStore::remove_user(Home&, User, When) {
    co_return next();
}
NullStore::Reply<Timestamp> NullStore::replace_user(Home&, User, User, When) {
    co_return next();
}
NullStore::Reply<Store::Staged> NullStore::open_batch(Home&, User, std::string, Updates, When) {
    co_return Staged{"1", begin_};
}
NullStore::Reply<Store::Staged> NullStore::append_batch(Home&, User, std::string, std::string batch, Updates,
                                                        When) {
    co_return Staged{std::move(batch), begin_};
}
NullStore::Reply<Store::Written> NullStore::commit_batch(Home&, User, std::string, std::string, Updates,
                                                         When) {
    co_return Written{next(), {}};
}

}  // namespace homespun::bench
