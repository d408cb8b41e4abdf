#include "barrel/rbr/url.hpp"

#include <gtest/gtest.h>

namespace homespun::barrel::rbr {
namespace {

Url read(std::string_view text) {
    auto url = parse_url(text);
    if (!url) {
        ADD_FAILURE() << text << ": " << url.error().message;
        return {};
    }
    return std::move(*url);
}

TEST(RbrUrl, TheRootIsOneEmptySegment) {
    ASSERT_EQ(read("/").segments.size(), 1U);
    EXPECT_EQ(read("/").segments[0].text, "");
}

TEST(RbrUrl, ASlashAtTheEndIsASegment) {
    EXPECT_EQ(read("/a/").segments.size(), 2U);
}

TEST(RbrUrl, TextsAreDecoded) {
    EXPECT_EQ(read("/a%20%2Fb").segments[0].text, "a /b");
}

TEST(RbrUrl, ExpressionsMayHoldSlashesAndBraces) {
    const Url url = read(R"(/{a:x{2}/\}y}/b)");
    ASSERT_EQ(url.segments.size(), 2U);
    EXPECT_EQ(url.segments[0].regex, R"(x{2}/\}y)");
}

TEST(RbrUrl, WritesItselfBack) {
    for (const std::string_view text :
         {"/", "/a/", "/a%20b/{c}/{d:[0-9]{2}}/{e...}", "//x", "/~a!$&'*+=:@-._"})
        EXPECT_EQ(to_string(read(text)), text);
}

TEST(RbrUrl, DotsAreNoSegments) {
    EXPECT_FALSE(parse_url("/a/../b"));
}

TEST(RbrUrl, EncodedDotsAreNoSegmentsEither) {
    EXPECT_FALSE(parse_url("/a/%2e%2E/b"));
}

TEST(RbrUrl, TooManySegmentsAreRefused) {
    std::string text;
    for (std::size_t i = 0; i <= max_segments; ++i)
        text += "/a";
    EXPECT_FALSE(parse_url(text));
}

TEST(RbrUrl, TooManyPlaceholdersAreRefused) {
    std::string text;
    for (std::size_t i = 0; i <= max_placeholders; ++i)
        text += "/{a" + std::to_string(i) + "}";
    EXPECT_FALSE(parse_url(text));
}

TEST(RbrUrl, ErrorsKnowTheirPlace) {
    EXPECT_EQ(parse_url("/a/b c").error().offset, 4U);
}

TEST(RbrUrl, ShapesForgetNames) {
    EXPECT_EQ(shape(read("/a/{b}")), shape(read("/a/{c}")));
    EXPECT_NE(shape(read("/a/{b}")), shape(read("/a/{b:x}")));
    EXPECT_NE(shape(read("/a/{b}")), shape(read("/a/{b...}")));
}

TEST(RbrUrl, PercentDecodingNeedsTwoDigits) {
    std::string out;
    EXPECT_TRUE(percent_decode("%41b%20", out));
    EXPECT_EQ(out, "Ab ");
    EXPECT_FALSE(percent_decode("%4", out));
    EXPECT_FALSE(percent_decode("%", out));
    EXPECT_FALSE(percent_decode("%zz", out));
}

}  // namespace
}  // namespace homespun::barrel::rbr
