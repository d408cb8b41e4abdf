#include "barrel/rbr/lexer.hpp"

#include <gtest/gtest.h>

namespace homespun::barrel::rbr {
namespace {

using Kind = Token::Kind;

std::vector<Token> tokens(std::string_view source) {
    Lexer lexer(source, "t.rbr");
    EXPECT_TRUE(lexer.validate());
    std::vector<Token> all;
    while (true) {
        auto token = lexer.next();
        if (!token) {
            ADD_FAILURE() << token.error().render();
            break;
        }
        if (token->kind == Kind::End) break;
        all.push_back(std::move(*token));
    }
    return all;
}

Token single(std::string_view source) {
    const auto all = tokens(source);
    EXPECT_EQ(all.size(), 1U) << source;
    return all.empty() ? Token{} : all.front();
}

Diagnostic refusal(std::string_view source) {
    Lexer lexer(source, "t.rbr");
    if (auto valid = lexer.validate(); !valid) return valid.error();
    while (true) {
        auto token = lexer.next();
        if (!token) return token.error();
        if (token->kind == Kind::End) break;
    }
    ADD_FAILURE() << "not refused: " << source;
    return {};
}

TEST(RbrLexer, IntegersMayHaveAnyLength) {
    EXPECT_EQ(single("7").kind, Kind::Integer);
    EXPECT_EQ(single("100").kind, Kind::Integer);
    EXPECT_EQ(single("1000").kind, Kind::Integer);
}

TEST(RbrLexer, ThreeDigitsBeforeADotAreADecimal) {
    EXPECT_EQ(single("100.5").kind, Kind::Decimal);
}

TEST(RbrLexer, UnitsFollowTheirNumber) {
    EXPECT_EQ(single("250ms").kind, Kind::Quantity);
}

TEST(RbrLexer, TwoDotsAreNoNumber) {
    EXPECT_EQ(refusal("1.2.3").hint, "a text stands in quotes: \"1.2.3\"");
}

TEST(RbrLexer, PathsTakeHyphensDotsAndSlashes) {
    EXPECT_EQ(single("file:a-b/c.d/index.html").raw, "file:a-b/c.d/index.html");
}

TEST(RbrLexer, ProxyTargetsTakeDotsAndSlashes) {
    EXPECT_EQ(single("proxy:http://127.0.0.1:80/x/").kind, Kind::Prefixed);
}

TEST(RbrLexer, OnePartBehindAPrefixIsEnough) {
    EXPECT_EQ(single("native:hello").kind, Kind::Prefixed);
}

TEST(RbrLexer, AParenthesisIsNotPartOfAnAddress) {
    const auto all = tokens("/a)");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].raw, "/a");
    EXPECT_EQ(all[1].kind, Kind::RightParen);
}

TEST(RbrLexer, ParenthesesWithinBracesAre) {
    EXPECT_EQ(single("/{a:(x|y),{2}}/b").kind, Kind::Url);
}

TEST(RbrLexer, AnOpenBraceEndsWithItsLine) {
    EXPECT_EQ(refusal("/{a\n}").message, "a { of this address is never closed");
}

TEST(RbrLexer, EscapesAreDecoded) {
    EXPECT_EQ(single(R"("a\"b\\c\n\t\u00e9")").text, "a\"b\\c\n\té");
}

TEST(RbrLexer, UnknownEscapesAreRefusedAtTheirPlace) {
    const Diagnostic bad = refusal(R"("ab\q")");
    EXPECT_EQ(bad.at.column, 4U);
    EXPECT_NE(bad.hint.find(R"(\\)"), std::string::npos);
}

TEST(RbrLexer, HalfASurrogatePairIsNoCharacter) {
    EXPECT_EQ(refusal(R"("\ud800")").message, "this is not a character");
}

TEST(RbrLexer, LongTextsHaveNoEscapesAndCountLines) {
    const auto all = tokens("\"\"\"a\\n\nb\"\"\" x");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].text, "a\\n\nb");
    EXPECT_EQ(all[1].at.line, 2U);
    EXPECT_EQ(all[1].at.column, 6U);
}

TEST(RbrLexer, LongTextsReadCrLfAsLf) {
    EXPECT_EQ(single("\"\"\"a\r\nb\"\"\"").text, "a\nb");
}

TEST(RbrLexer, ATextEndsOnItsLine) {
    EXPECT_EQ(refusal("\"abc\ndef\"").message, "this text is not closed on its line");
}

TEST(RbrLexer, ALongTextMustEnd) {
    EXPECT_EQ(refusal("\"\"\"abc").message, "this text is never closed");
}

TEST(RbrLexer, CommentsBelongToTheNextToken) {
    const auto all = tokens("a # one\n# two\n\n# three\nb");
    ASSERT_EQ(all.size(), 2U);
    ASSERT_EQ(all[1].comments.size(), 3U);
    EXPECT_TRUE(all[1].comments[0].after_token);
    EXPECT_EQ(all[1].comments[1].text, " two");
    EXPECT_FALSE(all[1].comments[1].blank_before);
    EXPECT_TRUE(all[1].comments[2].blank_before);
}

TEST(RbrLexer, ColumnsCountCharacters) {
    const auto all = tokens("\"é€\" x");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].at.column, 6U);
}

TEST(RbrLexer, AByteOrderMarkIsSkipped) {
    EXPECT_EQ(single("\xEF\xBB\xBF"
                     "a")
                  .raw,
              "a");
}

TEST(RbrLexer, BadUtf8IsRefusedWithItsPlace) {
    const Diagnostic bad = refusal("a\nbc \xC3(");
    EXPECT_EQ(bad.at.line, 2U);
    EXPECT_EQ(bad.at.column, 4U);
    EXPECT_EQ(bad.found, "byte 0xC3");
}

TEST(RbrLexer, OverlongUtf8AndSurrogatesAreRefused) {
    EXPECT_EQ(refusal("\xC0\x80").message, "the file is not valid UTF-8");
    EXPECT_EQ(refusal("\xED\xA0\x80").message, "the file is not valid UTF-8");
    EXPECT_EQ(refusal("\xF4\x90\x80\x80").message, "the file is not valid UTF-8");
}

TEST(RbrLexer, ControlCharactersAreRefused) {
    EXPECT_EQ(refusal(std::string_view("a\0b", 3)).found, "byte 0x00");
    EXPECT_EQ(refusal("a\rb").found, "byte 0x0D");
}

TEST(RbrLexer, SingleQuotesGetAHint) {
    EXPECT_EQ(refusal("'a'").hint, "texts stand in \"double quotes\"");
}

TEST(RbrLexer, EqualSignsGetAHint) {
    EXPECT_NE(refusal("= 1").hint.find("name value"), std::string::npos);
}

TEST(RbrLexer, HugeFilesAreRefused) {
    EXPECT_NE(refusal(std::string(Lexer::max_source + 1, ' ')).message.find("larger than"),
              std::string::npos);
}

}  // namespace
}  // namespace homespun::barrel::rbr
