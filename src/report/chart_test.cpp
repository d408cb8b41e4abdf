#include "report/chart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

#include "report/markup_fixture.hpp"

namespace homespun::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t times(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
        ++count;
    return count;
}

/// What holds for every chart.
void expect_sound(const std::string& drawing) {
    EXPECT_EQ(MarkupCheck(drawing).fault(), "");
    EXPECT_THAT(drawing, testing::StartsWith("<svg "));
    EXPECT_THAT(drawing, HasSubstr("role=\"img\""));
    EXPECT_THAT(drawing, HasSubstr("<title>"));
    EXPECT_THAT(drawing, HasSubstr("<desc>"));
    EXPECT_THAT(drawing, Not(HasSubstr("<script")));
    EXPECT_THAT(drawing, Not(HasSubstr(" id=")));
    EXPECT_THAT(drawing, Not(testing::ContainsRegex("[\" MLHV](-?nan|-?inf)")));
    EXPECT_EQ(times(drawing, "http"), 1U) << "nothing from outside: only the name space";
}

template <class Chart>
void expect_sound_everywhere(const Chart& chart) {
    for (const auto layout : {Layout::wide, Layout::half, Layout::narrow})
        expect_sound(svg(chart, layout));
}

LineChart two_lines() {
    return {.title = "Latency",
            .x = {.label = "users"},
            .y = {.label = "ms", .zero = true},
            .series = {{.name = "B1", .points = {{0, 1}, {10, 5}, {20, 2}}},
                       {.name = "B2", .points = {{0, 2}, {10, 1}, {20, 9}}}}};
}

TEST(LineChartTest, TellsItsContentsInWords) {
    auto chart = two_lines();
    chart.horizontal = {{8, "SLO 8 ms", Tone::bad}};
    chart.vertical = {{15, "limit"}};
    chart.phases = {{0, 5, "warm-up"}};
    const auto drawing = svg(chart);
    expect_sound(drawing);
    EXPECT_THAT(drawing, HasSubstr("<title>Latency</title>"));
    EXPECT_THAT(drawing,
                HasSubstr("<desc>Line chart. x axis: users, from 0 to 20. y axis: ms, from 1 to 9. "
                          "B1: 1 to 5, last 2. B2: 1 to 9, last 9. Line at y 8: SLO 8 ms. Mark at x 15: "
                          "limit. warm-up from 0 to 5.</desc>"));
    for (const auto* word : {">SLO 8 ms<", ">limit<", ">warm-up<", ">B1<", ">B2<", ">users<", ">ms<"}) {
        EXPECT_THAT(drawing, HasSubstr(word));
    }
}

TEST(LineChartTest, HostileTextsStayText) {
    const std::string text(hostile);
    LineChart chart{.title = text,
                    .x = {.label = text, .names = {text, text}},
                    .y = {.label = text},
                    .series = {{.name = text, .points = {{0, 1, 0, 2}, {1, 2}}}},
                    .vertical = {{0, text}},
                    .horizontal = {{1, text}},
                    .phases = {{0, 1, text}},
                    .difference = Difference{0, 0, true, text, text}};
    expect_sound_everywhere(chart);
}

TEST(LineChartTest, EveryStyleAndScale) {
    for (const auto style : {Style::line, Style::dashed, Style::points, Style::area, Style::stacked}) {
        for (const auto spread : {Spread::bars, Spread::ribbon}) {
            for (const bool log : {false, true}) {
                LineChart chart{.title = "t", .x = {.log = log}, .y = {.log = log}};
                Series series{.name = "s", .style = style, .spread = spread};
                for (int i = -3; i < 100; ++i)
                    series.points.push_back({double(i), double(i * i), i - 1.0, i * i + 1.0});
                chart.series = {series, series};
                expect_sound_everywhere(chart);
            }
        }
    }
}

