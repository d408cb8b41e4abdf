#include <algorithm>
#include <atomic>

#include "sync/store/store_contract_test.hpp"

// Rules for reading: sync-1.5 sheet, sections 3.1, 6 and 9.
namespace homespun::sync::store {
namespace {

using Kind = Failure::Kind;
using Sums = std::vector<std::pair<std::string, std::uint64_t>>;

std::vector<std::string> ids_of(const std::vector<Row>& rows) {
    std::vector<std::string> ids;
    for (const auto& row : rows)
        ids.push_back(row.id);
    return ids;
}

TEST_P(StoreContract, AnEmptyUserHasNothing) {
    EXPECT_EQ(info()->storage, Timestamp{});
    EXPECT_TRUE(info()->collections.empty());
    EXPECT_TRUE(counts()->collections.empty());
    EXPECT_TRUE(usage()->collections.empty());
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
    const auto page = list("col");
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->rows.empty());
    EXPECT_EQ(page->listing.last_modified, Timestamp{});
    EXPECT_EQ(page->listing.next_offset, "");
}

TEST_P(StoreContract, CountsAndUsageFollowEveryWrite) {
    ASSERT_TRUE(post("col", {record("a", "12345"), record("b", "12"), record("c")}));
    ASSERT_TRUE(post("empty", {}));
    EXPECT_EQ(counts()->collections, (Sums{{"col", 3}}));
    EXPECT_EQ(usage()->collections[0], (Sums::value_type{"col", 7}));
    ASSERT_TRUE(put("col", record("a", "1")));
    ASSERT_TRUE(put("col", record("b", {}, 3)));
    ASSERT_TRUE(put("col", record("b", {}, {}, 3)));
    EXPECT_EQ(usage()->collections[0].second, 3u);
    ASSERT_TRUE(remove("col", "b"));
    EXPECT_EQ(counts()->collections, (Sums{{"col", 2}}));
    EXPECT_EQ(usage()->collections[0].second, 1u);
    ASSERT_TRUE(remove_ids("col", {"a", "c"}));
    EXPECT_TRUE(counts()->collections.empty());
    const auto left = usage()->collections;
    EXPECT_TRUE(std::ranges::all_of(left, [](const auto& each) { return each.second == 0; }));
    EXPECT_EQ(counts()->storage, info()->storage);
}

TEST_P(StoreContract, CountsStayRightAcrossExpiryOverwritingAndRemoval) {
    ASSERT_TRUE(post("col", {record("a", "123", {}, 1), record("b", "123", {}, 1), record("c", "123")}));
    tick(2'000);
    ASSERT_TRUE(put("col", record("a", "1")));
    ASSERT_TRUE(remove_ids("col", {"b"}));
    EXPECT_EQ(counts()->collections, (Sums{{"col", 2}}));
    EXPECT_EQ(usage()->collections, (Sums{{"col", 4}}));
}

TEST_P(StoreContract, InfoKeepsCollectionsWhoseRecordsHaveExpired) {
    const auto written = put("col", record("a", "1", {}, 1));
    tick(5'000);
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *written}}));
    EXPECT_TRUE(counts()->collections.empty());
}

TEST_P(StoreContract, IfModifiedSinceOnEveryRead) {
    const auto first = put("col", record("a", "1"));
    const auto last = put("other", record("a", "1"));
    const auto same = [&](const auto& read, Timestamp modified) {
        for (const auto since : {modified, Timestamp{modified.hundredths + 1}}) {
            const auto outcome = read(modified_since(since));
            ASSERT_EQ(kind(outcome), Kind::not_modified);
            EXPECT_EQ(outcome.error().last_modified, modified);
        }
        EXPECT_TRUE(read(modified_since(earlier(modified))));
    };
    const auto all = [&] {
        same([&](Precondition when) { return info(when); }, *last);
        same([&](Precondition when) { return counts(when); }, *last);
        same([&](Precondition when) { return usage(when); }, *last);
        same([&](Precondition when) { return list("col", {}, when); }, *first);
        same([&](Precondition when) { return get("col", "a", when); }, *first);
    };
    all();
    reopen();
    all();
    all();
}

