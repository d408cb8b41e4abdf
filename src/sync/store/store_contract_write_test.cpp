#include "sync/store/store_contract_test.hpp"

// Rules for writing: sync-1.5 sheet, sections 3, 5, 7, 9 and 13.
namespace homespun::sync::store {
namespace {

using Kind = Failure::Kind;

TEST_P(StoreContract, PutCreatesARecordAndItsCollection) {
    const auto written = put("col", record("a", "hello", 7));
    ASSERT_TRUE(written);
    EXPECT_EQ(*written, Timestamp::from_ms(clock_.now_ms()));
    const auto row = get("col", "a");
    ASSERT_TRUE(row);
    EXPECT_EQ(*row, (Row{"a", "hello", 7, *written}));
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *written}}));
}

TEST_P(StoreContract, CreatingWithoutPayloadStoresAnEmptyOne) {
    const auto written = put("col", record("a"));
    ASSERT_TRUE(written);
    EXPECT_EQ(*get("col", "a"), (Row{"a", "", {}, *written}));
}

TEST_P(StoreContract, PayloadsAreByteExact) {
    std::string odd("a\0b\n\r\"\\\x7f\xc3\xa4\xf0\x9f\x98\x80", 15);
    ASSERT_TRUE(put("col", record("a", odd)));
    EXPECT_EQ(get("col", "a")->payload, odd);
    ASSERT_TRUE(put("col", record("a", "")));
    EXPECT_EQ(get("col", "a")->payload, "");
    const std::string big(2'621'440, 'x');
    ASSERT_TRUE(put("col", record("big", big)));
    EXPECT_EQ(get("col", "big")->payload, big);
}

TEST_P(StoreContract, IdsAreCaseSensitiveAndTakeAnyPrintableCharacter) {
    std::string all;
    for (char c = 0x20; c < 0x60; ++c)
        all += c;
    std::vector<RecordUpdate> updates{record("a", "1"), record("A", "2"), record(all, "3"),
                                      record("{x-y},~", "4"), record(" ", "5")};
    ASSERT_TRUE(post("col", updates));
    for (const auto& update : updates)
        EXPECT_EQ(get("col", update.id)->payload, *update.payload);
}

TEST_P(StoreContract, PartialUpdateKeepsTheOtherFields) {
    ASSERT_TRUE(put("col", record("a", "one", 5)));
    const auto second = put("col", record("a", {}, 6));
    EXPECT_EQ(*get("col", "a"), (Row{"a", "one", 6, *second}));
    const auto third = put("col", record("a", "two"));
    EXPECT_EQ(*get("col", "a"), (Row{"a", "two", 6, *third}));
}

TEST_P(StoreContract, TtlOnlyUpdateMovesTheCollectionButNotTheRecord) {
    const auto first = put("col", record("a", "one"));
    const auto second = post("col", {record("a", {}, {}, 100), record("new", {}, {}, 100)});
    EXPECT_EQ(*get("col", "a"), (Row{"a", "one", {}, *first}));
    EXPECT_EQ(*get("col", "new"), (Row{"new", "", {}, *second}));
    EXPECT_EQ(collections()["col"], *second);
    const auto third = put("col", record("a", {}, {}, 100));
    EXPECT_EQ(get("col", "a")->modified, *first);
    EXPECT_EQ(collections()["col"], *third);
}

TEST_P(StoreContract, SortindexOnlyUpdateDoesNotTouchTheTtl) {
    ASSERT_TRUE(put("col", record("a", "one", {}, 10)));
    tick(5'000);
    ASSERT_TRUE(put("col", record("a", {}, 3)));
    tick(4'900);
    EXPECT_TRUE(get("col", "a"));
    tick(200);
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
}

TEST_P(StoreContract, PostGivesOneTimestampToAll) {
    const auto written = post("col", {record("a", "1"), record("b", "2", -1)});
    ASSERT_TRUE(written);
    EXPECT_EQ(get("col", "a")->modified, *written);
    EXPECT_EQ(*get("col", "b"), (Row{"b", "2", -1, *written}));
    EXPECT_EQ(collections()["col"], *written);
}

TEST_P(StoreContract, EmptyPostCreatesAndTouchesTheCollection) {
    const auto first = post("col", {});
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *first}}));
    const auto second = post("col", {});
    EXPECT_GT(*second, *first);
    EXPECT_EQ(collections()["col"], *second);
    EXPECT_TRUE(list("col")->rows.empty());
}

