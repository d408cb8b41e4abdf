#include "seism/recorder/golden.hpp"

#include <gtest/gtest.h>

namespace homespun::seism {
namespace {

Masks masks(const std::vector<std::string>& texts) {
    return std::move(*Masks::parse(texts));
}

TEST(MasksTest, WhatIsMaskedMayDiffer) {
    const auto json = "application/json";
    const auto by_pointer = masks({"/now", "/items/0/age"});
    EXPECT_EQ(by_pointer.digest(200, json, R"({"now":1,"items":[{"age":2,"id":7}]})"),
              by_pointer.digest(200, json, R"({"now":9,"items":[{"age":8,"id":7}]})"));
    EXPECT_NE(by_pointer.digest(200, json, R"({"now":1,"items":[{"id":7}]})"),
              by_pointer.digest(200, json, R"({"now":1,"items":[{"id":8}]})"));
    const auto by_expression = masks({"regex:at [0-9]+"});
    EXPECT_EQ(by_expression.digest(200, "", "page, at 12"), by_expression.digest(200, "", "page, at 13"));
    EXPECT_NE(by_expression.digest(200, "", "page, at 12"), by_expression.digest(200, "", "cage, at 12"));
}

TEST(MasksTest, StatusAndTypeCount) {
    EXPECT_NE(masks({}).digest(200, "", "x"), masks({}).digest(201, "", "x"));
    EXPECT_NE(masks({}).digest(200, "text/plain", "x"), masks({}).digest(200, "text/html", "x"));
    const auto without = masks({"header:Content-Type"});
    EXPECT_EQ(without.digest(200, "text/plain", "x"), without.digest(200, "text/html", "x"));
}

TEST(MasksTest, PointerOfAnotherShapeLeavesTheAnswerWhole) {
    const auto mask = masks({"/a/b", "/a~1b", "/list/9"});
    for (const auto* body : {"no json", "[]", R"({"a":1})", R"({"list":[1]})", "null"})
        EXPECT_FALSE(mask.digest(200, "", body).empty());
    EXPECT_EQ(mask.digest(200, "", R"({"a/b":1})"), mask.digest(200, "", R"({"a/b":2})"));
}

TEST(MasksTest, ErrorsNameTheMask) {
    for (const auto* text : {"now", "/", "regex:(", "header:", ""}) {
        const auto parsed = Masks::parse({text});
        ASSERT_FALSE(parsed) << text;
        EXPECT_TRUE(parsed.error().message.starts_with("\"" + std::string(text) + "\"")) << text;
    }
}

Exchange exchange(Phase phase, std::string digest, std::string path = "/") {
    Exchange each;
    each.phase = phase;
    each.path = std::move(path);
    each.answer_digest = std::move(digest);
    return each;
}

TEST(LikenessTest, TwoEqualAnswersAreTrusted) {
    Trial trial;
    trial.exchanges = {exchange(Phase::before, "a"),          exchange(Phase::before, "a"),
                       exchange(Phase::before, "x", "/once"), exchange(Phase::after, "a"),
                       exchange(Phase::after, "b"),           exchange(Phase::after, ""),
                       exchange(Phase::after, "y", "/once"),  exchange(Phase::after, "z", "/never")};
    mark_likeness(trial);
    EXPECT_EQ(trial.exchanges[3].likeness, Likeness::same);
    EXPECT_EQ(trial.exchanges[4].likeness, Likeness::different);
    for (const auto index : {5, 6, 7})
        EXPECT_EQ(trial.exchanges[static_cast<std::size_t>(index)].likeness, Likeness::unknown);
}

}  // namespace
}  // namespace homespun::seism