TEST(LineChartTest, NothingAndLittleAreDrawn) {
    expect_sound_everywhere(LineChart{});
    expect_sound_everywhere(LineChart{.title = "t", .series = {{.name = "none"}}});
    LineChart one{.title = "t", .series = {{.name = "one", .points = {{5, 5}}}}};
    expect_sound_everywhere(one);
    EXPECT_THAT(svg(one), HasSubstr("<circle")) << "a point alone has no line; it is a dot";
    EXPECT_THAT(svg(LineChart{.title = "t", .series = {{.name = "none"}}}), HasSubstr("none: no data."));
}

TEST(LineChartTest, OddNumbersCountAsMissing) {
    LineChart chart{.title = "t", .series = {{.name = "s"}}};
    for (const double odd : {double(NAN), infinity, -infinity, 1e301, -1e301}) {
        chart.series[0].points.push_back({odd, 1});
        chart.series[0].points.push_back({1, odd, odd, odd});
        chart.vertical.push_back({odd, "v"});
        chart.horizontal.push_back({odd, "h"});
        chart.phases.push_back({odd, 1, "p"});
        chart.phases.push_back({0, odd, "p"});
    }
    expect_sound_everywhere(chart);
    chart.series[0].points.push_back({2, 3});
    expect_sound_everywhere(chart);
    EXPECT_THAT(svg(chart), HasSubstr("s: 3 to 3, last 3."));
}

TEST(LineChartTest, HugeAndEqualRanges) {
    for (const auto& [low, high] :
         {std::pair(-1e300, 1e300), {1e-300, 1e300}, {7.0, 7.0}, {0.0, 0.0}, {-1e-310, 1e-310}}) {
        for (const bool log : {false, true}) {
            expect_sound_everywhere(LineChart{.title = "t",
                                              .x = {.log = log},
                                              .y = {.log = log},
                                              .series = {{.points = {{low, low}, {high, high}}}}});
        }
    }
}

TEST(LineChartTest, GapsBreakTheLine) {
    LineChart chart{.title = "t", .series = {{.name = "s"}}};
    auto& points = chart.series[0].points;
    for (int i = 0; i < 100; ++i)
        points.push_back({double(i), i == 50 ? missing : double(i)});
    EXPECT_THAT(svg(chart), testing::ContainsRegex("d=\"M[^\"M]*M[^\"M]*\""));
    points[50].y = 50;
    EXPECT_THAT(svg(chart), Not(testing::ContainsRegex("d=\"M[^\"M]*M[^\"M]*\"")));
}

TEST(LineChartTest, ZeroHasNoPlaceOnALogarithmicAxis) {
    LineChart chart{.title = "t",
                    .y = {.log = true},
                    .series = {{.name = "s", .points = {{0, 0}, {1, 10}, {2, -5}, {3, 20}}}}};
    expect_sound(svg(chart));
    EXPECT_THAT(svg(chart), HasSubstr("from 10 to 20"));
}

