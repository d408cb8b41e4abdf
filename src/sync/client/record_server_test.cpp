#include "sync/client/record_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "sync/accounts/test_loop.hpp"

namespace homespun::sync::client {
namespace {

using base::json::parse;

TEST(StoredRecordTest, ReadsWhatBothProtocolsSend) {
    const auto record =
        StoredRecord::read(parse(R"({"id":"a","modified":1234.50,"sortindex":-3,"payload":"p"})").value());
    ASSERT_TRUE(record);
    EXPECT_EQ(record->id, "a");
    EXPECT_EQ(record->payload, "p");
    EXPECT_EQ(seconds_text(record->modified.value()), "1234.50");
    EXPECT_EQ(record->sortindex, -3);
    const auto bare = StoredRecord::read(parse(R"({"id":"a","modified":1234})").value());
    ASSERT_TRUE(bare);
    EXPECT_EQ(seconds_text(bare->modified.value()), "1234.00");
    EXPECT_EQ(bare->payload, "");
    EXPECT_FALSE(StoredRecord::read(parse(R"({"payload":"p"})").value()));
    EXPECT_FALSE(StoredRecord::read(parse("[]").value()));
}

TEST(PortionsTest, EachIdComesOnceInShortRequests) {
    std::vector<std::string> ids;
    for (int i = 0; i < 333; ++i)
        ids.push_back("{" + std::to_string(i) + std::string(i % 60, '{') + "}");
    ids.insert(ids.begin() + 7, "a,b");
    ids.push_back(" blank");
    std::vector<std::string> found;
    for (const auto& portion : portions(ids)) {
        ASSERT_FALSE(portion.empty());
        std::size_t bytes = 0;
        for (const auto& id : portion) {
            bytes += base::percent_encode(id).size() + 1;
            found.push_back(id);
            if (id == "a,b" || id == " blank") EXPECT_EQ(portion.size(), 1U) << id;
        }
        EXPECT_LE(portion.size(), 50U);
        EXPECT_LE(bytes, 4000U);
    }
    std::ranges::sort(ids);
    std::ranges::sort(found);
    EXPECT_EQ(found, ids);
    EXPECT_TRUE(portions({}).empty());
}

/// Answers as no server of ours would: from a table, by method and path with its query.
class OddServer final : public RecordServer {
  public:
    std::map<std::string, std::vector<net::http::ClientResponse>> answers;
    std::vector<std::string> asked;

