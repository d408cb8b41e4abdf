// The purge with real databases, and with nodes that are real HTTP servers on this machine.
#include "sync/token/old_rows.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/keeping_logger_fixture.hpp"
#include "net/io/server.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/token_sqlite.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::token {
namespace {

using net::http::Request;
using net::http::Response;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t now_ms = 1'700'000'000'000;
constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

/// Another node: answers all with one status and counts.
class NodeServer final : public net::http::Application {
  public:
    explicit NodeServer(net::Loop& loop, const base::Clock& clock, base::Logger& logger)
        : server_({&loop}, *this, clock, logger) {
        auto listener = net::Listener::open(*net::Address::parse("127.0.0.1:0"));
        url_ = "http://" + listener->address().text();
        server_.listen(std::move(*listener));
    }
    net::http::Plan plan(Request&) override { return {}; }
    base::Task<Response> handle(Request& request) override {
        if (request.method == "DELETE" && request.headers.has("Authorization")) ++deletions;
        co_return Response(status, "application/json", "{}");
    }
    Response refuse(Request&, net::http::Refusal refusal) override {
        return Response(net::http::status_of(refusal), "text/plain", "refused");
    }
    [[nodiscard]] const std::string& url() const { return url_; }
    std::atomic<int> deletions = 0, status = 200;

  private:
    net::Server server_;
    std::string url_;
};

class OldRowsTest : public testing::Test {
  protected:
    OldRowsTest()
        : store_(std::move(*store::sqlite::TokenSqlite::open(folder_ / "token.db"))),
          records_(std::move(*store::sqlite::SqliteStore::open(
              {.directory = folder_ / "store", .shards = 1, .clock = clock_, .logger = log_}))) {}
    ~OldRowsTest() override {
        records_->close();
        threads_.stop_and_join();
    }

