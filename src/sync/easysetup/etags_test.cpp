#include "sync/easysetup/etags.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace homespun::sync::easysetup {
namespace {

TEST(TagListTest, QuotedOrNot) {
    for (const auto* value :
         {"abc", "\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "x,abc", " abc ", "\"a,b\",abc"})
        EXPECT_TRUE(TagList::parse(value).contains("abc")) << value;
    for (const auto* value : {"", " ", ",", "\"\"", "abcd", "\"abc", "ABC", "*", "a\"abc\"", "\"x,abc\""})
        EXPECT_FALSE(TagList::parse(value).contains("abc")) << value;
}

TEST(TagListTest, AnyStandsAlone) {
    EXPECT_TRUE(TagList::parse("*").any());
    EXPECT_TRUE(TagList::parse(" * ").any());
    EXPECT_FALSE(TagList::parse("\"*\"").any());
    EXPECT_FALSE(TagList::parse("*, \"abc\"").any());
    EXPECT_FALSE(TagList::parse("").any());
}

TEST(TagListTest, NothingIsNoTag) {
    EXPECT_FALSE(TagList::parse("\"\"").contains("")) << "a channel without a message has no tag to match";
    EXPECT_FALSE(TagList::parse("").contains(""));
}

TEST(TagListTest, AllFieldsOfThatName) {
    net::http::Headers headers;
    EXPECT_FALSE(TagList::find(headers, "If-Match"));
    headers.add("if-match", "\"a\"");
    headers.add("If-None-Match", "\"c\"");
    headers.add("If-Match", "b");
    const auto list = TagList::find(headers, "If-Match");
    ASSERT_TRUE(list);
    EXPECT_TRUE(list->contains("a") && list->contains("b"));
    EXPECT_FALSE(list->contains("c"));
}

TEST(TagListTest, HoldsWhatWasWritten) {
    EXPECT_TRUE(rc::check("a list of quoted tags holds each of them", [] {
        const auto tags = *rc::gen::container<std::vector<std::string>>(
            rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc019,* ")))));
        std::string value;
        for (const auto& tag : tags)
            value += (value.empty() ? "\"" : ", \"") + tag + "\"";
        const auto list = TagList::parse(value);
        for (const auto& tag : tags)
            RC_ASSERT(list.contains(tag));
        RC_ASSERT(!list.any());
        RC_ASSERT(!list.contains("d"));
    }));
}

}  // namespace
}  // namespace homespun::sync::easysetup
