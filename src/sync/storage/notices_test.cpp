#include "sync/storage/notices.hpp"

#include <gtest/gtest.h>

#include <set>

namespace homespun::sync::storage {
namespace {

std::int64_t seconds_in(const net::http::Response& response, std::string_view name) {
    const auto text = response.headers.find(name);
    return text ? std::stoll(std::string(*text)) : 0;
}

net::http::Response answer(Notices& notices, int status = 200, double fullness = 0) {
    net::http::Response response(status);
    if (status == 503) response.headers.add("Retry-After", "5");
    notices.add_to(response, fullness);
    return response;
}

TEST(NoticesTest, AnEmptyBoardSaysNothing) {
    Notices notices;
    EXPECT_EQ(answer(notices).headers.find("X-Weave-Backoff"), std::nullopt);
    EXPECT_EQ(seconds_in(answer(notices, 503), "Retry-After"), 5);
}

TEST(NoticesTest, TheOperatorsWordsAreInEveryAnswer) {
    Notices notices;
    notices.set({.backoff_s = 600, .retry_after_s = 1800, .alert = "back at noon"});
    std::set<std::int64_t> said;
    for (int i = 0; i < 200; ++i) {
        const auto response = answer(notices);
        const auto seconds = seconds_in(response, "X-Weave-Backoff");
        EXPECT_GE(seconds, 600);
        EXPECT_LE(seconds, 630);
        EXPECT_EQ(seconds_in(response, "X-Backoff"), seconds);
        EXPECT_EQ(response.headers.find("X-Weave-Alert"), "back at noon");
        EXPECT_FALSE(response.headers.has("Retry-After"));
        said.insert(seconds);
    }
    EXPECT_GT(said.size(), 20u);  // clients come back one after another
    EXPECT_GE(seconds_in(answer(notices, 503), "Retry-After"), 1800);
    notices.set({});
    EXPECT_FALSE(answer(notices).headers.has("X-Weave-Backoff"));
}

TEST(NoticesTest, WritesThatPileUpRaiseItByThemselves) {
    EXPECT_EQ(backoff_for(0.49), 0);
    EXPECT_EQ(backoff_for(0.5), 10);
    EXPECT_LT(backoff_for(0.6), backoff_for(0.9));
    EXPECT_EQ(backoff_for(7), 610);
    Notices notices;
    EXPECT_GE(seconds_in(answer(notices, 200, 0.75), "X-Weave-Backoff"), 310);
    EXPECT_GE(seconds_in(answer(notices, 503, 0.75), "Retry-After"), 310);
    notices.set({.backoff_s = 5000});
    EXPECT_GE(seconds_in(answer(notices, 200, 0.75), "X-Weave-Backoff"), 5000);
}

}  // namespace
}  // namespace homespun::sync::storage
