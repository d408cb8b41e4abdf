#include "sync/weave/query.hpp"

#include <gtest/gtest.h>

using namespace homespun::sync;
using namespace homespun::sync::weave;

namespace {

std::optional<std::int64_t> time(std::string_view text) {
    const auto read = parse_time(text);
    return read ? std::optional(read->hundredths) : std::nullopt;
}

TEST(WeaveQueryTest, TimesRoundHalfEvenOnTheText) {
    EXPECT_EQ(time("1.005"), 100);
    EXPECT_EQ(time("1.015"), 102);
    EXPECT_EQ(time("1.025"), 102);
    EXPECT_EQ(time("1.0251"), 103);
    EXPECT_EQ(time("1.0250000000000000000000001"), 103);
    EXPECT_EQ(time("1.026"), 103);
    EXPECT_EQ(time("0.29"), 29);
    EXPECT_EQ(time("1795225889.10"), 179522588910);
    EXPECT_EQ(time("5"), 500);
    EXPECT_EQ(time("5."), 500);
    EXPECT_EQ(time(".5"), 50);
    EXPECT_EQ(time("-1.5"), -150);
    EXPECT_EQ(time("99999999999.99"), 9999999999999);
    for (const auto* text :
         {"", ".", "-", "x", "nan", "inf", "1e5", "1,5", "0x10", "1.5.5", "100000000000", "1 2"})
        EXPECT_EQ(time(text), std::nullopt) << text;
}

TEST(WeaveQueryTest, AllArguments) {
    const auto read = parse_query(
        "ids=a,b,,c&parentid=p&predecessorid=q&newer=1.5&older=2&index_above=-1.5&index_below=7&full&limit=3&"
        "offset=2&sort=index&client=FxHome");
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, (store::WeaveQuery{.ids = {{"a", "b", "c"}},
                                        .parentid = "p",
                                        .predecessorid = "q",
                                        .newer = store::Timestamp{150},
                                        .older = store::Timestamp{200},
                                        .index_above = -1.5,
                                        .index_below = 7,
                                        .order = store::WeaveOrder::index,
                                        .limit = 3,
                                        .offset = 2,
                                        .full = true}));
}

TEST(WeaveQueryTest, FullCountsWheneverItIsThere) {
    for (const auto* query : {"full", "full=", "full=0", "full=1"})
        EXPECT_TRUE(parse_query(query)->full) << query;
    EXPECT_FALSE(parse_query("")->full);
}

TEST(WeaveQueryTest, WhatMakesNoSenseIsIgnoredAndWhatIsNoNumberRefused) {
    EXPECT_EQ(*parse_query("limit=0&offset=-1&sort=up&junk=1"), store::WeaveQuery{});
    EXPECT_EQ(parse_query("offset=5")->offset, 0U);
    EXPECT_EQ(*parse_query("limit=-5&offset=5"), store::WeaveQuery{});
    EXPECT_EQ(parse_query("ids=")->ids, std::vector<std::string>{});
    for (const auto* name : {"newer", "older", "index_above", "index_below", "limit", "offset"})
        for (const auto* value : {"", "x", "nan", "inf", "1e999", "99999999999999999999999"}) {
            const auto read = parse_query(std::string(name) + "=" + value);
            ASSERT_FALSE(read) << name << "=" << value;
            EXPECT_EQ(read.error(), name);
        }
    EXPECT_FALSE(parse_query("limit=1.5"));
}

TEST(WeaveQueryTest, AcceptChoosesAndNeverRefuses) {
    EXPECT_EQ(negotiate(std::nullopt), Format::json);
    for (const auto* accept : {"", "*/*", "text/html", "application/*;q=0.1", ";;,", "application/json",
                               "application/json, application/newlines"})
        EXPECT_EQ(negotiate(accept), Format::json) << accept;
    EXPECT_EQ(negotiate("application/newlines"), Format::newlines);
    EXPECT_EQ(negotiate("application/whoisi"), Format::whoisi);
    EXPECT_EQ(negotiate("application/whoisi, application/newlines"), Format::newlines);
    EXPECT_EQ(negotiate("application/newlines;q=0.5, application/whoisi"), Format::whoisi);
    EXPECT_EQ(negotiate("application/json;q=0.5, application/newlines"), Format::newlines);
    EXPECT_EQ(negotiate("application/newlines;q=0"), Format::json);
}

std::string written(Format format) {
    ListWriter writer(format);
    writer.add("\"id1\"");
    writer.add("2");
    return writer.finish();
}

TEST(WeaveQueryTest, ListsInAllFormats) {
    EXPECT_EQ(written(Format::json), "[\"id1\",2]");
    EXPECT_EQ(written(Format::newlines), "\"id1\"\n2\n");
    EXPECT_EQ(written(Format::whoisi), std::string("\0\0\0\5\"id1\"\0\0\0\1"
                                                   "2",
                                                   14));
    EXPECT_EQ(ListWriter(Format::json).finish(), "[]");
}

}  // namespace