TEST_P(StoreContract, IfUnmodifiedSinceOnEveryRead) {
    const auto first = put("col", record("a", "1"));
    const auto last = put("other", record("a", "1"));
    const auto stale = [&](const auto& read, Timestamp modified) {
        const auto outcome = read(unmodified_since(earlier(modified)));
        ASSERT_EQ(kind(outcome), Kind::precondition_failed);
        EXPECT_EQ(outcome.error().last_modified, modified);
        EXPECT_TRUE(read(unmodified_since(modified)));
    };
    const auto all = [&] {
        stale([&](Precondition when) { return info(when); }, *last);
        stale([&](Precondition when) { return counts(when); }, *last);
        stale([&](Precondition when) { return usage(when); }, *last);
        stale([&](Precondition when) { return list("col", {}, when); }, *first);
        stale([&](Precondition when) { return get("col", "a", when); }, *first);
    };
    all();
    reopen();
    all();
}

TEST_P(StoreContract, ThePreconditionComesBeforeExistence) {
    EXPECT_EQ(kind(get("col", "a", unmodified_since({}))), Kind::not_found);
    EXPECT_EQ(kind(get("col", "a", modified_since({}))), Kind::not_modified);
    EXPECT_TRUE(list("col", {}, unmodified_since({})));
}

TEST_P(StoreContract, ListGivesIdsOnlyUnlessFull) {
    const auto written = post("col", {record("a", "payload", 1)});
    EXPECT_EQ(list("col")->rows, (std::vector<Row>{{"a", "", {}, {}}}));
    EXPECT_EQ(list("col", {.full = true})->rows, (std::vector<Row>{{"a", "payload", 1, *written}}));
    EXPECT_EQ(list("col")->listing.last_modified, *written);
}

TEST_P(StoreContract, NewerAndOlderAreStrict) {
    std::vector<Timestamp> times;
    for (int i = 0; i < 4; ++i)
        times.push_back(put("col", record(id_text(i), "x")).value());
    const auto ids = [&](ListQuery query) {
        query.sort = Sort::oldest;
        return list("col", query)->ids();
    };
    using Ids = std::vector<std::string>;
    EXPECT_EQ(ids({.newer = times[1]}), (Ids{"id102", "id103"}));
    EXPECT_EQ(ids({.newer = times[3]}), Ids{});
    EXPECT_EQ(ids({.newer = Timestamp{}}).size(), 4u);
    EXPECT_EQ(ids({.older = times[1]}), (Ids{"id100"}));
    EXPECT_EQ(ids({.newer = times[0], .older = times[3]}), (Ids{"id101", "id102"}));
    EXPECT_EQ(ids({.ids = {"id100", "id103"}, .newer = times[0]}), (Ids{"id103"}));
    EXPECT_EQ(list("col", {.newer = times[3]})->listing.last_modified, times[3]);
    reopen();
    EXPECT_EQ(list("col", {.newer = times[3]})->listing.last_modified, times[3]);
}

TEST_P(StoreContract, IdsFilterTakesUnknownAndRepeatedIds) {
    ASSERT_TRUE(post("col", {record("a", "1"), record("b", "2"), record("c", "3")}));
    EXPECT_EQ(list("col", {.ids = {"c", "nope", "a", "a"}, .sort = Sort::oldest})->ids(),
              (std::vector<std::string>{"a", "c"}));
    EXPECT_TRUE(list("col", {.ids = {"nope"}})->rows.empty());
    EXPECT_EQ(list("col", {.ids = {"a", "b", "c"}, .sort = Sort::newest})->ids(),
              (std::vector<std::string>{"c", "b", "a"}));
}

TEST_P(StoreContract, SortsHaveAStableOrder) {
    ASSERT_TRUE(post("col", {record("b", "x", 34), record("a", "x", 12), record("f", "x")}));
    ASSERT_TRUE(post("col", {record("d", "x", -1), record("c", "x", 12), record("e", "x")}));
    using Ids = std::vector<std::string>;
    EXPECT_EQ(list("col", {.sort = Sort::newest})->ids(), (Ids{"e", "d", "c", "f", "b", "a"}));
    EXPECT_EQ(list("col", {.sort = Sort::oldest})->ids(), (Ids{"a", "b", "f", "c", "d", "e"}));
    EXPECT_EQ(list("col", {.sort = Sort::index})->ids(), (Ids{"b", "a", "c", "d", "e", "f"}));
}

