#include "net/http/headers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <utility>
#include <vector>

#include "base/text.hpp"

namespace homespun::net::http {
namespace {

TEST(HeadersTest, FindsWithoutRegardToCase) {
    Headers headers;
    headers.add("Content-Type", "text/plain");
    headers.add("X-Empty", "");
    EXPECT_EQ(headers.find("content-type"), "text/plain");
    EXPECT_EQ(headers.find("x-EMPTY"), "");
    EXPECT_TRUE(headers.has("X-Empty"));
    EXPECT_FALSE(headers.find("Content"));
    EXPECT_FALSE(headers.has(""));
}

TEST(HeadersTest, KeepsOrderAndNamesAsSent) {
    Headers headers;
    headers.add("b", "1");
    headers.add("A", "2");
    headers.add("B", "3");
    ASSERT_EQ(headers.size(), 3U);
    EXPECT_EQ(headers[0].name, "b");
    EXPECT_EQ(headers[2].name, "B");
    EXPECT_EQ(headers[2].value, "3");
    EXPECT_EQ(headers.find("B"), "1") << "the first one counts";
    EXPECT_EQ(headers.count("b"), 2U);
    EXPECT_EQ(headers.count("c"), 0U);
}

TEST(HeadersTest, SetsRemovesAndClears) {
    Headers headers;
    headers.add("a", "1");
    headers.add("b", "2");
    headers.add("A", "3");
    headers.set("a", "4");
    EXPECT_EQ(headers.count("a"), 1U);
    EXPECT_EQ(headers.find("a"), "4");
    EXPECT_EQ(headers.find("b"), "2");
    headers.remove("B");
    EXPECT_FALSE(headers.has("b"));
    headers.remove("absent");
    EXPECT_EQ(headers.size(), 1U);
    headers.clear();
    EXPECT_EQ(headers.size(), 0U);
    headers.add("c", "5");
    EXPECT_EQ(headers.find("c"), "5");
}

TEST(HeadersTest, CopiesAreIndependent) {
    Headers headers;
    headers.add("a", "1");
    auto copy = headers;
    copy.set("a", "2");
    EXPECT_EQ(headers.find("a"), "1");
    const auto moved = std::move(copy);
    EXPECT_EQ(moved.find("a"), "2");
}

TEST(HeadersTest, BehavesAsAListOfPairs) {
    EXPECT_TRUE(rc::check([] {
        using Pair = std::pair<std::string, std::string>;
        Headers headers;
        std::vector<Pair> model;
        const auto drop = [&](const std::string& name) {
            std::erase_if(model, [&](const Pair& pair) { return base::iequals(pair.first, name); });
        };
        for (int step = *rc::gen::inRange(0, 40); step > 0; --step) {
            const std::string name = *rc::gen::element("a", "A", "bb", "");
            const auto value = *rc::gen::arbitrary<std::string>();
            switch (*rc::gen::inRange(0, 3)) {
                case 0:
                    headers.add(name, value);
                    model.emplace_back(name, value);
                    break;
                case 1:
                    headers.set(name, value);
                    drop(name);
                    model.emplace_back(name, value);
                    break;
                default:
                    headers.remove(name);
                    drop(name);
            }
        }
        RC_ASSERT(headers.size() == model.size());
        for (std::size_t i = 0; i < model.size(); ++i)
            RC_ASSERT(headers[i].name == model[i].first && headers[i].value == model[i].second);
    }));
}

}  // namespace
}  // namespace homespun::net::http
