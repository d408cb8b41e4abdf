#include "stampede/models/log_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;

AccessLine line_of(std::int64_t time_s, std::string method, std::string target, int status = 200,
                   std::string user = "u") {
    AccessLine line;
    line.time_ms = time_s * 1000;
    line.method = std::move(method);
    line.target = std::move(target);
    line.status = status;
    line.user = std::move(user);
    return line;
}

TEST(LogSummaryTest, CountsWhatPeopleAskFor) {
    LogSummary summary;
    for (int i = 0; i < 6; ++i)
        summary.add(line_of(7200, "GET", "/page/" + std::to_string(i), 200, "a"));
    summary.add(line_of(7210, "POST", "/form", 500, "b"));
    auto sized = line_of(10'800, "GET", "/page/1", 404, "a");
    sized.answer_bytes = 1000;
    summary.add(sized);
    summary.add_others(3);
    const auto json = base::json::parse(summary.json());
    ASSERT_TRUE(json);
    EXPECT_EQ(*json->integer("requests"), 8);
    EXPECT_EQ(*json->integer("other_lines"), 3);
    EXPECT_EQ(*json->integer("users"), 2);
    EXPECT_EQ(*json->integer("reads"), 7);
    EXPECT_EQ(*json->integer("writes"), 1);
    EXPECT_EQ(*json->member("peak_second")->integer("requests"), 6);
    EXPECT_EQ(*json->member("peak_second")->integer("at_s"), 7200);
    EXPECT_EQ(*json->member("peak_hour")->integer("requests"), 7);
    EXPECT_EQ(*json->member("answers")->integer("2xx"), 6);
    EXPECT_EQ(*json->member("answer_bytes")->integer("p50"), 1000);
    EXPECT_EQ(*json->member("hours")->array()->at(2).integer("reads"), 6);
    EXPECT_EQ(*json->member("hours")->array()->at(2).integer("writes"), 1);
    EXPECT_EQ(*json->member("hours")->array()->at(3).integer("reads"), 1);
    const auto text = summary.text();
    EXPECT_THAT(text, HasSubstr("8 requests in 60.0 min, from 1970-01-01 02:00:00 to 1970-01-01 03:00:00"));
    EXPECT_THAT(text, HasSubstr("GET /page/{n}"));
    EXPECT_THAT(text, HasSubstr("3 lines were no requests"));
    EXPECT_THAT(LogSummary().text(), HasSubstr("no request"));
    EXPECT_TRUE(base::json::parse(LogSummary().json()));
}

TEST(LogSummaryTest, SyncUsersAreThoseOfThePaths) {
    LogSummary summary;
    summary.add(line_of(1, "GET", "/1.5/1/info/collections"));
    summary.add(line_of(1, "GET", "/1.5/2/info/collections"));
    EXPECT_EQ(summary.sync_requests(), 2u);
    EXPECT_THAT(summary.text(), HasSubstr("users: 2\n"));
    ASSERT_EQ(summary.groups().size(), 1u);
    EXPECT_EQ(summary.groups()[0].name, "GET info/collections");
    EXPECT_EQ(summary.mix().at(0).target, "/1.5/{user}/info/collections");
}

TEST(LogSummaryTest, WritesAMixThatReadsAgain) {
    LogSummary summary;
    summary.add(line_of(1, "GET", "/u/9", 404));
    for (int i = 0; i < 3; ++i)
        summary.add(line_of(1, "GET", "/u/" + std::to_string(i) + "?full=1"));
    summary.add(line_of(1, "DELETE", "/gone", 410));
    const auto mix = parse_http_mix(http_mix_text(summary.mix()), "mix");
    ASSERT_TRUE(mix) << mix.error().message;
    ASSERT_EQ(mix->size(), 2u);
    EXPECT_EQ(mix->at(0).weight, 4);
    EXPECT_EQ(mix->at(0).name, "GET /u/{n}");
    EXPECT_EQ(mix->at(0).target, "/u/0?full=1");
    EXPECT_TRUE(mix->at(0).expected.empty());
    EXPECT_EQ(mix->at(1).method, "DELETE");
    EXPECT_EQ(mix->at(1).expected, std::vector{410});
}

TEST(LogSummaryTest, WhatIsRareIsSummedUp) {
    LogSummary summary;
    const auto word = [](int number) {
        std::string letters;
        for (; number > 0; number /= 26)
            letters += static_cast<char>('a' + number % 26);
        return letters;
    };
    constexpr int many = 7000;
    for (int i = 1; i <= many; ++i)
        summary.add(line_of(1, "GET", "/rare/" + word(i)));
    summary.add(line_of(1, "GET", "/rare/" + word(77)));
    const auto groups = summary.groups();
    ASSERT_EQ(groups.size(), LogSummary::most_groups + 1);
    EXPECT_EQ(groups.front().requests, 2u);
    EXPECT_EQ(groups.back().name, "other");
    std::uint64_t sum = 0;
    for (const auto& group : groups)
        sum += group.requests;
    EXPECT_EQ(sum, many + 1u);
    EXPECT_EQ(summary.mix().size(), LogSummary::most_groups);
}

TEST(DistinctCountTest, IsExactForFewAndCloseForMany) {
    DistinctCount few, many;
    for (int i = 0; i < 20'000; ++i)
        few.add(std::to_string(i % 10'000));
    EXPECT_EQ(few.count(), 10'000u);
    EXPECT_TRUE(few.is_exact());
    for (int i = 0; i < 600'000; ++i)
        many.add(std::to_string(i));
    EXPECT_NEAR(static_cast<double>(many.count()), 600'000, 10'000);
    EXPECT_FALSE(many.is_exact());
}

TEST(RequestClockTest, FindsPeaksInAnyOrderAndForgetsOldDays) {
    RequestClock clock;
    for (const std::int64_t s : {86'400 * 3, 10, 86'400 * 3, 10, 11, 10})
        clock.add(s * 1000 + 5);
    EXPECT_EQ(clock.second().requests, 3u);
    EXPECT_EQ(clock.second().at_s, 10);
    EXPECT_EQ(clock.hour().requests, 4u);
    for (std::int64_t day = 0; day < 200; ++day)
        clock.add(day * 86'400'000);
    EXPECT_EQ(clock.second().requests, 3u);
}

}  // namespace
}  // namespace homespun::stampede