TEST_P(StoreContract, LimitAndOffset) {
    std::vector<RecordUpdate> updates;
    for (int i = 0; i < 5; ++i)
        updates.push_back(record(id_text(i), "x"));
    ASSERT_TRUE(post("col", updates));
    EXPECT_EQ(list("col", {.limit = 0})->rows.size(), 0u);
    EXPECT_EQ(list("col", {.limit = 0})->listing.next_offset, "");
    EXPECT_EQ(list("col", {.limit = 10'000})->listing.next_offset, "");
    // An exact fit needs no further page.
    EXPECT_EQ(list("col", {.limit = 5})->listing.next_offset, "");
    const auto first = list("col", {.limit = 2});
    EXPECT_EQ(first->rows.size(), 2u);
    ASSERT_NE(first->listing.next_offset, "");
    EXPECT_EQ(first->listing.next_offset.find_first_not_of(
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:-"),
              std::string::npos);
    EXPECT_EQ(list("col", {.limit = 3, .offset = first->listing.next_offset})->rows.size(), 3u);
    EXPECT_EQ(list("col", {.offset = first->listing.next_offset})->rows.size(), 3u);
    EXPECT_EQ(list("col", {.limit = 10'000, .offset = first->listing.next_offset})->listing.next_offset, "");
}

TEST_P(StoreContract, GarbageOffsetsAreRefused) {
    ASSERT_TRUE(put("col", record("a", "x")));
    for (const auto sort : {Sort::newest, Sort::oldest, Sort::index}) {
        for (const char* offset :
             {"abc", "-1", ":", "t", "t:", "tx:YQ", "t1:*", "i", "1e5", "t1", "t99999999999999999999:YQ"}) {
            EXPECT_EQ(kind(list("col", {.sort = sort, .offset = offset})), Kind::bad_offset) << offset;
        }
    }
    EXPECT_EQ(kind(list("missing", {.offset = "abc"})), Kind::bad_offset);
}

TEST_P(StoreContract, PagingLosesNothingOnEqualTimestamps) {
    for (int group = 0; group < 3; ++group) {
        std::vector<RecordUpdate> updates;
        for (int i = 0; i < 4; ++i)
            updates.push_back(record(id_text(group * 4 + i), "x", i % 2));
        ASSERT_TRUE(post("col", updates));
    }
    std::vector<std::string> every;
    for (int i = 0; i < 12; ++i)
        every.push_back(id_text(i));
    for (const auto sort : {Sort::newest, Sort::oldest, Sort::index}) {
        const auto whole = ids_of(all_pages("col", {.sort = sort}));
        EXPECT_EQ(whole.size(), 12u);
        for (std::uint64_t limit = 1; limit <= 12; ++limit) {
            EXPECT_EQ(ids_of(all_pages("col", {.sort = sort, .limit = limit})), whole);
            EXPECT_EQ(ids_of(all_pages("col", {.sort = sort, .limit = limit, .full = true})), whole);
            EXPECT_EQ(ids_of(all_pages("col", {.ids = every, .sort = sort, .limit = limit})), whole);
        }
    }
}

TEST_P(StoreContract, PagingKeepsItsBounds) {
    std::vector<Timestamp> times;
    for (int i = 0; i < 10; ++i)
        times.push_back(put("col", record(id_text(i), "x")).value());
    for (const auto sort : {Sort::newest, Sort::oldest, Sort::index}) {
        const ListQuery query{.newer = times[1], .older = times[8], .sort = sort, .limit = 2};
        EXPECT_EQ(all_pages("col", query).size(), 6u);
    }
}

TEST_P(StoreContract, PagingSurvivesOddIds) {
    std::vector<RecordUpdate> updates;
    for (char c = 0x20; c < 0x7f; ++c)
        updates.push_back(record(std::string(1, c), "x"));
    updates.push_back(record(std::string(64, '~'), "x"));
    ASSERT_TRUE(post("col", updates));
    for (const auto sort : {Sort::newest, Sort::oldest, Sort::index}) {
        auto ids = ids_of(all_pages("col", {.sort = sort, .limit = 7}));
        EXPECT_EQ(ids.size(), updates.size());
        std::ranges::sort(ids);
        EXPECT_EQ(std::ranges::unique(ids).size(), 0u);
    }
}

TEST_P(StoreContract, APageIsCutAtTenThousandRows) {
    const int count = 10'003;
    for (int from = 0; from < count; from += 1000) {
        std::vector<RecordUpdate> updates;
        for (int i = from; i < std::min(count, from + 1000); ++i)
            updates.push_back(record(std::to_string(i), "p", i));
        ASSERT_TRUE(post("col", updates));
    }
    for (const auto sort : {Sort::newest, Sort::oldest, Sort::index}) {
        const auto page = list("col", {.sort = sort});
        EXPECT_EQ(page->rows.size(), 10'000u);
        EXPECT_NE(page->listing.next_offset, "");
        EXPECT_EQ(all_pages("col", {.sort = sort, .full = true}).size(), static_cast<std::size_t>(count));
    }
}

TEST_P(StoreContract, APageIsCutAtEightMebibytes) {
    const std::string payload(2'000'000, 'p');
    for (int i = 0; i < 6; ++i)
        ASSERT_TRUE(put("col", record(id_text(i), payload)));
    const auto page = list("col", {.full = true});
    EXPECT_EQ(page->rows.size(), 4u);
    EXPECT_EQ(all_pages("col", {.full = true}).size(), 6u);
    EXPECT_EQ(list("col")->rows.size(), 6u);
}

TEST_P(StoreContract, AListingIsOneSnapshot) {
    // A writer goes on while pages are read: timestamp and rows of each page belong together.
    ASSERT_TRUE(post("col", {record("a", "0"), record("b", "0")}));
    std::atomic<bool> stop{false};
    ThreadExecutor other;
    std::thread writer([&] {
        for (int i = 1; !stop; ++i) {
            tick();
            const std::string text = std::to_string(i) + std::string(20'000, ' ');
            (void)run_on(other, [&] {
                return modified_of(
                    store_->post(other, user, "col", {record("a", text), record("b", text)}, {}));
            });
        }
    });
    for (int i = 0; i < 200; ++i) {
        const auto page = list("col", {.full = true});
        ASSERT_TRUE(page);
        ASSERT_EQ(page->rows.size(), 2u);
        EXPECT_EQ(page->rows[0].payload, page->rows[1].payload);
        EXPECT_EQ(page->rows[0].modified, page->listing.last_modified);
        EXPECT_EQ(page->rows[1].modified, page->listing.last_modified);
    }
    stop = true;
    writer.join();
}

TEST_P(StoreContract, ALongListingLetsOthersRun) {
    std::vector<RecordUpdate> updates;
    for (int i = 0; i < 1000; ++i)
        updates.push_back(record(id_text(i), std::string(4'000, 'p')));
    ASSERT_TRUE(post("col", updates));
    std::atomic<int> turns{0};
    std::atomic<bool> stop{false};
    std::function<void()> turn = [&] {
        ++turns;
        if (!stop) loop_.post([&] { turn(); });
    };
    loop_.post([&] { turn(); });
    int seen_before = 0, seen_after = 0;
    auto rows = 0;
    auto reading = start_on(loop_, [&] {
        return store_->list(loop_, user, "col", {.full = true}, {}, [&](const RecordView&) {
            if (rows++ == 0) seen_before = turns;
            seen_after = turns;
        });
    });
    EXPECT_TRUE(reading.get());
    stop = true;
    // 4 MB in portions of 256 KiB.
    EXPECT_GE(seen_after - seen_before, 10);
    (void)run_on(loop_, [&] { return store_->info(loop_, user, {}); });
}

}  // namespace
}  // namespace homespun::sync::store
