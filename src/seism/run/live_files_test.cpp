#include "seism/run/live_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.hpp"
#include "sys/files.hpp"

namespace homespun::seism {
namespace {

class LiveFilesTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "seism-live-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string content(const std::string& name) const {
        return sys::read_file(folder_ + "/" + name).value_or("");
    }
    [[nodiscard]] auto lines(const std::string& name) const {
        return std::ranges::count(content(name), '\n');
    }

    std::string folder_;
};

TEST_F(LiveFilesTest, ClearsAwayWhatAnEarlierRunLeft) {
    for (const auto* name : {"verdict.json", "requests.jsonl", "events.jsonl", "samples.jsonl"})
        std::ofstream(folder_ + "/" + name) << "old";
    const LiveFiles files(folder_);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/verdict.json"));
    for (const auto* name : {"requests.jsonl", "events.jsonl", "samples.jsonl"})
        EXPECT_EQ(content(name), "") << name;
}

TEST_F(LiveFilesTest, WritesWhatIsSeenWhileItGoesOn) {
    LiveFiles files(folder_);
    Record record(&files);
    record.add(Exchange{.start = 1000, .end = 3000, .method = "GET", .path = "/\"\n", .status = 200});
    EXPECT_EQ(lines("requests.jsonl"), 1) << "the first is there at once";
    const auto request = base::json::parse(content("requests.jsonl"));
    ASSERT_TRUE(request);
    EXPECT_EQ(*request->string("path"), "/\"\n");
    EXPECT_EQ(*request->integer("total_us"), 2000);
    EXPECT_EQ(request->member("phase"), nullptr) << "nobody knows it yet";
    EXPECT_EQ(request->member("experiment"), nullptr);

    record.add(PerturbationEvent{.type = PerturbationEvent::Type::armed, .perturbation = "p", .proxy = "db"});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    record.add(Sample{.at = 5000, .processes = 1, .cpu = 0.25, .resident = 4096, .threads = 3});
    EXPECT_EQ(lines("samples.jsonl"), 1);
    EXPECT_EQ(lines("events.jsonl"), 1) << "what waited is written with what comes later";
    const auto sample = base::json::parse(content("samples.jsonl"));
    ASSERT_TRUE(sample);
    EXPECT_EQ(*sample->integer("rss"), 4096);
    EXPECT_EQ(*sample->member("cpu")->real(), 0.25);
    EXPECT_EQ(*base::json::parse(content("events.jsonl"))->string("type"), "perturbation.armed");
}

TEST_F(LiveFilesTest, WritesTheRestAtTheEnd) {
    {
        LiveFiles files(folder_);
        Record record(&files);
        for (int number = 0; number < 100; ++number)
            record.add(Exchange{.method = "GET", .path = "/"});
    }
    EXPECT_EQ(lines("requests.jsonl"), 100);
}

TEST_F(LiveFilesTest, DoesNoHarmWhereItCannotWrite) {
    LiveFiles files(folder_ + "/missing");
    Record record(&files);
    record.add(Exchange{.method = "GET", .path = "/"});
    EXPECT_EQ(record.count_exchanges(0), 1U);
}

}  // namespace
}  // namespace homespun::seism
