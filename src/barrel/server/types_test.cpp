#include "barrel/server/types.hpp"

#include <string>

#include <gtest/gtest.h>

namespace homespun::barrel {
namespace {

struct Row {
    std::string_view type;
    std::string_view good;  ///< separated by blanks
    std::string_view bad;
};

class BuiltInTypes : public testing::TestWithParam<Row> {};

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        all.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

TEST_P(BuiltInTypes, TakeWhatTheyAreAndNothingElse) {
    for (const std::string& value : words(GetParam().good))
        EXPECT_TRUE(is_of_type(GetParam().type, value)) << value;
    for (const std::string& value : words(GetParam().bad))
        EXPECT_FALSE(is_of_type(GetParam().type, value)) << value;
    EXPECT_EQ(is_of_type(GetParam().type, ""),
              GetParam().type == "string" || GetParam().type == "bytes" || GetParam().type == "base64");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BuiltInTypes,
    testing::Values(
        Row{"json", "{} [1,2] null 1 \"a\"", "{ {]} {}{} nul"},
        Row{"int", "0 -5 +7 9223372036854775807", "1.0 a 1a - + +-1 9223372036854775808"},
        Row{"float", "1 -1.5 +2e3 .5", "inf nan 0x1 1,5 e ++1 1.5.2"}, Row{"string", "a é", "\xC3("},
        Row{"bool", "true false", "1 TRUE yes"},
        Row{"uuid", "123e4567-e89b-12d3-a456-426614174000",
            "123e4567e89b12d3a456426614174000 123e4567-e89b-12d3-a456-42661417400g"},
        Row{"uri", "http://a/b?c#d urn:x mailto:a@b.c", "a /b :x 1a:b http: a:%zz a:%4 a:é a:<b>"},
        Row{"email", "a@b.c a.b+c@d-e.org", "a @b.c a@b a@b..c a..b@c.d .a@b.c a@-b.c a@b.c@d.e a,b@c.d"},
        Row{"date", "2026-11-21 2024-02-29",
            "2026-02-29 2026-13-01 2026-00-01 2026-1-1 2026-11-21x 20261121"},
        Row{"date-time", "2026-11-21T03:42:15Z 2026-11-21T03:42:15.123+01:00 2016-12-31T23:59:60Z",
            "2026-11-21T03:42:15 2026-11-21T24:00:00Z 2026-11-21T03:42:15.Z 2026-11-21T03:42:15+0100 "
            "2026-11-21"},
        Row{"base64", "YQ== YWJj", "YQ YQ= Y* YR=="}, Row{"bytes", "a \xFF", ""}),
    [](const auto& row) {
        std::string name(row.param.type);
        std::erase(name, '-');
        return name;
    });

TEST(UnknownType, IsNoType) {
    EXPECT_FALSE(is_of_type("thing", "x"));
}

}  // namespace
}  // namespace homespun::barrel
