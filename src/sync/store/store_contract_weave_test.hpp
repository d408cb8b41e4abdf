#pragma once
#include "sync/store/store_contract_test.hpp"
#include "sync/store/weave_store.hpp"

namespace homespun::sync::store {

/// A record of Sync 1.1 as a test sees it.
struct Wbo {
    std::string id, payload;
    std::optional<std::string> parentid, predecessorid;
    std::optional<std::int64_t> sortindex;
    Timestamp modified;
    bool operator==(const Wbo&) const = default;
};

/// The stage for clients of Sync 1.0 and 1.1: a back-end that serves them instantiates this suite too.
class WeaveContract : public StoreContract {
  public:
    using Ids = std::vector<std::string>;
    using Stamps = std::vector<std::pair<std::string, Timestamp>>;

  protected:
    static constexpr UserId weaver = (UserId{1} << 40) + 1;

    void SetUp() override {
        StoreContract::SetUp();
        if (store_->weave() == nullptr) GTEST_SKIP() << "this back-end keeps no records of Sync 1.1";
    }
    Outcome<Timestamp> write(std::vector<WeaveUpdate> updates, WeaveWrite how = WeaveWrite::batch,
                             Precondition when = {}, const std::string& collection = "col") {
        tick();
        return run_on(loop_, [&] {
            return store_->weave()->weave_write(loop_, weaver, collection, std::move(updates), how, when);
        });
    }
    Outcome<Timestamp> put(WeaveUpdate update) { return write({std::move(update)}, WeaveWrite::single); }
    Outcome<Timestamp> drop(WeaveQuery query = {}, Precondition when = {}) {
        tick();
        return run_on(loop_, [&] {
            return store_->weave()->weave_remove(loop_, weaver, "col", std::move(query), when);
        });
    }
    std::vector<Wbo> find(WeaveQuery query = {}, const std::string& collection = "col") {
        std::vector<Wbo> rows;
        query.full = true;
        const auto count = run_on(loop_, [&] {
            return store_->weave()->weave_find(loop_, weaver, collection, query, [&](const WeaveView& view) {
                rows.push_back(
                    {std::string(view.id), std::string(view.payload),
                     view.parentid ? std::optional(std::string(*view.parentid)) : std::nullopt,
                     view.predecessorid ? std::optional(std::string(*view.predecessorid)) : std::nullopt,
                     view.sortindex, view.modified});
            });
        });
        EXPECT_TRUE(count);
        EXPECT_EQ(count.value_or(0), rows.size());
        return rows;
    }
    Ids ids(WeaveQuery query = {}) {
        Ids found;
        for (auto& row : find(std::move(query)))
            found.push_back(std::move(row.id));
        return found;
    }
    Stamps stamps() {
        return run_on(loop_, [&] { return store_->weave()->weave_stamps(loop_, weaver); }).value();
    }
};

}  // namespace homespun::sync::store
