#include "report/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/markup_fixture.hpp"

namespace homespun::report {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_sound(const std::string& html) {
    EXPECT_EQ(MarkupCheck(html).fault(), "");
    EXPECT_THAT(html, testing::StartsWith("<!DOCTYPE html>\n"));
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("@import")));
    EXPECT_THAT(html, Not(HasSubstr("url(")));
    EXPECT_THAT(html, Not(HasSubstr("src=")));
}

Page everything(const std::string& text) {
    const LineChart chart{.title = text, .series = {{.name = text, .points = {{0, 1}, {1, 2}}}}};
    Page page(text);
    page.subtitle(text).verdict(Tone::bad, text).tile({text, text, text, Tone::good}).tile({text, text});
    page.section(text)
        .paragraph(text)
        .note(Tone::warning, text)
        .list({text, text})
        .definitions({{text, text}});
    page.section(text).subheading(text).code(text).begin_fold(text).paragraph(text).end_fold();
    page.begin_row()
        .figure(chart, text)
        .figure(BarChart{.title = text})
        .figure(HeatMap{})
        .figure(Grid{})
        .end_row();
    page.section(text).table(
        {{{text}, {text, Align::right}, {text, Align::center}},
         {{text, {text, Tone::bad}}, {text, {text, Tone::good}, {text, Tone::warning}, "too many"}},
         text});
    return page;
}

TEST(PageTest, EmptyPage) {
    const auto html = Page("Title").html();
    expect_sound(html);
    EXPECT_THAT(html, HasSubstr("<h1>Title</h1>"));
    EXPECT_THAT(html, Not(HasSubstr("<nav")));
    EXPECT_THAT(html, Not(HasSubstr("class=\"verdict")));
}

TEST(PageTest, HostileTextsStayText) {
    expect_sound(everything(std::string(hostile)).html());
    expect_sound(everything("").html());
}

TEST(PageTest, VerdictComesFirst) {
    Page page("t");
    page.section("s").paragraph("body");
    page.tile({"p99", "48 ms", "limit 500 ms", Tone::good}).verdict(Tone::good, "Passed.");
    const auto html = page.html();
    EXPECT_LT(html.find("Passed."), html.find("48 ms"));
    EXPECT_LT(html.find("48 ms"), html.find("<section"));
    EXPECT_THAT(html,
                HasSubstr("<div class=\"verdict good\"><p class=\"say\"><span class=\"sign\" role=\"img\" "
                          "aria-label=\"Good\">✓</span><span>Passed.</span></p>"));
    EXPECT_THAT(html, HasSubstr("<div class=\"tile good\"><dt>p99</dt><dd class=\"value\">48 ms</dd><dd "
                                "class=\"note\">limit 500 ms</dd></div>"));
}

TEST(PageTest, ContentsLeadToTheSections) {
    const auto html = Page("t").section("A & B").section("C").section("D").html();
    EXPECT_THAT(html, HasSubstr("<li><a href=\"#s1\">A &amp; B</a></li>"));
    EXPECT_THAT(html, HasSubstr("<section id=\"s3\">\n<h2>D</h2>"));
    EXPECT_THAT(Page("t").section("A").html(), Not(HasSubstr("<nav")));
}

TEST(PageTest, TablesHaveTheirColumnsInEveryRow) {
    const auto html =
        Page("t").table({{{"a"}, {"b", Align::right}}, {{"1"}, {"2", {"3", Tone::bad}, "4"}}, {}}).html();
    EXPECT_THAT(html, HasSubstr("<th scope=\"col\">a</th><th scope=\"col\" class=\"right\">b</th>"));
    EXPECT_THAT(html, HasSubstr("<tr><td>1</td><td class=\"right\"></td></tr>"));
    EXPECT_THAT(html, HasSubstr("<tr><td>2</td><td class=\"toned bad right\">✕ 3</td></tr>"));
}

TEST(PageTest, FiguresComeInTwoWidths) {
    const LineChart chart{.title = "t"};
    const auto wide = svg(chart);
    const auto half = svg(chart, Layout::half);
    const auto narrow = svg(chart, Layout::narrow);
    const auto alone = Page("t").figure(chart, "caption").html();
    EXPECT_THAT(alone, HasSubstr("<div class=\"wide both\">" + wide + "</div><div class=\"narrow\">" +
                                 narrow + "</div><figcaption>caption</figcaption>"));
    EXPECT_THAT(Page("t").begin_row().figure(chart).end_row().html(), HasSubstr(half));
    EXPECT_THAT(Page("t").figure_svg("<svg/>", "", "").html(),
                HasSubstr("<figure><div class=\"wide\"><svg/></div></figure>"));
}

TEST(PageTest, WhatIsOpenIsClosed) {
    expect_sound(Page("t").section("s").begin_fold("f").begin_row().html());
    expect_sound(Page("t").begin_fold("f").begin_row().section("s").html());
    expect_sound(
        Page("t").begin_fold("f").begin_fold("g").begin_row().begin_row().end_fold().end_row().html());
    expect_sound(Page("t").end_row().end_fold().html());
    Page page("t");
    page.begin_fold("f");
    EXPECT_EQ(page.html(), page.html()) << "asking changes nothing";
    expect_sound(page.paragraph("more").end_fold().html());
}

}  // namespace
}  // namespace homespun::report
