// replace_user: what an import builds up beside a user takes the place of all the user had, at once.
#include "sync/store/store_contract_test.hpp"

namespace homespun::sync::store {
namespace {

using Kind = Failure::Kind;

TEST_P(StoreContract, ReplacingTakesAllAndGivesAll) {
    const auto place = store_->staging_place(user);
    EXPECT_NE(place, store_->staging_place(user));
    ASSERT_TRUE(put("col", record("a", "old")));
    ASSERT_TRUE(put("col", record("gone", "old")));
    const auto last = put("other", record("x", "old"));
    ASSERT_TRUE(put_now("col", record("a", "new", 7, 1000), {}, place));
    ASSERT_TRUE(put_now("third", record("t", "new"), {}, place));
    EXPECT_EQ(get("col", "a")->payload, "old") << "nothing is to be seen before";
    // The clock stands still: the timestamp must rise all the same.
    const auto replaced = run_on(loop_, [&] { return store_->replace_user(loop_, user, place, {}); });
    ASSERT_TRUE(replaced);
    EXPECT_GT(*replaced, *last);
    EXPECT_EQ(info()->storage, *replaced);
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *replaced}, {"third", *replaced}}));
    const auto row = get("col", "a");
    EXPECT_EQ(row->payload, "new");
    EXPECT_EQ(row->sortindex, 7);
    EXPECT_GT(row->modified, earlier(*last)) << "a client that was here at `last` asks for what is newer";
    EXPECT_EQ(kind(get("col", "gone")), Kind::not_found);
    EXPECT_EQ(kind(get("other", "x")), Kind::not_found);
    EXPECT_TRUE(info({}, place)->collections.empty());
    reopen();
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *replaced}, {"third", *replaced}}));
    EXPECT_EQ(counts()->collections.size(), 2u);
    const auto next = put("col", record("b", "later"));
    EXPECT_GT(*next, *replaced);
}

TEST_P(StoreContract, ReplacingWithNothingMovesTheTimestamp) {
    const auto before = put("col", record("a", "old"));
    const auto place = store_->staging_place(user);
    const auto replaced = run_on(loop_, [&] { return store_->replace_user(loop_, user, place, {}); });
    ASSERT_TRUE(replaced);
    EXPECT_GT(*replaced, *before);
    EXPECT_TRUE(collections().empty());
    EXPECT_EQ(info()->storage, *replaced);
    reopen();
    EXPECT_EQ(info()->storage, *replaced);
}

TEST_P(StoreContract, ReplacingIsRefusedWhenTheUserHasWritten) {
    const auto seen = put("col", record("a", "old"));
    const auto place = store_->staging_place(user);
    ASSERT_TRUE(put_now("col", record("a", "new"), {}, place));
    const auto batch = open_batch("col", {record("b", "staged")});
    const auto written = put("col", record("a", "newer"));
    const auto refused =
        run_on(loop_, [&] { return store_->replace_user(loop_, user, place, unmodified_since(*seen)); });
    EXPECT_EQ(kind(refused), Kind::precondition_failed);
    EXPECT_EQ(refused.error().last_modified, *written);
    EXPECT_EQ(get("col", "a")->payload, "newer");
    ASSERT_TRUE(
        run_on(loop_, [&] { return store_->replace_user(loop_, user, place, unmodified_since(*written)); }));
    EXPECT_EQ(get("col", "a")->payload, "new");
    EXPECT_EQ(kind(commit_batch("col", batch->batch)), Kind::no_such_batch);
}

TEST_P(StoreContract, WhatAnImportLeftGoesWhenTheStoreIsOpenedAgain) {
    const auto place = store_->staging_place(user);
    ASSERT_TRUE(put_now("col", record("a", "new"), {}, place));
    EXPECT_EQ(info({}, place)->collections.size(), 1u);
    reopen();
    EXPECT_TRUE(info({}, place)->collections.empty());
}

}  // namespace
}  // namespace homespun::sync::store