TEST(LineChartTest, ManyPointsAreThinnedAndPeaksStay) {
    LineChart chart{.title = "t", .series = {{.name = "s"}}};
    auto& points = chart.series[0].points;
    for (int i = 0; i < 200'000; ++i)
        points.push_back({double(i), i == 123'456 ? 1000.0 : std::sin(i)});
    const auto drawing = svg(chart);
    EXPECT_LT(drawing.size(), 40'000U);
    EXPECT_THAT(drawing, HasSubstr("to 1k, last")) << "told";
    EXPECT_THAT(drawing, testing::ContainsRegex("L[0-9.]+ 61L")) << "drawn up to the top";
}

TEST(LineChartTest, DifferencesAreFilledOnBothSides) {
    auto chart = two_lines();
    chart.difference = Difference{0, 1, true, "B2 higher", "B2 lower"};
    const auto drawing = svg(chart);
    expect_sound_everywhere(chart);
    EXPECT_EQ(times(drawing, "fill-opacity:.4"), 2U);
    EXPECT_THAT(drawing, HasSubstr(">B2 higher<"));
    chart.difference = Difference{0, 2};
    EXPECT_EQ(times(svg(chart), "fill-opacity:.4"), 0U) << "no such series";
    chart.difference = Difference{0, 0};
    EXPECT_EQ(times(svg(chart), "fill-opacity:.4"), 0U) << "nothing between a line and itself";
}

TEST(LineChartTest, StacksAddUp) {
    LineChart chart{.title = "t",
                    .series = {{.name = "a", .points = {{0, 10}, {1, 10}}, .style = Style::stacked},
                               {.name = "b", .points = {{1, 30}, {2, 5}}, .style = Style::stacked}}};
    expect_sound_everywhere(chart);
    EXPECT_THAT(svg(chart), HasSubstr(">40<")) << "the axis reaches to the sum";
    EXPECT_THAT(svg(chart), HasSubstr("b: 5 to 30, last 5.")) << "told as given";
}

TEST(LineChartTest, AnyPointsAreSound) {
    EXPECT_TRUE(rc::check([](const std::vector<std::tuple<double, double, double>>& values, bool log,
                             bool clock) {
        LineChart chart{
            .title = "t", .x = {.log = log}, .y = {.log = !log}, .series = {{}, {.style = Style::stacked}}};
        if (clock) chart.x.unit = Unit::clock;
        for (const auto& [x, y, high] : values) {
            chart.series[0].points.push_back({x, y, y, high});
            chart.series[1].points.push_back({y, high});
        }
        chart.difference = Difference{};
        RC_ASSERT(MarkupCheck(svg(chart)).fault() == "");
        RC_ASSERT(MarkupCheck(svg(chart, Layout::narrow)).fault() == "");
    }));
}

TEST(BarChartTest, TellsItsValues) {
    const BarChart chart{.title = "Outcome",
                         .values = {.label = "requests", .zero = true},
                         .categories = {"none", "reset"},
                         .series = {{"ok", {1200, 50}}, {"failed", {3}}},
                         .value_labels = true};
    expect_sound_everywhere(chart);
    EXPECT_THAT(svg(chart),
                HasSubstr("<desc>Bar chart, 2 categories. values: requests, from 3 to 1.2k. none, ok: 1.2k. "
                          "none, failed: 3. reset, ok: 50. reset, failed: –.</desc>"));
    EXPECT_EQ(times(svg(chart), ">1.2k<"), 1U) << "the label of a bar; no tick is there";
}

TEST(BarChartTest, OddDataAreSound) {
    const std::string text(hostile);
    for (const bool stacked : {false, true}) {
        for (const bool lying : {false, true}) {
            for (const bool log : {false, true}) {
                BarChart chart{.title = text,
                               .values = {.label = text, .log = log},
                               .stacked = stacked,
                               .lying = lying,
                               .value_labels = true};
                expect_sound_everywhere(chart);
                chart.categories = {text, "", "c"};
                expect_sound_everywhere(chart);
                chart.series = {{text, {NAN, infinity, -5, 7}}, {"", {0, 1e300, 1e-300}}, {"none", {}}};
                expect_sound_everywhere(chart);
                chart.series = {{"equal", {4, 4, 4}}};
                expect_sound_everywhere(chart);
            }
        }
    }
}

TEST(BarChartTest, LongNamesLayTheBarsDown) {
    BarChart chart{.title = "t", .categories = {"a", "b"}, .series = {{"s", {1, 2}}}};
    const auto standing = svg(chart);
    chart.lying = true;
    EXPECT_NE(svg(chart), standing);
    chart.categories = {std::string(80, 'x'), std::string(80, 'y')};
    const auto lying = svg(chart);
    chart.lying = false;
    EXPECT_EQ(svg(chart), lying);
}

TEST(HeatMapTest, ColoursByTheLogarithm) {
    const HeatMap chart{.title = "Where",
                        .x = {.label = "time"},
                        .y = {.label = "ms", .log = true},
                        .columns = {0, 1},
                        .bounds = {1, 10, 100},
                        .counts = {{1, 10}, {100, 0}}};
    expect_sound_everywhere(chart);
    const auto drawing = svg(chart);
    // Each colour is once in the key; those of 1, 10 and 100 are also in the map.
    for (int step = 1; step <= 9; ++step) {
        const auto name = "var(--heat-" + std::to_string(step) + ",";
        EXPECT_EQ(times(drawing, name), step == 1 || step == 5 || step == 9 ? 2U : 1U) << step;
    }
    EXPECT_THAT(drawing, HasSubstr("111 requests in all, 1 to 100 a cell."));
}

TEST(HeatMapTest, OddDataAreSound) {
    const std::string text(hostile);
    expect_sound_everywhere(HeatMap{});
    expect_sound_everywhere(HeatMap{.title = text,
                                    .columns = {0},
                                    .bounds = {1, 2},
                                    .counts = {{5}},
                                    .counted = text,
                                    .vertical = {{0, text}}});
    expect_sound_everywhere(
        HeatMap{.columns = {0, 1, 2}, .bounds = {0, 1, infinity}, .counts = {{NAN, 5, 9, 9}, {}}});
    expect_sound_everywhere(HeatMap{.columns = {3, NAN, infinity}, .bounds = {5}, .counts = {{1}}});
}

TEST(HeatMapTest, ManyColumnsAreJoined) {
    HeatMap chart{.title = "t", .bounds = log_bounds(1, 1000)};
    for (int i = 0; i < 5000; ++i) {
        chart.columns.push_back(i);
        chart.counts.emplace_back(chart.bounds.size() - 1, 1 + i % 7);
    }
    EXPECT_LT(svg(chart).size(), 150'000U);
    expect_sound_everywhere(chart);
}

TEST(HeatMapTest, LogBounds) {
    EXPECT_THAT(log_bounds(1, 1000, 1),
                testing::ElementsAre(1, testing::DoubleNear(10, 1e-9), testing::DoubleNear(100, 1e-9),
                                     testing::DoubleNear(1000, 1e-9)));
    EXPECT_THAT(log_bounds(0, 10), testing::IsEmpty());
    EXPECT_THAT(log_bounds(10, 1), testing::IsEmpty());
    EXPECT_THAT(log_bounds(1, infinity), testing::IsEmpty());
}

TEST(GridTest, WritesItsNumbers) {
    const Grid chart{.title = "p99",
                     .row_label = "users",
                     .column_label = "run",
                     .rows = {"100", "200"},
                     .columns = {"#1", "#2"},
                     .values = {{12, 14.5}, {1500}}};
    expect_sound_everywhere(chart);
    for (const auto* word : {">12<", ">14.5<", ">1.5k<", ">#1<", ">200<"})
        EXPECT_THAT(svg(chart), HasSubstr(word));
    EXPECT_THAT(svg(chart), HasSubstr("Table of 2 rows (users) and 2 columns (run), values from 12 to 1.5k. "
                                      "Last column, #2: 100 14.5; 200 –."));
}

TEST(GridTest, LeavesOutTheOldestColumns) {
    Grid chart{.title = "t", .column_label = "run", .rows = {"r"}, .values = {{}}};
    for (int i = 0; i < 50; ++i) {
        chart.columns.push_back("#" + std::to_string(i));
        chart.values[0].push_back(i);
    }
    const auto drawing = svg(chart, Layout::narrow);
    EXPECT_THAT(drawing, HasSubstr("of 50)"));
    EXPECT_THAT(drawing, HasSubstr(">#49<"));
    EXPECT_THAT(drawing, Not(HasSubstr(">#0<")));
}

TEST(GridTest, OddDataAreSound) {
    const std::string text(hostile);
    expect_sound_everywhere(Grid{});
    for (const bool log : {false, true}) {
        expect_sound_everywhere(Grid{.title = text,
                                     .row_label = text,
                                     .column_label = text,
                                     .rows = {text, "b"},
                                     .columns = {text, "d"},
                                     .values = {{NAN, 0}, {-infinity, -7, 9}, {1}},
                                     .log = log});
    }
}

}  // namespace
}  // namespace homespun::report