TEST_P(StoreContract, TimestampsRiseStrictlyAcrossCollections) {
    Timestamp last;
    for (int i = 0; i < 20; ++i) {
        const auto written = put("col" + std::to_string(i % 3), record("a", std::to_string(i)));
        ASSERT_TRUE(written);
        EXPECT_GT(*written, last);
        last = *written;
        EXPECT_EQ(info()->storage, last);
    }
}

TEST_P(StoreContract, AWriteInTheSameHundredthWaitsForTheNext) {
    const auto first = put("col", record("a", "1"));
    auto second =
        start_on(loop_, [&] { return modified_of(store_->put(loop_, user, "col", record("a", "2"), {})); });
    EXPECT_EQ(second.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    // Another user is not held up.
    EXPECT_TRUE(put_now("col", record("a", "1"), {}, user + 1));
    tick();
    const auto written = second.get();
    ASSERT_TRUE(written);
    EXPECT_EQ(written->hundredths, first->hundredths + 1);
}

TEST_P(StoreContract, AStandingClockIsNotWaitedForLongerThanASecond) {
    const auto first = put("col", record("a", "1"));
    const auto started = std::chrono::steady_clock::now();
    const auto second = put_now("col", record("a", "2"));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->hundredths, first->hundredths + 1);
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(3));
}

TEST_P(StoreContract, AClockFarBehindIsNotWaitedFor) {
    const auto first = put("col", record("a", "1"));
    clock_.advance_ms(-3'600'000);
    for (int i = 1; i <= 20; ++i) {
        const auto next = put_now("col", record("a", "2"));
        ASSERT_TRUE(next);
        EXPECT_EQ(next->hundredths, first->hundredths + i);
    }
    EXPECT_EQ(get("col", "a")->modified.hundredths, first->hundredths + 20);
    reopen();
    EXPECT_EQ(put_now("col", record("a", "3"))->hundredths, first->hundredths + 21);
}

TEST_P(StoreContract, RemoveTakesTheRecordAndMovesTheCollection) {
    ASSERT_TRUE(post("col", {record("a", "1"), record("b", "2")}));
    const auto removed = remove("col", "a");
    ASSERT_TRUE(removed);
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
    EXPECT_TRUE(get("col", "b"));
    EXPECT_EQ(collections()["col"], *removed);
    EXPECT_EQ(kind(remove("col", "a")), Kind::not_found);
    EXPECT_EQ(kind(remove("none", "a")), Kind::not_found);
    EXPECT_EQ(collections()["col"], *removed);
    // The collection outlives its last record.
    const auto last = remove("col", "b");
    EXPECT_EQ(collections()["col"], *last);
}

TEST_P(StoreContract, RemoveIdsKeepsTheCollection) {
    ASSERT_TRUE(post("col", {record("a", "1"), record("b", "2"), record("c", "3")}));
    const auto removed = remove_ids("col", {"a", "c", "unknown", "a"});
    ASSERT_TRUE(removed);
    EXPECT_EQ(list("col")->ids(), (std::vector<std::string>{"b"}));
    EXPECT_EQ(collections()["col"], *removed);
    const auto nothing = remove_ids("col", {"unknown"});
    EXPECT_GT(*nothing, *removed);
    EXPECT_EQ(collections()["col"], *nothing);
}

TEST_P(StoreContract, RemoveIdsOfAMissingCollectionSucceedsAndCreatesNone) {
    EXPECT_TRUE(remove_ids("none", {"a"}));
    EXPECT_TRUE(collections().empty());
}

TEST_P(StoreContract, RemovingACollectionAdvancesTheStorage) {
    ASSERT_TRUE(put("col", record("a", "1")));
    const auto other = put("other", record("a", "1"));
    const auto removed = remove_collection("col");
    ASSERT_TRUE(removed);
    EXPECT_GT(*removed, *other);
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"other", *other}}));
    EXPECT_EQ(info()->storage, *removed);
    EXPECT_EQ(list("col")->listing.last_modified, Timestamp{});
    reopen();
    EXPECT_EQ(info()->storage, *removed);
    const auto again = put("col", record("b", "2"));
    EXPECT_EQ(list("col")->ids(), (std::vector<std::string>{"b"}));
    EXPECT_EQ(info()->storage, *again);
}

TEST_P(StoreContract, RemovingAMissingCollectionChangesNothing) {
    EXPECT_EQ(remove_collection("none").value(), Timestamp{});
    const auto written = put("col", record("a", "1"));
    EXPECT_EQ(remove_collection("none").value(), *written);
    EXPECT_EQ(info()->storage, *written);
}

