#include "sync/weave/wbo.hpp"

#include <gtest/gtest.h>

using namespace homespun::sync;
using namespace homespun::sync::weave;

namespace {

using Failed = std::vector<std::pair<std::string, std::string>>;

const Limits limits;

store::WeaveUpdate put(std::string_view body) {
    auto read = read_put(body, "x", limits);
    EXPECT_TRUE(read) << body << ": " << (read ? "" : read.error().detail);
    return read ? *read : store::WeaveUpdate{};
}

int fault_of_put(std::string_view body) {
    const auto read = read_put(body, "x", limits);
    return read ? 0 : static_cast<int>(read.error().fault);
}

PostBody post(std::string_view body, const Limits& its = limits) {
    auto read = read_post(body, its);
    EXPECT_TRUE(read) << body;
    return read ? std::move(*read) : PostBody{};
}

TEST(WboTest, TheIdOfTheAddressCounts) {
    EXPECT_EQ(put(R"({"id":"other","payload":"p"})"), (store::WeaveUpdate{.id = "x", .payload = "p"}));
    EXPECT_EQ(put(R"({"payload":""})").payload, "");
}

TEST(WboTest, FieldsAreReadAsClientsOfThoseDaysSentThem) {
    const auto update =
        put(R"({"parentid":12,"predecessorid":"p","sortindex":"5.5","ttl":"60","modified":1,"junk":true})");
    EXPECT_EQ(update, (store::WeaveUpdate{
                          .id = "x", .parentid = "12", .predecessorid = "p", .sortindex = 5, .ttl = 60}));
    EXPECT_EQ(put(R"({"sortindex":-5.9})").sortindex, -5);
    EXPECT_EQ(put(R"({"sortindex":"-5"})").sortindex, -5);
    EXPECT_EQ(put(R"({"sortindex":true})").sortindex, 1);
    EXPECT_EQ(put(R"({"sortindex":-999999999})").sortindex, -999999999);
    EXPECT_EQ(put(R"({"payload":null,"sortindex":null,"ttl":null,"parentid":null})"),
              (store::WeaveUpdate{.id = "x"}));
    EXPECT_EQ(put(R"({"ttl":0})").ttl, 0);
    EXPECT_EQ(put(R"({"ttl":31536000})").ttl, 31536000);
}

TEST(WboTest, WhatIsWrongWithASingleRecordRefusesIt) {
    for (const auto* body :
         {R"([])", R"("text")", R"(1)", R"({"payload":1})", R"({"payload":{}})", R"({"unknown":[]})",
          R"({"unknown":{}})", R"({"sortindex":"x"})", R"({"sortindex":1000000000})",
          R"({"sortindex":-9223372036854775808})", R"({"sortindex":"1e99"})", R"({"sortindex":"nan"})",
          R"({"ttl":-1})", R"({"ttl":31536001})", R"({"ttl":1.5})", R"({"ttl":"1.5"})", R"({"ttl":"x"})"})
        EXPECT_EQ(fault_of_put(body), 8) << body;
    EXPECT_EQ(fault_of_put(R"({"parentid":")" + std::string(65, 'p') + R"("})"), 8);
    for (const auto* body : {"", "{", "{}x", "\xff"})
        EXPECT_EQ(fault_of_put(body), 6) << body;
    EXPECT_FALSE(read_put("{}", std::string(65, 'x'), limits));
    EXPECT_FALSE(read_put("{}", "a/b", limits));
}

TEST(WboTest, APayloadCountsInBytes) {
    const auto of = [](std::size_t pairs) {
        std::string text;
        for (std::size_t n = 0; n < pairs; ++n)
            text += "\xc3\xa9";
        return R"({"payload":")" + text + R"("})";
    };
    EXPECT_EQ(fault_of_put(of(131'072)), 0);
    EXPECT_EQ(fault_of_put(of(131'073)), 8);
}

TEST(WboTest, APostOfAnObjectIsASingleWrite) {
    const auto read = post(R"({"id":7,"payload":"p"})");
    EXPECT_TRUE(read.single);
    EXPECT_EQ(read.updates, (std::vector{store::WeaveUpdate{.id = "7", .payload = "p"}}));
    for (const auto* body :
         {R"({})", R"({"id":"a/b"})", R"({"id":""})", R"({"id":"\u00e9"})", R"("x")", R"(null)"})
        EXPECT_FALSE(read_post(body, limits)) << body;
}

TEST(WboTest, AListSaysWhatIsWrongWithEach) {
    const auto read = post(R"([{"id":"a","payload":"1"}, 5, {"payload":"no id"}, {"id":"b","ttl":"x"},
        {"id":"c","x":{}}, {"id":"\u00e9"}, {"id":"a/b"}, {"id":12}, {"id":"d","payload":4},{"id":"a","sortindex":1}])");
    EXPECT_FALSE(read.single);
    EXPECT_EQ(read.success, (std::vector<std::string>{"a", "12", "a"}));
    EXPECT_EQ(read.failed, (Failed{{"", "invalid wbo"},
                                   {"a/b", "invalid id"},
                                   {"b", "invalid ttl"},
                                   {"d", "payload not a string"},
                                   {"\xc3\xa9", "invalid id"}}));
    EXPECT_EQ(read.updates.size(), 3U);
}

TEST(WboTest, TheLimitsOfAListAreThoseOfTheReference) {
    std::string body = "[";
    for (int n = 0; n < 102; ++n)
        body += (n > 0 ? "," : "") + std::string(R"({"id":"r)") + std::to_string(n) + R"("})";
    const auto many = post(body + "]");
    EXPECT_EQ(many.success.size(), 100U);
    EXPECT_EQ(many.failed, (Failed{{"r100", "retry wbo"}, {"r101", "retry wbo"}}));

    Limits small;
    small.max_batch_bytes = 10;
    const auto read = post(
        R"([{"id":"a","payload":"123456789"},{"id":"b","payload":"1"},{"id":"c","payload":""},{"id":"d","ttl":-1}])",
        small);
    EXPECT_EQ(read.success, (std::vector<std::string>{"a"}));
    EXPECT_EQ(read.failed, (Failed{{"b", "retry bytes"}, {"c", "retry bytes"}, {"d", "invalid ttl"}}));
}

TEST(WboTest, OnlyFieldsThatHaveAValueAreShown) {
    std::string out;
    append_json(out, {.id = "x",
                      .payload = "p\"",
                      .parentid = {},
                      .predecessorid = {},
                      .sortindex = {},
                      .modified = {179522588910}});
    EXPECT_EQ(out, R"({"id":"x","modified":1795225889.10,"payload":"p\""})");
    out.clear();
    append_json(out, {.id = "x",
                      .payload = "",
                      .parentid = "a",
                      .predecessorid = "b",
                      .sortindex = -1,
                      .modified = {100}});
    EXPECT_EQ(out,
              R"({"id":"x","modified":1.00,"parentid":"a","predecessorid":"b","sortindex":-1,"payload":""})");
}

}  // namespace
