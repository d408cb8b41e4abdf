#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <memory>
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
    durations.observe(0U);
    durations.observe(100U);
    durations.observe(101U);
    durations.observe(10'000'000U);
    durations.observe(10'000'001U);
    const auto text = registry.render();
    for (const auto line :
         {"# TYPE seconds histogram\n", "seconds_bucket{service=\"x\",le=\"0.0001\"} 2\n",
          "seconds_bucket{service=\"x\",le=\"0.0003\"} 3\n", "seconds_bucket{service=\"x\",le=\"3\"} 3\n",
          "seconds_bucket{service=\"x\",le=\"10\"} 4\n", "seconds_bucket{service=\"x\",le=\"+Inf\"} 5\n",
          "seconds_sum{service=\"x\"} 20.000202\n", "seconds_count{service=\"x\"} 5\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
}

TEST(MetricsTest, ShowsBaseUnits) {
    Page page;
    Registry registry(page);
    registry.counter("cpu_seconds_total", "CPU", {}, 1e3).set(1250);
    registry.gauge("start_seconds", "Start", {}, 1e3).set(1'763'749'000'123);
    registry.counter("big_total", "Whole numbers stay exact").add(9'007'199'254'740'993);
    const auto sizes = registry.histogram("group", "Sizes", {}, counts);
    sizes.observe(1U);
    sizes.observe(3U);
    sizes.observe(513U);
    const auto text = registry.render();
    for (const auto line :
         {"\ncpu_seconds_total 1.25\n", "\nstart_seconds 1763749000.123\n", "\nbig_total 9007199254740993\n",
          "group_bucket{le=\"1\"} 1\n", "group_bucket{le=\"4\"} 2\n", "group_bucket{le=\"512\"} 2\n",
          "group_bucket{le=\"+Inf\"} 3\n", "group_sum 517\ngroup_count 3\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
}

TEST(MetricsTest, LooksUpWhatOthersCountBeforeItRenders) {
    Page page;
    Registry registry(page);
    const auto looked = registry.counter("looked_total", "Looked");
    registry.before_render([=, times = std::make_shared<std::uint64_t>(0)] { looked.set(++*times); });
    EXPECT_NE(registry.render().find("\nlooked_total 1\n"), std::string::npos);
    EXPECT_NE(registry.render().find("\nlooked_total 2\n"), std::string::npos);
}

TEST(MetricsTest, HandlesOfNoRegistryCountNothing) {
    Counter().add();
    Counter().set(1);
    Gauge().add(-1);
    Gauge().set(1);
    Histogram().observe(std::chrono::seconds(1));
}

TEST(MetricsTest, BeginsALineOfTheCache) {
    Page page;
    Registry registry(page);
    const auto first = registry.counter("a_total", "A");
    registry.begin_line();
    const auto second = registry.counter("b_total", "B");
    first.add(1);
    second.add(2);
    EXPECT_EQ(page.slots[0].load(), 1U);
    EXPECT_EQ(page.slots[Page::line].load(), 2U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&page.slots[0]) % 64, 0U);
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
