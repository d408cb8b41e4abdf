#include "sync/client/record_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"

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
