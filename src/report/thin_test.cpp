#include "report/thin.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

namespace homespun::report {
namespace {

std::vector<Point> waves(std::size_t count) {
    std::vector<Point> points;
    for (std::size_t i = 0; i < count; ++i)
        points.push_back({double(i), std::sin(double(i) / 50)});
    return points;
}

bool has_y(const std::vector<Point>& points, double y) {
    return std::ranges::count(points, y, &Point::y) > 0;
}

TEST(ThinnedTest, FewPointsPassUnchanged) {
    EXPECT_EQ(thinned({}).size(), 0U);
    EXPECT_EQ(thinned(waves(most_points)).size(), most_points);
}

TEST(ThinnedTest, KeepsPeaksAndEnds) {
    auto points = waves(100'000);
    points[31'415].y = 99;
    points[77'777].y = -99;
    points[50'000].high = 200;
    const auto thin = thinned(points);
    EXPECT_LE(thin.size(), most_points);
    EXPECT_GE(thin.size(), most_points / 4);
    EXPECT_TRUE(has_y(thin, 99));
    EXPECT_TRUE(has_y(thin, -99));
    EXPECT_EQ(std::ranges::count(thin, 200.0, &Point::high), 1);
    EXPECT_EQ(thin.front().x, 0);
    EXPECT_EQ(thin.back().x, 99'999);
    EXPECT_TRUE(std::ranges::is_sorted(thin, {}, &Point::x));
}

TEST(ThinnedTest, CurvesThatTurnBackKeepTheirOrder) {
    std::vector<Point> circle;
    for (int i = 0; i < 50'000; ++i)
        circle.push_back({std::cos(i / 8000.0), std::sin(i / 8000.0)});
    circle[20'000].y = 7;
    const auto thin = thinned(circle);
    EXPECT_LE(thin.size(), most_points);
    EXPECT_TRUE(has_y(thin, 7));
}

TEST(ThinnedTest, GapsStay) {
    auto points = waves(60'000);
    for (std::size_t i = 20'000; i < 30'000; ++i)
        points[i].y = missing;
    const auto thin = thinned(points);
    const auto gap = std::ranges::find_if(thin, [](const Point& point) { return std::isnan(point.y); });
    ASSERT_NE(gap, thin.end());
    EXPECT_NEAR(gap->x, 20'000, 300);
}

TEST(ThinnedTest, ManyGapsStayWithinTheBound) {
    auto points = waves(100'000);
    for (std::size_t i = 0; i < points.size(); i += 2)
        points[i].y = missing;
    EXPECT_LE(thinned(points).size(), most_points);
    for (auto& point : points)
        point.y = missing;
    EXPECT_LE(thinned(points).size(), most_points);
}

TEST(ThinnedTest, OneXForAll) {
    std::vector<Point> points;
    for (int i = 0; i < 10'000; ++i)
        points.push_back({5, double(i)});
    const auto thin = thinned(points);
    EXPECT_LE(thin.size(), most_points);
    EXPECT_TRUE(has_y(thin, 0));
    EXPECT_TRUE(has_y(thin, 9999));
}

TEST(ThinnedTest, ExtremesAlwaysStay) {
    EXPECT_TRUE(rc::check([](const std::vector<int>& values) {
        std::vector<Point> points;
        for (std::size_t i = 0; i < values.size(); ++i)
            points.push_back({double(i), double(values[i])});
        const auto thin = thinned(points, 12);
        RC_ASSERT(thin.size() <= std::max<std::size_t>(12, 0));
        if (!values.empty()) {
            RC_ASSERT(has_y(thin, std::ranges::max(values)));
            RC_ASSERT(has_y(thin, std::ranges::min(values)));
        }
    }));
}

}  // namespace
}  // namespace homespun::report