TEST_P(StoreContract, RemovingAUserLeavesNothing) {
    ASSERT_TRUE(put("col", record("a", "1")));
    ASSERT_TRUE(put("gone", record("a", "1")));
    ASSERT_TRUE(remove_collection("gone"));
    const auto batch = open_batch("col", {record("b", "2")});
    const auto other = put("col", record("a", "other"), {}, user + 1);
    const auto removed = remove_user();
    ASSERT_TRUE(removed);
    EXPECT_GE(*removed, Timestamp::from_ms(start_ms));
    EXPECT_TRUE(collections().empty());
    EXPECT_EQ(info()->storage, Timestamp{});
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
    EXPECT_EQ(kind(commit_batch("col", batch->batch)), Kind::no_such_batch);
    EXPECT_EQ(info({}, user + 1)->storage, *other);
    reopen();
    EXPECT_EQ(info()->storage, Timestamp{});
    EXPECT_TRUE(remove_user());
    EXPECT_TRUE(remove_user({}, 4711));
}

TEST_P(StoreContract, AWriteAfterARemovedUserIsStillLater) {
    const auto removed = [&] {
        (void)put("col", record("a", "1"));
        return remove_user();
    }();
    clock_.advance_ms(-10'000);
    EXPECT_GT(*put_now("col", record("a", "2")), *removed);
}

TEST_P(StoreContract, StalePreconditionsRefuseEveryWriteAndChangeNothing) {
    ASSERT_TRUE(post("col", {record("a", "1"), record("b", "2")}));
    const auto written = put("col", record("a", "1"));
    const auto stale = unmodified_since(earlier(*written));
    const auto check = [&](const auto& outcome) {
        ASSERT_EQ(kind(outcome), Kind::precondition_failed);
        EXPECT_EQ(outcome.error().last_modified, *written);
    };
    check(put("col", record("a", "x"), stale));
    check(post("col", {record("new", "x")}, stale));
    check(post("col", {}, stale));
    check(remove("col", "a", stale));
    check(remove_ids("col", {"b"}, stale));
    check(remove_collection("col", stale));
    check(remove_user(stale));
    check(open_batch("col", {}, stale));
    EXPECT_EQ(list("col")->rows.size(), 2u);
    EXPECT_EQ(info()->storage, *written);
    EXPECT_EQ(get("col", "a")->payload, "1");
}

TEST_P(StoreContract, EqualPreconditionsPass) {
    auto written = put("col", record("a", "1"));
    EXPECT_TRUE(written = put("col", record("a", "2"), unmodified_since(*written)));
    EXPECT_TRUE(written = post("col", {record("b", "2")}, unmodified_since(*written)));
    EXPECT_TRUE(written = remove_ids("col", {"x"}, unmodified_since(*written)));
    EXPECT_TRUE(open_batch("col", {}, unmodified_since(*written)));
    EXPECT_TRUE(remove_collection("col", unmodified_since(*written)));
}

TEST_P(StoreContract, PutAndRemoveLookAtTheRecordPostAtTheCollection) {
    const auto first = put("col", record("a", "1"));
    const auto second = put("col", record("b", "1"));
    EXPECT_TRUE(put("col", record("a", "2"), unmodified_since(*first)));
    EXPECT_EQ(kind(post("col", {record("a", "3")}, unmodified_since(*second))), Kind::precondition_failed);
    EXPECT_TRUE(remove("col", "b", unmodified_since(*second)));
    EXPECT_EQ(kind(remove_ids("col", {"zzz"}, unmodified_since(*second))), Kind::precondition_failed);
}

TEST_P(StoreContract, UnmodifiedSinceZeroMeansCreateOnly) {
    EXPECT_TRUE(put("col", record("a", "1"), unmodified_since({})));
    EXPECT_EQ(kind(put("col", record("a", "2"), unmodified_since({}))), Kind::precondition_failed);
    ASSERT_TRUE(remove("col", "a"));
    EXPECT_TRUE(put("col", record("a", "3"), unmodified_since({})));
    EXPECT_EQ(kind(remove("col", "missing", unmodified_since({}))), Kind::not_found);
    EXPECT_TRUE(post("new", {}, unmodified_since({})));
    EXPECT_EQ(kind(post("new", {}, unmodified_since({}))), Kind::precondition_failed);
}

TEST_P(StoreContract, AnExpiredRecordIsMissing) {
    ASSERT_TRUE(put("col", record("keep", "1")));
    const auto written = put("col", record("a", "payload", 5, 10));
    tick(9'990);
    EXPECT_TRUE(get("col", "a"));
    tick(10);
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
    EXPECT_EQ(list("col")->ids(), (std::vector<std::string>{"keep"}));
    EXPECT_EQ(list("col", {.ids = {"a", "keep"}})->ids(), (std::vector<std::string>{"keep"}));
    EXPECT_EQ(kind(remove("col", "a")), Kind::not_found);
    EXPECT_EQ(collections()["col"], *written);
    EXPECT_EQ(counts()->collections, (std::vector<std::pair<std::string, std::uint64_t>>{{"col", 1}}));
    EXPECT_EQ(usage()->collections, (std::vector<std::pair<std::string, std::uint64_t>>{{"col", 1}}));
    // Written over as if new: nothing of the old one is left, a precondition sees none.
    const auto again = put("col", record("a"), unmodified_since({}));
    ASSERT_TRUE(again);
    EXPECT_EQ(*get("col", "a"), (Row{"a", "", {}, *again}));
    tick(1'000'000);
    EXPECT_TRUE(get("col", "a"));
    EXPECT_EQ(counts()->collections.front().second, 2u);
    EXPECT_EQ(usage()->collections.front().second, 1u);
}

TEST_P(StoreContract, AnExpiredRecordIsWrittenOverByEveryKindOfUpdate) {
    for (const auto& update : {record("a", "new"), record("a", {}, 9), record("a", {}, {}, 1000)}) {
        ASSERT_TRUE(put("col", record("a", "old", 5, 0)));
        const auto again = post("col", {update});
        ASSERT_TRUE(again);
        EXPECT_EQ(*get("col", "a"), (Row{"a", update.payload.value_or(""), update.sortindex, *again}));
    }
}

TEST_P(StoreContract, TtlZeroIsGoneAtOnceAndASecondPutRenews) {
    ASSERT_TRUE(put("col", record("a", "1", {}, 0)));
    EXPECT_EQ(kind(get("col", "a")), Kind::not_found);
    ASSERT_TRUE(put("col", record("b", "1", {}, 10)));
    tick(6'000);
    ASSERT_TRUE(put("col", record("b", "2", {}, 10)));
    tick(6'000);
    EXPECT_TRUE(get("col", "b"));
    ASSERT_TRUE(put("col", record("b", {}, {}, 0)));
    EXPECT_EQ(kind(get("col", "b")), Kind::not_found);
}

TEST_P(StoreContract, AFarTtlIsTaken) {
    ASSERT_TRUE(put("col", record("a", "1", {}, 999'999'999)));
    tick(94'608'000'000);
    EXPECT_TRUE(get("col", "a"));
}

TEST_P(StoreContract, UsersAreSeparate) {
    for (UserId who = 1; who <= 40; ++who) {
        ASSERT_TRUE(put_now("col", record("a", std::to_string(who)), {}, who * 1'000'003));
    }
    for (UserId who = 1; who <= 40; ++who) {
        std::string payload;
        const auto outcome = run_on(loop_, [&] {
            return store_->get(loop_, who * 1'000'003, "col", "a", {},
                               [&](const RecordView& view) { payload = view.payload; });
        });
        ASSERT_TRUE(outcome);
        EXPECT_EQ(payload, std::to_string(who));
    }
}

TEST_P(StoreContract, EverythingIsThereAfterReopening) {
    const auto first = post("col", {record("a", "1", 3), record("b", "2", {}, 100)});
    const auto batch = open_batch("col", {record("c", "3")});
    const auto second = put("other", record("x", "y"));
    reopen();
    EXPECT_EQ(*get("col", "a"), (Row{"a", "1", 3, *first}));
    EXPECT_EQ(info()->storage, *second);
    EXPECT_EQ(collections(), (std::map<std::string, Timestamp>{{"col", *first}, {"other", *second}}));
    EXPECT_TRUE(commit_batch("col", batch->batch));
    EXPECT_EQ(list("col")->rows.size(), 3u);
    tick(100'000);
    EXPECT_EQ(kind(get("col", "b")), Kind::not_found);
}

TEST_P(StoreContract, AClosedStoreRefuses) {
    ASSERT_TRUE(put("col", record("a", "1")));
    store_->close();
    EXPECT_EQ(kind(put("col", record("a", "2"))), Kind::unavailable);
    EXPECT_EQ(kind(get("col", "a")), Kind::unavailable);
    EXPECT_EQ(kind(list("col")), Kind::unavailable);
    EXPECT_EQ(kind(info()), Kind::unavailable);
    store_->close();
    reopen();
    EXPECT_EQ(get("col", "a")->payload, "1");
}

}  // namespace
}  // namespace homespun::sync::store
