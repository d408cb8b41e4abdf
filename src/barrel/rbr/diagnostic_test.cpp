#include "barrel/rbr/diagnostic.hpp"

#include <gtest/gtest.h>

namespace homespun::barrel::rbr {
namespace {

TEST(RbrDiagnostic, ShowsTheLineAndACaret) {
    Diagnostic it = diagnose("a.rbr", "one\ntwo three\nfour", {2, 5, 5}, "wrong");
    it.hint = "right";
    EXPECT_EQ(it.render(), "a.rbr:2:5: error: wrong\n 2 | two three\n   |     ^~~~~\n   = hint: right\n");
}

TEST(RbrDiagnostic, KeepsTabsBeforeTheCaret) {
    EXPECT_EQ(diagnose("a", "\tx", {1, 2, 1}, "").padding, "\t");
}

TEST(RbrDiagnostic, CountsCharactersNotBytes) {
    EXPECT_EQ(diagnose("a", "é x", {1, 3, 1}, "").padding, "  ");
}

TEST(RbrDiagnostic, CutsLongLinesAroundThePlace) {
    const std::string line = std::string(5000, 'a') + "X" + std::string(5000, 'b');
    const Diagnostic it = diagnose("a", line, {1, 5001, 1}, "");
    EXPECT_LT(it.excerpt.size(), 200U);
    EXPECT_EQ(it.padding.size(), 61U);
    EXPECT_NE(it.excerpt.find("aXb"), std::string::npos);
}

TEST(RbrDiagnostic, CutsCrOfCrLf) {
    EXPECT_EQ(diagnose("a", "x\r\ny", {1, 1, 1}, "").excerpt, "x");
}

TEST(RbrDiagnostic, SurvivesAPlaceOutsideOfTheSource) {
    EXPECT_EQ(diagnose("a", "x", {9, 9, 1}, "m").excerpt, "");
}

TEST(RbrDiagnostic, SummaryIsOneLine) {
    EXPECT_EQ(diagnose("a", "x", {1, 1, 1}, "m").summary(), "a:1:1: m");
}

TEST(RbrDiagnostic, GuessesNearWords) {
    EXPECT_EQ(nearest("ulr", {"url", "use"}), "url");
    EXPECT_EQ(nearest("methd", {"url", "method"}), "method");
    EXPECT_EQ(nearest("zzz", {"url", "method"}), "");
}

}  // namespace
}  // namespace homespun::barrel::rbr
