#include "seism/monkey/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <set>

namespace homespun::seism {
namespace {

Experiment zoo(std::uint64_t seed, int at_once) {
    Experiment experiment{.seed = seed};
    for (const auto* name : {"a", "b", "c"}) {
        for (const auto* what : {"refuse", "hang"})
            experiment.perturbations.push_back({.name = std::string(name) + "/" + what,
                                                .back = experiment.backs.size(),
                                                .time = std::chrono::seconds(2),
                                                .cycles = 3});
        experiment.backs.push_back({.name = name});
    }
    experiment.monkey = {.every = std::chrono::seconds(10), .at_once = at_once};
    return experiment;
}

std::vector<std::string> drawn(const Experiment& experiment, int events) {
    MonkeySchedule schedule(experiment);
    std::vector<std::string> texts;
    for (int i = 0; i < events; ++i) {
        const auto event = schedule.next();
        texts.push_back(std::to_string(event.at.count()) + " " + event.text());
    }
    return texts;
}

TEST(MonkeyScheduleTest, FollowsTheSeed) {
    EXPECT_EQ(drawn(zoo(7, 2), 50), drawn(zoo(7, 2), 50));
    EXPECT_NE(drawn(zoo(7, 2), 50), drawn(zoo(8, 2), 50));
}

TEST(MonkeyScheduleTest, DrawsAllAndAtMostSoManyBacksAtOnce) {
    const auto experiment = zoo(1, 2);
    MonkeySchedule schedule(experiment);
    std::set<std::string> names;
    std::set<std::size_t> sizes;
    std::chrono::milliseconds last{0};
    for (std::uint64_t number = 1; number <= 400; ++number) {
        const auto event = schedule.next();
        EXPECT_EQ(event.number, number);
        EXPECT_GE(event.at - last, std::chrono::seconds(5));
        EXPECT_LE(event.at - last, std::chrono::seconds(15));
        last = event.at;
        sizes.insert(event.perturbations.size());
        std::set<std::size_t> backs;
        for (const auto& each : event.perturbations) {
            names.insert(each.name);
            EXPECT_TRUE(backs.insert(each.back).second) << "twice at " << number;
            EXPECT_EQ(each.cycles, 1);
        }
    }
    EXPECT_EQ(names.size(), 6U);
    EXPECT_EQ(sizes, (std::set<std::size_t>{1, 2}));
    EXPECT_NEAR(static_cast<double>(last.count()), 4e6, 2e5);
}

TEST(MonkeyScheduleTest, MoreAtOnceThanThereAreBacks) {
    std::size_t most = 0;
    const auto experiment = zoo(1, 1000);
    MonkeySchedule schedule(experiment);
    for (int i = 0; i < 100; ++i)
        most = std::max(most, schedule.next().perturbations.size());
    EXPECT_EQ(most, 3U);
}

TEST(MonkeyScheduleTest, QuietHours) {
    const auto at = [](int hour, int minute) {
        std::tm local{
            .tm_min = minute, .tm_hour = hour, .tm_mday = 15, .tm_mon = 5, .tm_year = 126, .tm_isdst = -1};
        return std::chrono::system_clock::from_time_t(std::mktime(&local));
    };
    const MonkeyPlan night{.quiet = {{.from = 22 * 60, .until = 7 * 60 + 30}}};
    EXPECT_TRUE(is_quiet(night, at(22, 0)));
    EXPECT_TRUE(is_quiet(night, at(0, 0)));
    EXPECT_TRUE(is_quiet(night, at(7, 29)));
    EXPECT_FALSE(is_quiet(night, at(7, 30)));
    EXPECT_FALSE(is_quiet(night, at(21, 59)));
    const MonkeyPlan noon{.quiet = {{.from = 12 * 60, .until = 13 * 60}}};
    EXPECT_TRUE(is_quiet(noon, at(12, 59)));
    EXPECT_FALSE(is_quiet(noon, at(13, 0)));
    EXPECT_FALSE(is_quiet({}, at(3, 0)));
}

}  // namespace
}  // namespace homespun::seism
