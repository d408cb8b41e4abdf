#include "base/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace homespun::base {
namespace {

using namespace std::string_view_literals;

TEST(TextTest, ComparesAsciiWithoutCase) {
    EXPECT_TRUE(iequals("Content-Type", "content-TYPE"));
    EXPECT_TRUE(iequals("", ""));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("@", "`")) << "only letters have a case";
    EXPECT_FALSE(iequals("\xC3\x84", "\xC3\xA4")) << "only ASCII letters have a case";
    EXPECT_EQ(to_lower("HoST: [\xC3\x84"), "host: [\xC3\x84");
}

TEST(TextTest, TrimsBothEnds) {
    EXPECT_EQ(trim(" \t a b \r\n"), "a b");
    EXPECT_EQ(trim(" \r\n\t "), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim("\0 "sv), "\0"sv);
}

TEST(TextTest, SplitsIntoPieces) {
    EXPECT_EQ(split("a,,b", ','), (std::vector{"a"sv, ""sv, "b"sv}));
    EXPECT_EQ(split("", ','), std::vector{""sv});
    EXPECT_EQ(split(",", ','), (std::vector{""sv, ""sv}));
}

TEST(TextTest, SplitPiecesJoinToTheText) {
    EXPECT_TRUE(rc::check([] {
        const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', ','));
        std::string joined;
        for (const auto piece : split(text, ',')) {
            RC_ASSERT(piece.find(',') == std::string_view::npos);
            joined.append(piece).append(",");
        }
        joined.pop_back();
        RC_ASSERT(joined == text);
    }));
}

TEST(Utf8Test, AcceptsTheEdgesOfEveryLength) {
    for (const auto good :
         {""sv, "\0"sv, "\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
          "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
        EXPECT_TRUE(is_utf8(good)) << testing::PrintToString(good);
    }
}

TEST(Utf8Test, RefusesWhatIsNone) {
    const std::string_view bad[] = {
        "\x80"sv,              // continuation alone
        "\xC0\x80"sv,          // overlong NUL
        "\xC1\xBF"sv,          // overlong
        "\xE0\x9F\xBF"sv,      // overlong
        "\xF0\x8F\xBF\xBF"sv,  // overlong
        "\xED\xA0\x80"sv,      // surrogate
        "\xED\xBF\xBF"sv,      // surrogate
        "\xF4\x90\x80\x80"sv,  // beyond U+10FFFF
        "\xF5\x80\x80\x80"sv,
        "\xFF"sv,
        "\xC2"sv,
        "\xE1\x80"sv,
        "\xF1\x80\x80"sv,
        "\xC2\x41"sv,
        "\xE1\x80\x41"sv,
        "a\xF1\x80\x80\xC0"sv,
    };
    for (const auto text : bad) {
        EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
    }
}

TEST(ParseIntegerTest, TakesAllOfTheTextOrNothing) {
    EXPECT_EQ(parse_integer<int>("-12"), -12);
    EXPECT_EQ(parse_integer<std::uint16_t>("65535"), 65535);
    EXPECT_EQ(parse_integer<std::int64_t>("9223372036854775807"), INT64_MAX);
    for (const auto bad : {"", "-", "+1", " 1", "1 ", "1x", "0x1", "1.0", "9223372036854775808"}) {
        EXPECT_FALSE(parse_integer<std::int64_t>(bad)) << bad;
    }
    EXPECT_FALSE(parse_integer<std::uint16_t>("65536"));
    EXPECT_FALSE(parse_integer<unsigned>("-1"));
}

TEST(PercentTest, DecodesAndRefuses) {
    EXPECT_EQ(percent_decode("a%2Fb%2f+"), "a/b/+");
    EXPECT_EQ(percent_decode("%00"), "\0"sv);
    for (const auto bad : {"%", "%4", "a%", "%4g", "%g4", "%%41", "% 41"}) {
        EXPECT_FALSE(percent_decode(bad)) << bad;
    }
}

TEST(PercentTest, EncodesAllButUnreserved) {
    EXPECT_EQ(percent_encode("aZ0-._~"), "aZ0-._~");
    EXPECT_EQ(percent_encode("/ ?\xC3\xA9"), "%2F%20%3F%C3%A9");
}

TEST(PercentTest, DecodesWhatItEncoded) {
    EXPECT_TRUE(rc::check(
        [](const std::string& bytes) { RC_ASSERT(percent_decode(percent_encode(bytes)) == bytes); }));
}

TEST(QueryTest, KeepsOrderAndTellsMissingFromEmpty) {
    const auto parameters = parse_query("full&ids=a%2Cb&ids=&x=1=2&a+b=c+d");
    ASSERT_EQ(parameters.size(), 5U);
    EXPECT_EQ(parameters[0].name, "full");
    EXPECT_FALSE(parameters[0].has_value);
    EXPECT_EQ(parameters[1].value, "a,b");
    EXPECT_TRUE(parameters[2].has_value);
    EXPECT_EQ(parameters[2].value, "");
    EXPECT_EQ(parameters[3].value, "1=2");
    EXPECT_EQ(parameters[4].name, "a b");
    EXPECT_EQ(parameters[4].value, "c d");
}

TEST(HtmlTest, EscapesWhatEndsATextOrAValue) {
    EXPECT_EQ(html_escape("a<b>&\"c'd"), "a&lt;b&gt;&amp;&quot;c&#39;d");
    EXPECT_EQ(html_escape("&amp;"), "&amp;amp;");
    EXPECT_EQ(html_escape("gr\u00fcn"), "gr\u00fcn");
    EXPECT_EQ(html_escape(""), "");
}

TEST(QueryTest, KeepsWhatDoesNotDecode) {
    EXPECT_TRUE(parse_query("").empty());
    EXPECT_TRUE(parse_query("&&").empty());
    const auto parameters = parse_query("a=%zz&=b");
    ASSERT_EQ(parameters.size(), 2U);
    EXPECT_EQ(parameters[0].value, "%zz");
    EXPECT_EQ(parameters[1].name, "");
}

TEST(QueryTest, ReadsBackEncodedParameters) {
    EXPECT_TRUE(rc::check([](const std::vector<std::pair<std::string, std::string>>& sent) {
        std::string query;
        for (const auto& [name, value] : sent)
            query += (query.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
        const auto got = parse_query(query);
        RC_ASSERT(got.size() == sent.size());
        for (std::size_t i = 0; i < sent.size(); ++i)
            RC_ASSERT(got[i].name == sent[i].first && got[i].value == sent[i].second);
    }));
}

}  // namespace
}  // namespace homespun::base
