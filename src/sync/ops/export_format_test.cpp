#include "sync/ops/export_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace homespun::sync::ops {
namespace {

using store::sqlite::StoredRecord;
using testing::HasSubstr;

constexpr const char* header = R"({"homespun_export":1,"uid":7,"email":"a@b","made_at_ms":1,"program":"x"})";
constexpr const char* bookmarks = R"({"collection":"bookmarks","modified":1.00})";

/// What the reader says of these lines: the first error, or that of the end, or nothing.
std::string verdict(const std::vector<std::string>& lines) {
    ExportReader reader;
    for (const auto& line : lines) {
        if (const auto read = reader.read(line); !read) return read.error().message;
    }
    const auto whole = reader.finish();
    return whole ? "" : whole.error().message;
}

std::string record(const std::string& id, const std::string& collection = "bookmarks") {
    auto line = record_line(collection, {id, "payload", {}, {}, {100}});
    line.pop_back();
    return line;
}

std::string end(int collections, int records) {
    auto line = end_line(collections, records);
    line.pop_back();
    return line;
}

TEST(ExportFormatTest, WhatIsWrittenIsReadBack) {
    ExportReader reader;
    auto text = header_line({42, "a@b", 1'700'000'000'000, "0.1.0"});
    text.pop_back();
    const auto read = reader.read(text);
    ASSERT_TRUE(read) << read.error().message;
    const auto& back = std::get<ExportHeader>(*read);
    EXPECT_EQ(back.uid, 42u);
    EXPECT_EQ(back.email, "a@b");
    EXPECT_EQ(back.made_at_ms, 1'700'000'000'000);
    EXPECT_EQ(verdict({header, bookmarks, record("a"), record("b"), end(1, 2)}), "");
    EXPECT_EQ(verdict({header, end(0, 0)}), "");
}

RC_GTEST_PROP(ExportFormatTest, EveryPayloadComesBackByteForByte, (const std::string& payload)) {
    const auto line = record_line("history", {"id", payload, -5, 77, {170000000012}});
    RC_ASSERT(line.find('\n') == line.size() - 1);
    const auto read = parse_record_line(std::string_view(line).substr(0, line.size() - 1));
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->collection == "history");
    RC_ASSERT(read->update.id == "id");
    RC_ASSERT(read->update.payload == payload);
    RC_ASSERT(read->update.sortindex == std::optional<std::int64_t>(-5));
    RC_ASSERT(read->update.ttl == std::optional<std::int64_t>(77));
}

TEST(ExportFormatTest, BytesThatAreNoTextGoAsBase64) {
    const auto line = record_line("history", {"id", "\xff\xfe", {}, {}, {1}});
    EXPECT_THAT(line, HasSubstr(R"("payload_base64":"//4=")"));
    EXPECT_EQ(parse_record_line(line.substr(0, line.size() - 1))->update.payload, "\xff\xfe");
}

TEST(ExportFormatTest, ErrorsNameTheLine) {
    EXPECT_THAT(verdict({header, bookmarks, "nonsense"}), HasSubstr("line 3: it is no JSON"));
    EXPECT_THAT(verdict({R"({"a":1})"}), HasSubstr("line 1: this is no export of homespun"));
    EXPECT_THAT(verdict({R"({"homespun_export":2})"}), HasSubstr("line 1: the export has format 2"));
    EXPECT_THAT(verdict({header, R"({"collection":"no/name"})"}), HasSubstr("line 2: \"collection\""));
    EXPECT_THAT(verdict({header, bookmarks, R"({"collection":"bookmarks","id":"","payload":""})"}),
                HasSubstr("line 3: \"id\""));
    EXPECT_THAT(verdict({header, bookmarks, R"({"collection":"bookmarks","id":"a"})"}),
                HasSubstr("line 3: it must"));
    EXPECT_THAT(verdict({header, bookmarks, R"({"collection":"bookmarks","id":"a","payload":"","ttl":-1})"}),
                HasSubstr("line 3: \"ttl\""));
    EXPECT_THAT(
        verdict({header, bookmarks, R"({"collection":"bookmarks","id":"a","payload":"","sortindex":1.5})"}),
        HasSubstr("line 3: \"sortindex\""));
}

TEST(ExportFormatTest, OrderIsKeptSoThatNothingComesTwice) {
    EXPECT_THAT(verdict({header, bookmarks, record("a"), record("a")}), HasSubstr("line 4: record \"a\""));
    EXPECT_THAT(verdict({header, bookmarks, record("b"), record("a")}), HasSubstr("line 4: record \"a\""));
    EXPECT_THAT(verdict({header, bookmarks, bookmarks}), HasSubstr("line 3: collection bookmarks"));
    EXPECT_THAT(verdict({header, record("a")}), HasSubstr("line 2: a record of bookmarks"));
    EXPECT_THAT(verdict({header, bookmarks, record("a", "history")}),
                HasSubstr("line 3: a record of history"));
}

TEST(ExportFormatTest, WhatIsCutOffIsRefused) {
    EXPECT_THAT(verdict({}), HasSubstr("after line 0"));
    EXPECT_THAT(verdict({header, bookmarks, record("a")}), HasSubstr("cut off: it ends after line 3"));
    EXPECT_THAT(verdict({header, bookmarks, end(1, 1)}), HasSubstr("line 3: the sums are wrong"));
    EXPECT_THAT(verdict({header, end(0, 0), bookmarks}), HasSubstr("line 3: there is something behind"));
}

TEST(ExportFormatTest, APayloadAboveTheLimitIsRefused) {
    const auto fits = record_line("history", {"id", std::string(most_payload_bytes, 'x'), {}, {}, {1}});
    EXPECT_TRUE(parse_record_line(fits.substr(0, fits.size() - 1)));
    const auto large = record_line("history", {"id", std::string(most_payload_bytes + 1, 'x'), {}, {}, {1}});
    EXPECT_FALSE(parse_record_line(large.substr(0, large.size() - 1)));
}

}  // namespace
}  // namespace homespun::sync::ops
