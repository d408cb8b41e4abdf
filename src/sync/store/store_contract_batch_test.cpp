#include <algorithm>
#include <set>

#include "sync/store/store_contract_test.hpp"

// Rules for batches (sync-1.5 sheet, 8) and for many at a time (11).
namespace homespun::sync::store {
namespace {

using Kind = Failure::Kind;

TEST_P(StoreContract, AStagedBatchIsInvisible) {
    const auto batch = open_batch("col", {record("a", "1")});
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->last_modified, Timestamp{});
    EXPECT_EQ(
        batch->batch.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
        std::string::npos);
    EXPECT_TRUE(collections().empty());
    EXPECT_EQ(info()->storage, Timestamp{});
    EXPECT_TRUE(list("col")->rows.empty());
    const auto written = put("col", record("b", "2"));
    const auto more = append_batch("col", batch->batch, {record("c", "3")});
    ASSERT_TRUE(more);
    EXPECT_EQ(more->batch, batch->batch);
    EXPECT_EQ(more->last_modified, *written);
    EXPECT_EQ(list("col")->ids(), (std::vector<std::string>{"b"}));
    EXPECT_EQ(collections()["col"], *written);
    EXPECT_EQ(counts()->collections.front().second, 1u);
}

TEST_P(StoreContract, ACommitAppliesAllWithOneTimestamp) {
    ASSERT_TRUE(put("col", record("old", "payload", 17)));
    const auto batch = open_batch("col", {record("a", "1"), record("old", {}, {}, 1000)});
    ASSERT_TRUE(append_batch("col", batch->batch, {record("b", "2", 5)}));
    const auto committed = commit_batch("col", batch->batch, {record("c", "3")});
    ASSERT_TRUE(committed);
    const auto page = list("col", {.sort = Sort::oldest, .full = true});
    EXPECT_EQ(page->rows, (std::vector<Row>{{"a", "1", {}, *committed},
                                            {"b", "2", 5, *committed},
                                            {"c", "3", {}, *committed},
                                            {"old", "payload", 17, *committed}}));
    EXPECT_EQ(page->listing.last_modified, *committed);
    EXPECT_EQ(counts()->collections.front().second, 4u);
    EXPECT_EQ(usage()->collections.front().second, 10u);
    EXPECT_EQ(kind(commit_batch("col", batch->batch)), Kind::no_such_batch);
    EXPECT_EQ(kind(append_batch("col", batch->batch, {})), Kind::no_such_batch);
}

TEST_P(StoreContract, LaterEntriesMergeFieldByField) {
    const auto batch = open_batch("col", {record("a", "1", 5, 100), record("b", "1")});
    ASSERT_TRUE(append_batch("col", batch->batch, {record("a", "2")}));
    const auto committed =
        commit_batch("col", batch->batch, {record("a", {}, 9), record("b", "from commit")});
    EXPECT_EQ(*get("col", "a"), (Row{"a", "2", 9, *committed}));
    EXPECT_EQ(get("col", "b")->payload, "from commit");
    tick(100'000);
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
}

TEST_P(StoreContract, TheTtlOfABatchCountsFromTheCommit) {
    const auto batch = open_batch("col", {record("a", "1", {}, 10)});
    tick(9'000);
    ASSERT_TRUE(commit_batch("col", batch->batch));
    tick(9'000);
    EXPECT_TRUE(get("col", "a"));
    tick(1'000);
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
}

TEST_P(StoreContract, AnEmptyBatchCommitMovesTheTimestamp) {
    const auto batch = open_batch("col", {});
    const auto committed = commit_batch("col", batch->batch);
    ASSERT_TRUE(committed);
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *committed}}));
}

TEST_P(StoreContract, ABatchBelongsToItsUserAndCollection) {
    const auto batch = open_batch("col", {record("a", "1")});
    for (const std::string wrong : {"sammich", "", "0", "-1", "999999", "99999999999999999999"}) {
        EXPECT_EQ(kind(append_batch("col", wrong, {})), Kind::no_such_batch) << wrong;
        EXPECT_EQ(kind(commit_batch("col", wrong)), Kind::no_such_batch) << wrong;
    }
    EXPECT_EQ(kind(append_batch("col", "0" + batch->batch, {})), Kind::no_such_batch);
    EXPECT_EQ(kind(append_batch("other", batch->batch, {record("x", "1")})), Kind::no_such_batch);
    EXPECT_EQ(kind(append_batch("col", batch->batch, {record("x", "1")}, {}, user + 1)), Kind::no_such_batch);
    EXPECT_EQ(kind(commit_batch("other", batch->batch)), Kind::no_such_batch);
    // It stays usable where it belongs.
    ASSERT_TRUE(commit_batch("col", batch->batch));
    EXPECT_EQ(list("col")->ids(), (std::vector<std::string>{"a"}));
    EXPECT_EQ(collections().size(), 1u);
}

TEST_P(StoreContract, BatchesDieAfterTwoHours) {
    const auto batch = open_batch("col", {record("a", "1")});
    tick(7'199'000);
    ASSERT_TRUE(append_batch("col", batch->batch, {}));
    tick(1'000);
    EXPECT_EQ(kind(append_batch("col", batch->batch, {})), Kind::no_such_batch);
    EXPECT_EQ(kind(commit_batch("col", batch->batch)), Kind::no_such_batch);
}

TEST_P(StoreContract, APreconditionIsCheckedAtEveryStepOfABatch) {
    const auto first = put("col", record("a", "1"));
    const auto batch = open_batch("col", {record("b", "2")}, unmodified_since(*first));
    ASSERT_TRUE(append_batch("col", batch->batch, {record("c", "2")}, unmodified_since(*first)));
    const auto second = put("col", record("x", "1"));
    for (const auto& outcome : {kind(append_batch("col", batch->batch, {}, unmodified_since(*first))),
                                kind(commit_batch("col", batch->batch, {}, unmodified_since(*first)))}) {
        EXPECT_EQ(outcome, Kind::precondition_failed);
    }
    EXPECT_EQ(collections()["col"], *second);
    EXPECT_TRUE(commit_batch("col", batch->batch, {}, unmodified_since(*second)));
}

TEST_P(StoreContract, ABatchAboveItsLimitsIsRefusedAtEveryStep) {
    limits_ = {.max_total_records = 3, .max_total_bytes = 10};
    reopen();
    EXPECT_EQ(kind(open_batch("col", {record("a"), record("b"), record("c"), record("d")})),
              Kind::batch_too_large);
    EXPECT_EQ(kind(open_batch("col", {record("a", "12345678901")})), Kind::batch_too_large);
    const auto many = open_batch("col", {record("a"), record("b"), record("c")});
    EXPECT_EQ(kind(commit_batch("col", many->batch, {record("d")})), Kind::batch_too_large);
    // The refused body was not staged.
    EXPECT_TRUE(commit_batch("col", many->batch));
    EXPECT_EQ(list("col")->rows.size(), 3u);
    const auto big = open_batch("col", {record("a", "12345")});
    EXPECT_EQ(kind(append_batch("col", big->batch, {record("b", "123456")})), Kind::batch_too_large);
    EXPECT_EQ(kind(commit_batch("col", big->batch, {record("b", "123456")})), Kind::batch_too_large);
    EXPECT_EQ(get("col", "a")->payload, "");
    // It stays usable, and what fits exactly fits.
    ASSERT_TRUE(append_batch("col", big->batch, {record("b", "1234")}));
    EXPECT_TRUE(commit_batch("col", big->batch, {record("c", "1")}));
    EXPECT_EQ(list("col")->rows.size(), 3u);
}

TEST_P(StoreContract, WhatABatchReplacesInItselfCountsOnce) {
    limits_ = {.max_total_records = 2, .max_total_bytes = 10};
    reopen();
    const auto batch = open_batch("col", {record("a", "12345678"), record("b", "1")});
    ASSERT_TRUE(append_batch("col", batch->batch, {record("a", "123456789")}));
    ASSERT_TRUE(append_batch("col", batch->batch, {record("a", std::nullopt, 5)}));
    EXPECT_EQ(kind(append_batch("col", batch->batch, {record("a", "1234567890")})), Kind::batch_too_large);
    EXPECT_EQ(kind(append_batch("col", batch->batch, {record("c")})), Kind::batch_too_large);
    // Nor does the store's memory of it matter.
    reopen();
    EXPECT_EQ(kind(append_batch("col", batch->batch, {record("b", "12")})), Kind::batch_too_large);
    ASSERT_TRUE(append_batch("col", batch->batch, {record("a", "1"), record("b", "123456789")}));
    ASSERT_TRUE(commit_batch("col", batch->batch));
    EXPECT_EQ(get("col", "b")->payload, "123456789");
}

TEST_P(StoreContract, ManyBatchesOfOneCollectionStayApart) {
    const auto one = open_batch("col", {record("a", "one"), record("x", "one")});
    const auto two = open_batch("col", {record("b", "two"), record("x", "two")});
    ASSERT_TRUE(commit_batch("col", two->batch));
    EXPECT_EQ(list("col")->rows.size(), 2u);
    ASSERT_TRUE(commit_batch("col", one->batch));
    EXPECT_EQ(get("col", "x")->payload, "one");
    EXPECT_EQ(list("col")->rows.size(), 3u);
}

TEST_P(StoreContract, OfTwoWritersWithOnePreconditionExactlyOneWins) {
    ThreadExecutor other;
    auto known = put("col", record("a", "0"));
    for (int round = 0; round < 50; ++round) {
        tick();
        const auto when = unmodified_since(*known);
        auto one = start_on(
            loop_, [&] { return modified_of(store_->post(loop_, user, "col", {record("a", "1")}, when)); });
        auto two = start_on(
            other, [&] { return modified_of(store_->post(other, user, "col", {record("a", "2")}, when)); });
        while (one.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready ||
               two.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
            tick();
        }
        const auto first = one.get();
        const auto second = two.get();
        ASSERT_NE(first.has_value(), second.has_value());
        EXPECT_EQ(kind(first ? second : first), Kind::precondition_failed);
        known = first ? *first : *second;
        EXPECT_EQ(get("col", "a")->payload, first ? "1" : "2");
    }
}

/// `writers` threads, each with a loop of its own, write `rounds` times to `user_of(writer)` against the real
/// clock.
struct Crowd {
    std::map<UserId, std::vector<Timestamp>> answers;
    int failures = 0;
};

Crowd write_in_crowd(Store& store, int writers, int rounds, const std::function<UserId(int)>& user_of) {
    Crowd crowd;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            ThreadExecutor loop;
            for (int round = 0; round < rounds; ++round) {
                const RecordUpdate update{
                    "w" + std::to_string(writer) + "-" + std::to_string(round), "x", {}, {}};
                const auto outcome = run_on(
                    loop, [&] { return modified_of(store.put(loop, user_of(writer), "col", update, {})); });
                const std::lock_guard lock(mutex);
                if (outcome)
                    crowd.answers[user_of(writer)].push_back(*outcome);
                else
                    ++crowd.failures;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    return crowd;
}

TEST_P(StoreContract, ManyWritersOfOneUserGetDifferentTimestamps) {
    store_->close();
    base::SystemClock real;
    store_ = maker_->open(real, logger_, limits_);
    auto crowd = write_in_crowd(*store_, 64, 3, [](int) { return user; });
    EXPECT_EQ(crowd.failures, 0);
    auto& times = crowd.answers[user];
    EXPECT_EQ(times.size(), 64u * 3);
    EXPECT_EQ(std::set<Timestamp>(times.begin(), times.end()).size(), times.size());
    EXPECT_EQ(counts()->collections.front().second, 64u * 3);
    // Each record has the timestamp its writer was told.
    const auto rows = all_pages("col", {.full = true});
    std::set<Timestamp> stored;
    for (const auto& row : rows)
        stored.insert(row.modified);
    EXPECT_EQ(stored, std::set<Timestamp>(times.begin(), times.end()));
    store_->close();
}

TEST_P(StoreContract, ManyWritersOfManyUsersGetRisingTimestamps) {
    store_->close();
    base::SystemClock real;
    store_ = maker_->open(real, logger_, limits_);
    auto crowd = write_in_crowd(*store_, 64, 20, [](int writer) { return UserId(1000 + writer); });
    EXPECT_EQ(crowd.failures, 0);
    EXPECT_EQ(crowd.answers.size(), 64u);
    for (const auto& [who, times] : crowd.answers) {
        EXPECT_EQ(times.size(), 20u);
        EXPECT_TRUE(std::ranges::is_sorted(times, std::ranges::less_equal{})) << who;
        EXPECT_EQ(std::ranges::adjacent_find(times), times.end());
    }
    store_->close();
}

TEST_P(StoreContract, WhatWasQueuedIsWrittenBeforeTheStoreCloses) {
    std::vector<std::future<Outcome<Timestamp>>> writes;
    for (int i = 0; i < 50; ++i) {
        writes.push_back(start_on(loop_, [this, i] {
            return modified_of(
                store_->put(loop_, i % 2 ? user : UserId(1000 + i), "col", record(id_text(i), "x"), {}));
        }));
    }
    // All were handed over once the loop has come by here.
    std::promise<void> passed;
    loop_.post([&] { passed.set_value(); });
    passed.get_future().wait();
    store_->close();
    for (auto& write : writes)
        EXPECT_TRUE(write.get());
    reopen();
    EXPECT_EQ(list("col")->rows.size(), 25u);
}

}  // namespace
}  // namespace homespun::sync::store
