#include "report/junit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "report/markup_fixture.hpp"

namespace homespun::report {
namespace {

TEST(JunitTest, WritesSuites) {
    const std::vector<JunitSuite> suites = {{"load",
                                             {{"holds the p99", 1.25},
                                              {"no errors", 0.5, "3 failed\nfirst: 503"},
                                              {"memory", 0, {}, "not measured"}}},
                                            {"empty", {}}};
    EXPECT_EQ(junit_xml(suites), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" skipped="1" time="1.750">
  <testsuite name="load" tests="3" failures="1" errors="0" skipped="1" time="1.750">
    <testcase classname="load" name="holds the p99" time="1.250"/>
    <testcase classname="load" name="no errors" time="0.500">
      <failure message="3 failed">3 failed
first: 503</failure>
    </testcase>
    <testcase classname="load" name="memory" time="0.000">
      <skipped message="not measured"/>
    </testcase>
  </testsuite>
  <testsuite name="empty" tests="0" failures="0" errors="0" skipped="0" time="0.000">
  </testsuite>
</testsuites>
)");
}

TEST(JunitTest, SuiteTellsWhereAndHow) {
    const std::vector<JunitSuite> suites = {{.name = "shop",
                                             .cases = {{.name = "recovery", .classname = "seism.db.refuse"},
                                                       {.name = "environment", .error = "port taken"}},
                                             .timestamp = "2026-11-21T02:00:00Z",
                                             .hostname = "box",
                                             .properties = {{"seed", "7"}},
                                             .output = "seism run shop.json --seed 7"}};
    EXPECT_EQ(junit_xml(suites), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="0" errors="1" skipped="0" time="0.000">
  <testsuite name="shop" tests="2" failures="0" errors="1" skipped="0" time="0.000" timestamp="2026-11-21T02:00:00Z" hostname="box">
    <properties>
      <property name="seed" value="7"/>
    </properties>
    <testcase classname="seism.db.refuse" name="recovery" time="0.000"/>
    <testcase classname="shop" name="environment" time="0.000">
      <error message="port taken">port taken</error>
    </testcase>
    <system-out>seism run shop.json --seed 7</system-out>
  </testsuite>
</testsuites>
)");
}

TEST(JunitTest, HostileTextsStayText) {
    const std::string text(hostile);
    const std::vector<JunitSuite> suites = {
        {text,
         {{text, -1, text, {}, text}, {text, NAN, {}, text}, {text, INFINITY}},
         text,
         text,
         {{text, text}},
         text}};
    const auto xml = junit_xml(suites);
    EXPECT_EQ(MarkupCheck(xml).fault(), "");
    EXPECT_EQ(xml.find("<script"), std::string::npos);
    EXPECT_EQ(xml.find("nan"), std::string::npos);
    EXPECT_EQ(xml.find("inf"), std::string::npos);
}

TEST(JunitTest, NothingIsWellFormed) {
    EXPECT_EQ(MarkupCheck(junit_xml({})).fault(), "");
}

}  // namespace
}  // namespace homespun::report
