#include "sync/store/sqlite/token_sqlite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using token::Node;
using token::NodeChange;

constexpr std::int64_t now = 1'700'000'000'000;

class TokenSqliteTest : public testing::Test {
  protected:
    TokenSqliteTest() : store_(std::move(*TokenSqlite::open(folder_.path() + "/token.db"))) {}

    void add(const std::string& url, std::int64_t capacity, std::int64_t load, bool backing_off = false,
             bool downed = false) {
        const NodeChange change{.available = 0,
                                .current_load = load,
                                .capacity = capacity,
                                .downed = downed,
                                .backing_off = backing_off};
        EXPECT_EQ(store_->add_node(url, change), true);
    }
    std::expected<token::Assignment, token::AssignFailure> assign(const std::string& email,
                                                                  std::int64_t keys = 10,
                                                                  const std::string& state = "aa",
                                                                  std::int64_t at = now) {
        return store_->assign(email, {.generation = keys, .keys_changed_at = keys, .client_state = state}, at,
                              admission_);
    }
    Node node(const std::string& url) {
        for (const auto& node : *store_->nodes())
            if (node.url == url) return node;
        ADD_FAILURE() << "no node " << url;
        return {};
    }

    sys::ScratchFolder folder_;
    token::Admission admission_;
    std::unique_ptr<TokenSqlite> store_;
};

TEST_F(TokenSqliteTest, FullNodesReleaseATenthAndTheLeastFullIsTaken) {
    // The numbers that the sheet requires (20).
    add("http://a", 100, 99);
    add("http://b", 100, 90);
    add("http://c", 81, 80);
    add("http://d", 71, 70, true);
    add("http://e", 61, 60, false, true);
    const auto given = assign("one@x");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->node, "http://b");
    EXPECT_EQ(node("http://a").available, 1);
    EXPECT_EQ(node("http://b").available, 9);
    EXPECT_EQ(node("http://b").current_load, 91);
    EXPECT_EQ(node("http://b").users, 1);
    EXPECT_EQ(node("http://c").available, 1);
    EXPECT_EQ(node("http://d").available, 1);
    EXPECT_EQ(node("http://e").available, 0);
}

TEST_F(TokenSqliteTest, OfEqualNodesTheOldestIsTakenAndFullOnesGiveNothing) {
    for (const auto* url : {"http://a", "http://b", "http://c"})
        EXPECT_EQ(store_->add_node(url, {.capacity = 1}), true);
    EXPECT_EQ(store_->add_node("http://a", {.capacity = 5}), false);
    EXPECT_EQ(node("http://a").available, 1);
    EXPECT_EQ(assign("1@x")->node, "http://a");
    EXPECT_EQ(assign("2@x")->node, "http://b");
    EXPECT_EQ(assign("3@x")->node, "http://c");
    const auto none = assign("4@x");
    ASSERT_FALSE(none);
    EXPECT_TRUE(std::holds_alternative<token::NoNodeLeft>(none.error()));
    EXPECT_EQ(assign("1@x")->node, "http://a");  // who has a place keeps it
}

TEST_F(TokenSqliteTest, UsersStayOnADownedNodeAndLeaveADrainedOne) {
    add("http://a", 100, 0);
    const auto first = assign("1@x")->uid;
    EXPECT_EQ(store_->change_node("http://a", {.downed = true}), true);
    EXPECT_EQ(assign("1@x")->uid, first);
    add("http://b", 100, 0);
    EXPECT_EQ(store_->unassign_node("http://a", now + 1).value(), 1);
    const auto moved = assign("1@x", 10, "aa", now + 2);
    EXPECT_NE(moved->uid, first);
    EXPECT_EQ(moved->node, "http://b");
    EXPECT_EQ(moved->client_state, "aa");
    EXPECT_EQ(store_->unassign_node("http://nowhere", now).value(), std::nullopt);
    EXPECT_EQ(store_->change_node("http://nowhere", {}), false);
}

TEST_F(TokenSqliteTest, ARemovedNodesUsersGoElsewhereAndOurOwnStays) {
    EXPECT_TRUE(store_->set_own_node("http://own"));
    EXPECT_EQ(store_->remove_node("http://own", now), false);
    add("http://b", 100, 0);
    EXPECT_EQ(store_->change_node("http://own", {.backing_off = true}), true);
    EXPECT_EQ(assign("1@x")->node, "http://b");
    EXPECT_EQ(store_->remove_node("http://b", now + 1), true);
    EXPECT_EQ(store_->change_node("http://own", {.backing_off = false}), true);
    EXPECT_EQ(assign("1@x", 10, "aa", now + 2)->node, "http://own");
    EXPECT_TRUE(node("http://own").own);
}

