#include "sync/client/stored_lines.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "sync/ops/export_format.hpp"

namespace homespun::sync::client {
namespace {

base::Result<std::vector<PlacedRecord>> read(std::string_view text, std::string_view collection = {}) {
    return placed_records(base::json::parse(text).value(), collection);
}

TEST(StoredLinesTest, ALineIsReadAsItWasWritten) {
    const PlacedRecord placed{"tabs", {"a\"b", "{\"x\":1}", 1795225889.10, -7}};
    const auto line = stored_line(placed);
    EXPECT_EQ(
        line,
        R"({"collection":"tabs","id":"a\"b","modified":1795225889.10,"sortindex":-7,"payload":"{\"x\":1}"})");
    const auto again = read(line).value();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(stored_line(again.front()), line);
    EXPECT_EQ(opened_line({"tabs", {"a"}}, "{\"n\":1.50}"),
              R"({"collection":"tabs","id":"a","record":{"n":1.50}})");
}

TEST(StoredLinesTest, AnExportIsRead) {
    const auto modified = store::Timestamp::from_ms(1795225889100);
    const auto line = [](std::string text) {
        text.pop_back();
        return text;
    };
    EXPECT_EQ(read(line(ops::header_line({7, "anna@example.org", 1, "0.1"}))).value().size(), 0U);
    EXPECT_EQ(read(line(ops::collection_line("tabs", modified))).value().size(), 0U);
    EXPECT_EQ(read(line(ops::end_line(1, 1))).value().size(), 0U);
    const auto record = read(line(ops::record_line("tabs", {"a", "payload", 3, 60, modified}))).value();
    ASSERT_EQ(record.size(), 1U);
    EXPECT_EQ(record[0].collection, "tabs");
    EXPECT_EQ(record[0].record.payload, "payload");
    const auto bytes = read(line(ops::record_line("tabs", {"a", "\xff", {}, {}, modified}))).value();
    EXPECT_EQ(bytes.at(0).record.payload, "\xff");
}

TEST(StoredLinesTest, WhatAServerSendsNeedsACollection) {
    constexpr std::string_view list = R"([{"id":"a","payload":"1"},{"id":"b","payload":"2"}])";
    EXPECT_NE(read(list).error().message.find("--collection"), std::string::npos);
    const auto both = read(list, "forms").value();
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[1].collection, "forms");
    EXPECT_EQ(both[1].record.id, "b");
}

TEST(StoredLinesTest, OtherThingsAreRefused) {
    for (const char* const text : {"1", "{}", R"({"id":"a"})", R"({"payload":"a"})", "[1]",
                                   R"({"collection":"c","id":7,"payload":"a"})",
                                   R"({"collection":"c","id":"a","payload_base64":"?"})"})
        EXPECT_FALSE(read(text, "forms")) << text;
}

}  // namespace
}  // namespace homespun::sync::client