    NodeServer& node_server() {
        servers_.push_back(std::make_unique<NodeServer>(threads_[0], clock_, log_));
        return *servers_.back();
    }
    /// Users on that node, whose rows are replaced now and have nobody to come back.
    void retired_users(const std::string& node, const std::string& name, int count) {
        ASSERT_EQ(store_->add_node(node, {.available = 100, .capacity = 100}), true);
        for (int i = 0; i < count; ++i) {
            const auto email = fmt::format("{}{}@x", name, i);
            const auto user = store_->assign(email, {10, 10, "aa"}, clock_.now_ms(), {});
            ASSERT_TRUE(user);
            ASSERT_EQ(user->node, node);
            ASSERT_TRUE(store_->retire(email, clock_.now_ms()));
        }
        ASSERT_EQ(store_->change_node(node, {.backing_off = true}), true);
    }
    /// Removed and postponed by a purge a day and a minute later.
    std::pair<std::int64_t, std::int64_t> purge_a_day_later() {
        clock_.advance_ms(day_ms + 60'000);
        const auto done = net::run_here(home_, old_rows_.purge(home_, old_row_grace_ms, false));
        EXPECT_TRUE(done);
        return done ? std::pair(done->removed, done->postponed)
                    : std::pair<std::int64_t, std::int64_t>{-1, -1};
    }

    sys::ScratchFolder folder_;
    base::ManualClock clock_{now_ms};
    base::SystemRandom random_;
    base::KeepingLogger log_;
    net::Loop home_;
    net::LoopThreads threads_{1};
    std::vector<std::unique_ptr<NodeServer>> servers_;  // go after the threads have ended
    std::unique_ptr<store::sqlite::TokenSqlite> store_;
    std::unique_ptr<store::sqlite::SqliteStore> records_;
    sys::BlockingPool pool_{1, 100};
    net::Client client_{home_};
    const protocol::Tokens tokens_{{"secret"}};
    OldRows old_rows_{{*store_, pool_, *records_, tokens_, client_, clock_, random_, log_}};
};

TEST_F(OldRowsTest, ANodeThatDoesNotAnswerIsAskedOnceARun) {
    retired_users("http://127.0.0.1:1", "lost", 12);  // nobody listens there
    auto& alive = node_server();
    retired_users(alive.url(), "found", 12);
    EXPECT_EQ(purge_a_day_later(), std::pair(std::int64_t{12}, std::int64_t{12}));
    EXPECT_EQ(log_.count("old_user_not_purged"), 1) << log_.text();
    EXPECT_EQ(alive.deletions, 12);
    EXPECT_EQ(purge_a_day_later(), std::pair(std::int64_t{0}, std::int64_t{12}));
    EXPECT_EQ(log_.count("old_user_not_purged"), 2) << log_.text();
}

TEST_F(OldRowsTest, ANodeThatIsIllIsAskedOnceARunAndOneThatRefusesEachTime) {
    auto &ill = node_server(), &strict = node_server();
    retired_users(ill.url(), "ill", 3);
    retired_users(strict.url(), "strict", 3);
    ill.status = 503;
    strict.status = 401;  // says nothing about the next row
    EXPECT_EQ(purge_a_day_later(), std::pair(std::int64_t{0}, std::int64_t{6}));
    EXPECT_EQ(ill.deletions, 1);
    EXPECT_EQ(strict.deletions, 3);
    ill.status = strict.status = 404;  // they have no such user: done
    EXPECT_EQ(purge_a_day_later(), std::pair(std::int64_t{6}, std::int64_t{0}));
}

TEST_F(OldRowsTest, WhoStaysAwayFromADrainedNodeKeepsRowAndData) {
    ASSERT_TRUE(store_->set_own_node("http://own"));
    const auto user = store_->assign("a@x", {10, 10, "aa"}, clock_.now_ms(), {});
    ASSERT_TRUE(user);
    ASSERT_TRUE(net::run_here(home_, records_->put(home_, user->uid, "col", {"id", "kept", {}, {}}, {})));
    ASSERT_EQ(store_->unassign_node("http://own", clock_.now_ms()).value(), 1);
    const auto collections = [&] {
        return net::run_here(home_, records_->info(home_, user->uid, {}))->collections.size();
    };
    EXPECT_EQ(purge_a_day_later(), std::pair(std::int64_t{0}, std::int64_t{0}));
    EXPECT_EQ(collections(), 1U);
    ASSERT_TRUE(store_->assign("a@x", {10, 10, "aa"}, clock_.now_ms(), {}));
    EXPECT_EQ(purge_a_day_later(), std::pair(std::int64_t{1}, std::int64_t{0}));
    EXPECT_EQ(collections(), 0U);
}

TEST_F(OldRowsTest, DataOfOneUserGoFromEveryNodeThatAnswers) {
    ASSERT_EQ(store_->add_node("http://127.0.0.1:1", {.available = 10, .capacity = 10}), true);
    ASSERT_TRUE(store_->assign("a@x", {10, 10, "aa"}, clock_.now_ms(), {}));
    clock_.advance_ms(10);
    auto& alive = node_server();
    ASSERT_EQ(store_->add_node(alive.url(), {.available = 10, .capacity = 10}), true);
    ASSERT_EQ(store_->move_user("a@x", alive.url(), clock_.now_ms()), true);
    clock_.advance_ms(10);
    ASSERT_EQ(store_->move_user("a@x", "http://127.0.0.1:1", clock_.now_ms()), true);
    const auto removed = net::run_here(home_, old_rows_.remove_data(home_, "a@x"));
    ASSERT_FALSE(removed);
    EXPECT_THAT(removed.error().message, testing::HasSubstr("http://127.0.0.1:1"));
    EXPECT_EQ(alive.deletions, 1);
    EXPECT_EQ(log_.count("old_user_not_purged"), 1) << log_.text();  // two rows there, asked once
    ASSERT_EQ(store_->remove_node("http://127.0.0.1:1", clock_.now_ms()), true);
    EXPECT_TRUE(net::run_here(home_, old_rows_.remove_data(home_, "a@x")));
}

}  // namespace
}  // namespace homespun::sync::token