TEST_F(TokenSqliteTest, AUserCanBeMoved) {
    add("http://a", 100, 0);
    add("http://b", 100, 50);
    const auto first = *assign("1@x");
    EXPECT_EQ(first.node, "http://a");
    EXPECT_EQ(store_->move_user("1@x", "http://b", now + 1), true);
    const auto moved = *assign("1@x", 10, "aa", now + 2);
    EXPECT_EQ(moved.node, "http://b");
    EXPECT_NE(moved.uid, first.uid);
    EXPECT_EQ(node("http://b").current_load, 51);
    EXPECT_EQ(store_->move_user("1@x", "http://nowhere", now), false);
    EXPECT_EQ(store_->move_user("nobody@x", "http://b", now), false);
    EXPECT_EQ(store_->count_users(), 1);
}

TEST_F(TokenSqliteTest, NobodyNewComesWhenClosedOrFull) {
    add("http://a", 100, 0);
    admission_ = token::Admission({}, true, 2);
    EXPECT_TRUE(assign("1@x"));
    EXPECT_TRUE(assign("2@x"));
    const auto third = assign("3@x");
    ASSERT_FALSE(third);
    EXPECT_TRUE(std::holds_alternative<token::NewUsersDisabled>(third.error()));
    EXPECT_TRUE(assign("1@x", 20, "bb", now + 1));  // new keys are no new user
    EXPECT_TRUE(store_->retire("2@x", now + 2));
    EXPECT_TRUE(assign("3@x"));
    admission_ = token::Admission({}, false, 0);
    EXPECT_FALSE(assign("4@x"));
    EXPECT_TRUE(assign("3@x"));
}

TEST_F(TokenSqliteTest, ReplacedRowsQueueForThePurge) {
    add("http://a", 100, 0);
    const auto first = *assign("1@x", 10, "aa", now);
    const auto second = *assign("1@x", 20, "bb", now + 5);
    EXPECT_NE(first.uid, second.uid);
    EXPECT_EQ(node("http://a").current_load, 1);
    EXPECT_THAT(*store_->old_rows(now, 10), testing::IsEmpty());
    auto old = *store_->old_rows(now + 6, 10);
    ASSERT_EQ(old.size(), 1u);
    EXPECT_EQ(old[0].uid, first.uid);
    EXPECT_EQ(old[0].client_state, "aa");
    EXPECT_EQ(old[0].node, "http://a");
    EXPECT_FALSE(old[0].node_is_own);
    EXPECT_TRUE(store_->postpone_row(first.uid, now + 50));
    EXPECT_THAT(*store_->old_rows(now + 50, 10), testing::IsEmpty());
    EXPECT_TRUE(store_->forget_row(first.uid));
    EXPECT_EQ(node("http://a").current_load, 1);  // the second row has the place now
    EXPECT_TRUE(store_->forget_row(second.uid));  // in force: nothing happens
    EXPECT_EQ(store_->rows("1@x")->size(), 1u);
    EXPECT_TRUE(store_->retire("1@x", now + 60));
    EXPECT_TRUE(store_->forget_row(second.uid));
    EXPECT_THAT(*store_->rows("1@x"), testing::IsEmpty());
    EXPECT_EQ(node("http://a").current_load, 0);
}

TEST_F(TokenSqliteTest, WhoWasSentElsewhereAndStaysAwayIsNotPurged) {
    admission_ = token::Admission({}, true, 2);
    add("http://a", 100, 0);
    const auto drained = *assign("drained@x", 10, "aa", now);
    EXPECT_EQ(store_->unassign_node("http://a", now + 1).value(), 1);
    EXPECT_THAT(*store_->old_rows(now + 2, 10), testing::IsEmpty());
    const auto orphan = *assign("orphan@x", 10, "aa", now);
    EXPECT_EQ(store_->remove_node("http://a", now + 1), true);
    EXPECT_THAT(*store_->old_rows(now + 2, 10), testing::IsEmpty());
    EXPECT_EQ(store_->count_users(), 2);
    add("http://b", 100, 0);
    EXPECT_FALSE(assign("third@x"));  // the two still count

    // Back again: known by their keys, and now the old rows have a newer one before them.
    const auto stale = assign("drained@x", 10, "bb", now + 3);
    ASSERT_FALSE(stale);
    EXPECT_TRUE(std::holds_alternative<token::RuleBreach>(stale.error()));
    EXPECT_NE(assign("drained@x", 10, "aa", now + 4)->uid, drained.uid);
    EXPECT_NE(assign("orphan@x", 10, "aa", now + 4)->uid, orphan.uid);
    std::vector<std::uint64_t> old;
    for (const auto& row : *store_->old_rows(now + 2, 10))
        old.push_back(row.uid);
    EXPECT_THAT(old, testing::ElementsAre(drained.uid, orphan.uid));
    EXPECT_EQ(store_->count_users(), 2);
}

