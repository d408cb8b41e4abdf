#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace homespun::base::metrics {
namespace {

TEST(MetricsTest, RendersCountersAndGauges) {
    Page page;
    Registry registry(page);
    const auto requests = registry.counter("requests_total", "Requests answered");
    const auto open = registry.gauge("connections", "Open connections");
    requests.add();
    requests.add(2);
    open.add(5);
    open.add(-7);
    EXPECT_EQ(registry.render(),
              "# HELP requests_total Requests answered\n# TYPE requests_total counter\nrequests_total 3\n"
              "# HELP connections Open connections\n# TYPE connections gauge\nconnections -2\n");
    open.set(4);
    EXPECT_NE(registry.render().find("connections 4\n"), std::string::npos);
}

TEST(MetricsTest, KeepsAFamilyTogether) {
    Page page;
    Registry registry(page);
    registry.counter("answers_total", "Answers", R"(code="2xx")").add(1);
    registry.gauge("open", "Open").set(1);
    registry.counter("answers_total", "Answers", R"(code="4xx")").add(2);
    EXPECT_EQ(registry.render(),
              "# HELP answers_total Answers\n# TYPE answers_total counter\n"
              "answers_total{code=\"2xx\"} 1\nanswers_total{code=\"4xx\"} 2\n"
              "# HELP open Open\n# TYPE open gauge\nopen 1\n");
}

TEST(MetricsTest, RendersACumulativeHistogram) {
    Page page;
    Registry registry(page);
    const auto durations = registry.histogram("seconds", "Duration", R"(service="x")");
    durations.observe_us(0);
    durations.observe_us(100);
    durations.observe_us(101);
    durations.observe_us(10'000'000);
    durations.observe_us(10'000'001);
    const auto text = registry.render();
    for (const auto line :
         {"# TYPE seconds histogram\n", "seconds_bucket{service=\"x\",le=\"0.0001\"} 2\n",
          "seconds_bucket{service=\"x\",le=\"0.0003\"} 3\n", "seconds_bucket{service=\"x\",le=\"3\"} 3\n",
          "seconds_bucket{service=\"x\",le=\"10\"} 4\n", "seconds_bucket{service=\"x\",le=\"+Inf\"} 5\n",
          "seconds_sum{service=\"x\"} 20.000202\n", "seconds_count{service=\"x\"} 5\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
}

TEST(MetricsTest, SumsTheWorkersPages) {
    Page first, second;
    Registry registry(first);
    Registry of_second(second);
    const auto a = registry.counter("c", "C");
    const auto b = of_second.counter("c", "C");
    const auto up = registry.gauge("g", "G");
    const auto down = of_second.gauge("g", "G");
    a.add(1);
    b.add(2);
    up.add(3);
    down.add(-5);
    const Page* const pages[] = {&first, &second};
    const auto text = registry.render(pages);
    EXPECT_NE(text.find("\nc 3\n"), std::string::npos);
    EXPECT_NE(text.find("\ng -2\n"), std::string::npos);
}

TEST(MetricsTest, CountsFromManyThreads) {
    Page page;
    Registry registry(page);
    const auto counter = registry.counter("c", "C");
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 10'000; ++k)
                    counter.add();
            });
        }
    }
    EXPECT_NE(registry.render().find("\nc 40000\n"), std::string::npos);
}

TEST(MetricsDeathTest, EndsTheProgramWhenThePageIsFull) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(
        {
            Page page;
            Registry registry(page);
            for (std::size_t i = 0; i <= Page::slot_count; ++i)
                registry.counter("c", "C");
        },
        "");
}

}  // namespace
}  // namespace homespun::base::metrics
