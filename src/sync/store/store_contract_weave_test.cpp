#include "sync/store/store_contract_weave_test.hpp"

#include <limits>

// Rules for clients of Sync 1.0 and 1.1: sync-legacy sheet, sections 4.1 to 4.6.
namespace homespun::sync::store {
namespace {

using Kind = Failure::Kind;
using Ids = WeaveContract::Ids;
using Stamps = WeaveContract::Stamps;

TEST_P(WeaveContract, ARecordKeepsAllItsFields) {
    const auto written =
        put({.id = "a", .payload = "p", .parentid = "up", .predecessorid = "left", .sortindex = -5});
    ASSERT_TRUE(written);
    EXPECT_EQ(find(), (std::vector<Wbo>{{"a", "p", "up", "left", -5, *written}}));
    EXPECT_EQ(stamps(), (Stamps{{"col", *written}}));
    reopen();
    EXPECT_EQ(find(), (std::vector<Wbo>{{"a", "p", "up", "left", -5, *written}}));
}

TEST_P(WeaveContract, WhatAWriteDoesNotSayStays) {
    ASSERT_TRUE(put({.id = "a", .payload = "p", .parentid = "up", .sortindex = 5}));
    const auto second = put({.id = "a", .payload = "q", .predecessorid = "left"});
    EXPECT_EQ(find(), (std::vector<Wbo>{{"a", "q", "up", "left", 5, *second}}));
}

TEST_P(WeaveContract, ASingleWriteWithoutPayloadLeavesModifiedAlone) {
    const auto first = put({.id = "a", .payload = "p"});
    EXPECT_EQ(*put({.id = "a", .parentid = "up", .sortindex = 9}), *first);
    EXPECT_EQ(find(), (std::vector<Wbo>{{"a", "p", "up", {}, 9, *first}}));
    EXPECT_EQ(stamps(), (Stamps{{"col", *first}}));
    const auto created = put({.id = "b", .sortindex = 1});
    EXPECT_GT(*created, *first);
    EXPECT_EQ(find({.ids = Ids{"b"}}), (std::vector<Wbo>{{"b", "", {}, {}, 1, *created}}));
}

TEST_P(WeaveContract, ABatchGivesAllTheOneTimestamp) {
    ASSERT_TRUE(put({.id = "a", .payload = "p"}));
    const auto batch = write({{.id = "a", .sortindex = 1}, {.id = "b"}, {.id = "b", .payload = "last"}});
    EXPECT_EQ(find(), (std::vector<Wbo>{{"a", "p", {}, {}, 1, *batch}, {"b", "last", {}, {}, {}, *batch}}));
}

TEST_P(WeaveContract, AnEmptyListLeavesNothingBehind) {
    EXPECT_TRUE(write({}));
    EXPECT_EQ(stamps(), Stamps{});
    EXPECT_EQ(counts({}, weaver)->collections.size(), 0U);
}

TEST_P(WeaveContract, EveryWriteWithoutTtlMakesARecordLastForEver) {
    ASSERT_TRUE(put({.id = "a", .payload = "p", .ttl = 10}));
    ASSERT_TRUE(put({.id = "a", .sortindex = 1}));
    tick(20'000);
    EXPECT_EQ(ids(), Ids{"a"});
}

TEST_P(WeaveContract, WhatHasExpiredIsGoneButItsCollectionIsListed) {
    const auto first = put({.id = "a", .payload = "p", .parentid = "up", .sortindex = 3, .ttl = 1});
    ASSERT_TRUE(put({.id = "now", .payload = "p", .ttl = 0}));
    EXPECT_EQ(ids(), Ids{"a"});
    tick(2'000);
    EXPECT_EQ(ids(), Ids{});
    ASSERT_EQ(stamps().size(), 1U);
    EXPECT_GE(stamps().front().second, *first);
    EXPECT_EQ(counts({}, weaver)->collections.size(), 0U);
    const auto again = put({.id = "a", .sortindex = 4});
    EXPECT_EQ(find(), (std::vector<Wbo>{{"a", "", {}, {}, 4, *again}}))
        << "a record that expired comes back as a new one";
}

TEST_P(WeaveContract, QueriesSelect) {
    const auto t1 = write({{.id = "a", .payload = "p", .parentid = "x", .sortindex = 1}});
    const auto t2 =
        write({{.id = "b", .payload = "p", .parentid = "x", .predecessorid = "a", .sortindex = 2}});
    const auto t3 =
        write({{.id = "c", .payload = "p", .parentid = "y", .sortindex = 3}, {.id = "d", .payload = "p"}});
    EXPECT_EQ(ids(), (Ids{"a", "b", "c", "d"}));
    EXPECT_EQ(ids({.ids = Ids{"d", "a", "none", "a"}}), (Ids{"a", "d"}));
    EXPECT_EQ(ids({.ids = Ids{}}), Ids{});
    EXPECT_EQ(ids({.parentid = "x"}), (Ids{"a", "b"}));
    EXPECT_EQ(ids({.parentid = ""}), Ids{});
    EXPECT_EQ(ids({.parentid = "x", .predecessorid = "a"}), Ids{"b"});
    EXPECT_EQ(ids({.newer = *t1}), (Ids{"b", "c", "d"}));
    EXPECT_EQ(ids({.older = *t3}), (Ids{"a", "b"}));
    EXPECT_EQ(ids({.newer = *t1, .older = *t3}), Ids{"b"}) << "both bounds apply";
    EXPECT_EQ(ids({.index_above = 1}), (Ids{"b", "c"})) << "no sortindex never fits";
    EXPECT_EQ(ids({.index_above = 1.5}), (Ids{"b", "c"}));
    EXPECT_EQ(ids({.index_below = 2.5}), (Ids{"a", "b"}));
    EXPECT_EQ(ids({.index_above = 1, .index_below = 3}), Ids{"b"});
    EXPECT_EQ(ids({.index_below = -0.5}), Ids{});
    (void)t2;
}

TEST_P(WeaveContract, QueriesOrderAndPage) {
    ASSERT_TRUE(write({{.id = "z", .sortindex = 1}, {.id = "m"}, {.id = "b", .sortindex = 7}}));
    ASSERT_TRUE(write({{.id = "a", .sortindex = -3}}));
    EXPECT_EQ(ids(), (Ids{"z", "m", "b", "a"})) << "as they came";
    EXPECT_EQ(ids({.order = WeaveOrder::index}), (Ids{"b", "z", "a", "m"})) << "those without one are last";
    EXPECT_EQ(ids({.order = WeaveOrder::oldest}).back(), "a");
    EXPECT_EQ(ids({.order = WeaveOrder::newest}).front(), "a");
    EXPECT_EQ(ids({.limit = 2}), (Ids{"z", "m"}));
    EXPECT_EQ(ids({.limit = 2, .offset = 2}), (Ids{"b", "a"}));
    EXPECT_EQ(ids({.limit = 2, .offset = 3}), Ids{"a"});
    EXPECT_EQ(ids({.limit = 2, .offset = 9}), Ids{});
    EXPECT_EQ(ids({.order = WeaveOrder::index, .limit = 1, .offset = 1}), Ids{"z"});
    EXPECT_EQ(ids({.limit = std::numeric_limits<std::uint64_t>::max(), .offset = 1}), (Ids{"m", "b", "a"}));
    ASSERT_TRUE(put({.id = "z", .payload = "again"}));
    EXPECT_EQ(ids(), (Ids{"z", "m", "b", "a"})) << "a record keeps its place";
}

TEST_P(WeaveContract, RemovalsHonourTheQuery) {
    ASSERT_TRUE(write({{.id = "a", .sortindex = 3},
                       {.id = "b", .sortindex = 1},
                       {.id = "c", .sortindex = 2},
                       {.id = "d", .parentid = "x"}}));
    ASSERT_TRUE(drop({.order = WeaveOrder::index, .limit = 2, .offset = 2}));
    EXPECT_EQ(ids(), (Ids{"b", "d"})) << "order and limit count, the offset does not";
    ASSERT_TRUE(drop({.parentid = "x"}));
    EXPECT_EQ(ids(), Ids{"b"});
    ASSERT_TRUE(drop({.ids = Ids{}}));
    EXPECT_EQ(ids(), Ids{"b"});
    EXPECT_EQ(counts({}, weaver)->collections,
              (std::vector<std::pair<std::string, std::uint64_t>>{{"col", 1}}));
    ASSERT_TRUE(drop({.ids = Ids{"b", "none"}}));
    EXPECT_EQ(stamps(), Stamps{}) << "a collection without records is none";
    EXPECT_TRUE(drop({.ids = Ids{"b"}}));
}

TEST_P(WeaveContract, ARemovalWithoutConditionsTakesAll) {
    ASSERT_TRUE(write({{.id = "a", .payload = "p"}, {.id = "b", .ttl = 0}}));
    const auto removed = drop();
    ASSERT_TRUE(removed);
    EXPECT_EQ(ids(), Ids{});
    EXPECT_EQ(stamps(), Stamps{});
    EXPECT_TRUE(drop());
    const auto again = put({.id = "a", .payload = "q"});
    EXPECT_GT(*again, *removed);
    EXPECT_EQ(ids(), Ids{"a"});
}

TEST_P(WeaveContract, ThePreconditionCountsAgainstTheLatestRecord) {
    const auto first = put({.id = "a", .payload = "p"});
    EXPECT_TRUE(write({{.id = "b", .sortindex = 1}}, WeaveWrite::single, unmodified_since(*first)));
    const auto second = put({.id = "c", .payload = "p"});
    const auto refused = write({{.id = "d", .payload = "p"}}, WeaveWrite::batch, unmodified_since(*first));
    EXPECT_EQ(kind(refused), Kind::precondition_failed);
    EXPECT_EQ(refused.error().last_modified, *second);
    EXPECT_EQ(kind(drop({}, unmodified_since(*first))), Kind::precondition_failed);
    EXPECT_EQ(ids(), (Ids{"a", "b", "c"}));
    EXPECT_TRUE(write({{.id = "d"}}, WeaveWrite::single, unmodified_since(*second)));
    EXPECT_TRUE(write({{.id = "x"}}, WeaveWrite::batch, unmodified_since({1}), "unknown"));
}

TEST_P(WeaveContract, UsersDoNotSeeEachOther) {
    ASSERT_TRUE(put({.id = "a", .payload = "p"}));
    std::uint64_t rows = run_on(loop_, [&] {
                             return store_->weave()->weave_find(loop_, weaver + 1, "col", {},
                                                                [](const WeaveView&) { FAIL(); });
                         }).value();
    EXPECT_EQ(rows, 0U);
    ASSERT_TRUE(remove_user({}, weaver));
    EXPECT_EQ(stamps(), Stamps{});
}

}  // namespace
}  // namespace homespun::sync::store