    base::Task<base::Result<net::http::ClientResponse>> send(std::string method, std::string path,
                                                             std::string,
                                                             net::http::Headers headers) override {
        if (const auto since = headers.find("X-If-Unmodified-Since")) path += " since " + std::string(*since);
        asked.push_back(method + " " + path);
        auto& left = answers[asked.back()];
        if (left.empty()) co_return base::fail("nobody expected " + asked.back());
        auto answer = left.front();
        if (left.size() > 1) left.erase(left.begin());  // the last is repeated
        co_return answer;
    }
};

net::http::ClientResponse page(std::string body, std::string next = {}) {
    net::http::ClientResponse response{200, {}, std::move(body)};
    if (!next.empty()) response.headers.add("X-Weave-Next-Offset", std::move(next));
    return response;
}

net::http::ClientResponse answer(int status) {
    return {status, {}, "0"};
}

struct RecordsTest : testing::Test {
    OddServer server;
    Records records{server};
    accounts::TestLoop loop;
};

TEST_F(RecordsTest, PageByPage) {
    server.answers["GET /storage/c"] = {page(R"(["a","b"])", "x:1")};
    server.answers["GET /storage/c?offset=x%3A1"] = {page(R"(["b","c"])", "2")};
    server.answers["GET /storage/c?offset=2"] = {page(R"(["d"])")};
    EXPECT_EQ(loop.run(records.ids("c")).value(), (std::vector<std::string>{"a", "b", "c", "d"}));
    server.answers["GET /storage/c?full=1&ids=a,b"] = {page(R"([{"id":"a","payload":"p"}])", "2")};
    server.answers["GET /storage/c?full=1&ids=a,b&offset=2"] = {page(R"([{"id":"b"}])")};
    const auto fetched = loop.run(records.fetch("c", {"a", "b"})).value();
    ASSERT_EQ(fetched.size(), 2U);
    EXPECT_EQ(fetched[0].payload + fetched[1].id, "pb");
}

TEST_F(RecordsTest, PagesThatLeadInACircleAreNotFollowed) {
    server.answers["GET /storage/c"] = {page(R"(["a"])", "1")};
    server.answers["GET /storage/c?offset=1"] = {page(R"(["b"])", "1"), page(R"(["c"])", "1")};
    auto circle = loop.run(records.ids("c"));
    ASSERT_FALSE(circle);
    EXPECT_NE(circle.error().message.find("circle"), std::string::npos) << circle.error().message;
    EXPECT_EQ(server.asked.size(), 2U) << "an offset again";

    server.answers["GET /storage/d?full=1&ids=a,b"] = {page(R"([{"id":"a"}])", "1")};
    server.answers["GET /storage/d?full=1&ids=a,b&offset=1"] = {page(R"([{"id":"a"}])", "2")};
    const auto stale = loop.run(records.fetch("d", {"a", "b"}));
    ASSERT_FALSE(stale);
    EXPECT_NE(stale.error().message.find("/storage/d"), std::string::npos) << stale.error().message;
    EXPECT_EQ(server.asked.size(), 4U) << "nothing new";
}

TEST_F(RecordsTest, MakesWhatIsNotThere) {
    int made = 0;
    const auto make = [&] {
        return loop.run(records.make("meta", "global", [&] { return "payload " + std::to_string(++made); }));
    };
    server.answers["GET /info/collections"] = {page("{}")};
    server.answers["GET /storage/meta/global"] = {answer(404)};
    server.answers["PUT /storage/meta/global since 0.00"] = {page("1")};
    EXPECT_EQ(make(), true);
    EXPECT_EQ(made, 1);

    // Sync 1.1 compares with the collection, in which others may have been before.
    server.answers["GET /info/collections"] = {page(R"({"meta":1234.5})")};
    server.answers["PUT /storage/meta/global since 1234.50"] = {page("1")};
    EXPECT_EQ(make(), true);

    // Somebody else was faster, first with another record, then with this one.
    server.answers["GET /info/collections"] = {page("{}"), page(R"({"meta":1.0})")};
    server.answers["PUT /storage/meta/global since 0.00"] = {answer(412)};
    server.answers["PUT /storage/meta/global since 1.00"] = {answer(412)};
    server.answers["GET /storage/meta/global"] = {answer(404), answer(404), page(R"({"id":"global"})")};
    EXPECT_EQ(make(), false);

    server.answers["GET /storage/meta/global"] = {answer(404)};
    const auto never = make();
    ASSERT_FALSE(never) << "not for ever";
    EXPECT_NE(never.error().message.find("412"), std::string::npos) << never.error().message;
}

TEST(RefusalTest, SaysWhatToDo) {
    const auto said = [](int status, std::string body, std::string after = {}) {
        net::http::ClientResponse response{status, {}, std::move(body)};
        if (!after.empty()) response.headers.add("Retry-After", after);
        return refusal("GET /x", response).message;
    };
    EXPECT_NE(said(401, "").find("log in again"), std::string::npos);
    EXPECT_NE(said(400, "14").find("quota"), std::string::npos);
    EXPECT_EQ(said(400, "8"), "GET /x: 400: 8");
    EXPECT_NE(said(412, "").find("another client"), std::string::npos);
    EXPECT_NE(said(503, "\"x\"", "7").find("in 7 s"), std::string::npos);
}

}  // namespace
}  // namespace homespun::sync::client