TEST_F(TokenSqliteTest, WhoWasSentElsewhereCanBeRetired) {
    add("http://a", 100, 0);
    ASSERT_TRUE(assign("1@x", 10, "aa", now));
    ASSERT_TRUE(assign("1@x", 20, "bb", now + 1));
    EXPECT_EQ(store_->unassign_node("http://a", now + 2).value(), 1);
    EXPECT_EQ(store_->count_users(), 1);
    ASSERT_TRUE(store_->retire("1@x", now + 3));
    EXPECT_EQ(store_->count_users(), 0);
    const auto old = *store_->old_rows(now + 3, 10);  // replaced when they were, not when retired
    ASSERT_EQ(old.size(), 2u);
    for (const auto& row : old)
        EXPECT_EQ(row.generation, std::numeric_limits<std::int64_t>::max());
    // One of them waits with its purge: it ends all the same, also after the newer one.
    EXPECT_TRUE(store_->forget_row(old[1].uid));
    EXPECT_EQ(store_->old_rows(now + 3, 10)->size(), 1u);
    EXPECT_EQ(store_->count_users(), 0);
    EXPECT_FALSE(assign("1@x", 20, "bb", now + 4));
}

TEST_F(TokenSqliteTest, ANewPasswordCountsForWhoWasSentElsewhere) {
    add("http://a", 100, 0);
    ASSERT_TRUE(assign("1@x", 10, "aa", now));
    EXPECT_EQ(store_->unassign_node("http://a", now + 1).value(), 1);
    ASSERT_TRUE(store_->raise_generation("1@x", 50));
    const auto before_the_change = assign("1@x", 40, "aa", now + 2);
    ASSERT_FALSE(before_the_change);
    EXPECT_EQ(std::get<token::RuleBreach>(before_the_change.error()), token::RuleBreach::old_generation);
    EXPECT_TRUE(assign("1@x", 50, "aa", now + 3));
}

TEST_F(TokenSqliteTest, RetiringLeavesOtherServicesAlone) {
    add("http://a", 100, 0);
    ASSERT_TRUE(assign("1@x", 10, "aa", now));
    auto other = Database::open(folder_.path() + "/token.db", {});
    ASSERT_TRUE(other);
    ASSERT_TRUE(
        other->execute("INSERT INTO services(service, pattern) VALUES('other-1.0', '');"
                       "INSERT INTO users(service, email, generation, client_state, created_at, "
                       "nodeid) VALUES(2, '1@x', 7, '', 1, 1)"));
    ASSERT_TRUE(store_->retire("1@x", now + 1));
    auto row = other->use("SELECT generation FROM users WHERE service = 2 AND replaced_at IS NULL");
    ASSERT_EQ(row.step(), true);
    EXPECT_EQ(row.integer(0), 7);
}

TEST_F(TokenSqliteTest, SmallNodesReleaseAPlaceToo) {
    add("http://a", 3, 0);  // a tenth of it is less than one
    EXPECT_EQ(assign("1@x")->node, "http://a");
    EXPECT_EQ(assign("2@x")->node, "http://a");
    EXPECT_EQ(assign("3@x")->node, "http://a");
    const auto none = assign("4@x");
    ASSERT_FALSE(none);
    EXPECT_TRUE(std::holds_alternative<token::NoNodeLeft>(none.error()));
    EXPECT_EQ(node("http://a").current_load, 3);
}

TEST_F(TokenSqliteTest, ANewPasswordLiftsTheGenerationOfTheCurrentRowOnly) {
    add("http://a", 100, 0);
    const auto generations = [&](const std::string& email) {
        std::vector<std::int64_t> found;  // newest first
        for (const auto& row : *store_->rows(email))
            found.push_back(row.generation);
        return found;
    };
    ASSERT_TRUE(assign("one@x", 10, "aa", now));
    ASSERT_TRUE(assign("one@x", 20, "bb", now + 1));  // replaces the row before it
    ASSERT_TRUE(assign("other@x", 10));
    ASSERT_TRUE(store_->raise_generation("one@x", 50));
    EXPECT_THAT(generations("one@x"), testing::ElementsAre(50, 10));
    EXPECT_THAT(generations("other@x"), testing::ElementsAre(10));
    ASSERT_TRUE(store_->raise_generation("one@x", 40));
    EXPECT_THAT(generations("one@x"), testing::ElementsAre(50, 10));
    ASSERT_TRUE(store_->raise_generation("nobody@x", 40));
    EXPECT_TRUE(store_->rows("nobody@x")->empty());
    // A retired account stays retired.
    ASSERT_TRUE(store_->retire("one@x", now + 2));
    ASSERT_TRUE(store_->raise_generation("one@x", 60));
    EXPECT_EQ(generations("one@x").front(), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
