#include "report/markup.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/text.hpp"
#include "report/markup_fixture.hpp"

namespace homespun::report {
namespace {

using namespace std::string_view_literals;

TEST(EscapeTest, ReplacesWhatMarkupReads) {
    EXPECT_EQ(escape("a < b & c > d \"e\" 'f'"), "a &lt; b &amp; c &gt; d &quot;e&quot; &#39;f&#39;");
    EXPECT_EQ(escape("&amp;"), "&amp;amp;") << "text is text, whatever it looks like";
    EXPECT_EQ(escape("Grüße 🐝"), "Grüße 🐝");
    EXPECT_EQ(escape(""), "");
}

TEST(EscapeTest, RemovesWhatXmlForbids) {
    EXPECT_EQ(escape("a\0b\x01\x08\x0B\x1F\x7F"
                     "c"sv),
              "abc");
    EXPECT_EQ(escape("a\tb\nc\rd"), "a\tb\nc\rd");
    EXPECT_EQ(escape("a\xC2\x85z"), "az") << "C1 controls";
    EXPECT_EQ(escape("a\xEF\xBF\xBEz\xEF\xBF\xBF"), "az") << "no characters";
}

TEST(EscapeTest, ReplacesBadUtf8) {
    EXPECT_EQ(escape("a\xFFz"), "a\xEF\xBF\xBDz");
    EXPECT_EQ(escape("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut off";
    EXPECT_EQ(escape("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
    EXPECT_EQ(escape("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogate";
    EXPECT_EQ(escape("\xF4\x90\x80\x80").size(), 12U) << "beyond Unicode";
    EXPECT_EQ(escape("\xC3<"), "\xEF\xBF\xBD&lt;") << "what follows a bad byte is escaped all the same";
}

TEST(EscapeTest, AnyBytesBecomeWellFormed) {
    EXPECT_TRUE(rc::check([](const std::string& bytes) {
        const auto text = "<a b=\"" + escape(bytes) + "\">" + escape(bytes) + "</a>";
        RC_ASSERT(MarkupCheck(text).fault() == "");
    }));
}

TEST(EscapeTest, LeavesGoodTextAlone) {
    EXPECT_TRUE(rc::check([] {
        const auto text = *rc::gen::container<std::string>(rc::gen::inRange(' ', '%'));
        if (text.find('"') == std::string::npos) RC_ASSERT(escape(text) == text);
    }));
}

TEST(MarkupCheckTest, FindsFaults) {
    for (const auto bad : {"<a>", "</a>", "<a></b>", "<a b=c/>", "<a b=\"<\"/>", "a & b", "&nbsp;", "<a/",
                           "<a x=\"1\" x=\"2\"/>", "<a>\x01</a>", "\xFF"}) {
        EXPECT_NE(MarkupCheck(bad).fault(), "") << bad;
    }
    EXPECT_EQ(MarkupCheck("<!DOCTYPE html>\n<a b=\"c\" d=\"&lt;\"><e/>x &amp; y</a>").fault(), "");
}

TEST(TextWidthTest, CountsCharactersNotBytes) {
    EXPECT_EQ(text_width(""), 0);
    EXPECT_GT(text_width("mmm"), text_width("iii"));
    EXPECT_LT(text_width("ü"), 1);
    EXPECT_GT(text_width("\xFF\xFF"), 0);
}

TEST(ShortenedTest, FitsOrIsEmpty) {
    EXPECT_EQ(shortened("short", 100, 12), "short");
    EXPECT_EQ(shortened("a long label of many words", 54, 12), "a long…");
    EXPECT_EQ(shortened("a long label", 20, 12), "");
    EXPECT_EQ(shortened("", 0, 12), "");
}

TEST(ShortenedTest, KeepsCharactersWhole) {
    EXPECT_TRUE(rc::check([] {
        const auto count = *rc::gen::inRange<std::size_t>(0, 40);
        const auto width = *rc::gen::inRange(0, 300);
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text += i % 3 == 0 ? "🐝" : i % 3 == 1 ? "ü" : "a";
        const auto cut = shortened(text, width, 12);
        RC_ASSERT(base::is_utf8(cut));
        RC_ASSERT(cut.empty() || text_width(cut) * 12 <= width + 1e-6);
    }));
}

}  // namespace
}  // namespace homespun::report
