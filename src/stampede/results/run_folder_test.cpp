#include "stampede/results/run_folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "stampede/results/run_fixture.hpp"
#include "sys/files.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;

std::string content_of(const std::string& path) {
    return sys::read_file(path).value_or("");
}

void write(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

/// As stampede does: everything as it comes, then the end.
void record(RunFolder& folder, const Run& run) {
    auto head = run;
    head.levels.clear();
    ASSERT_TRUE(folder.begin(head).has_value());
    for (const auto& sample : run.samples)
        ASSERT_TRUE(folder.add_sample(sample).has_value());
    for (const auto& level : run.levels)
        ASSERT_TRUE(folder.add_level(run, level).has_value());
}

std::string problem_with(const std::string& path) {
    const auto run = RunFolder::read(path);
    return run ? "none" : run.error().message;
}

TEST(RunNamesTest, AreReadBack) {
    for (int i = 0; i < 7; ++i)
        EXPECT_EQ(purpose_of(name_of(static_cast<Purpose>(i))), static_cast<Purpose>(i));
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(failure_mode_of(name_of(static_cast<FailureMode>(i))), static_cast<FailureMode>(i));
    EXPECT_EQ(name_of(Purpose::warm_up), "warm-up");
    EXPECT_EQ(name_of(FailureMode::lock), "lock");
    EXPECT_FALSE(purpose_of("").has_value());
    EXPECT_FALSE(failure_mode_of("Latency").has_value());
}

TEST(RunFolderTest, GivesBackWhateverWasWritten) {
    const sys::ScratchFolder tests;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        SCOPED_TRACE(seed);
        const auto path = tests / ("run" + std::to_string(seed));
        const auto run = random_run(seed);
        auto folder = RunFolder::make(path);
        ASSERT_TRUE(folder.has_value()) << folder.error().message;
        record(*folder, run);
        const auto finished = folder->finish(run);
        ASSERT_TRUE(finished.has_value()) << finished.error().message;
        const auto read = RunFolder::read(path);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        expect_same(run, *read);
    }
}

TEST(RunFolderTest, FinishWritesWhatWasNeverAdded) {
    const sys::ScratchFolder tests;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE(seed);
        const auto path = tests / ("run" + std::to_string(seed));
        const auto run = random_run(seed);
        ASSERT_TRUE(RunFolder::make(path)->finish(run).has_value());
        const auto read = RunFolder::read(path);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        expect_same(run, *read);
    }
}

TEST(RunFolderTest, ACrashedRunIsReadAsInterrupted) {
    const sys::ScratchFolder tests;
    for (std::uint64_t seed = 0; seed < 15; ++seed) {
        SCOPED_TRACE(seed);
        const auto path = tests / ("run" + std::to_string(seed));
        auto run = random_run(seed);
        run.verdict = "so far";
        auto folder = RunFolder::make(path);
        record(*folder, run);
        const auto read = RunFolder::read(path);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        run.interrupted = true;
        expect_same(run, *read);
    }
}

TEST(RunFolderTest, ALineThatACrashCutShortIsPassedOver) {
    const sys::ScratchFolder tests;
    const auto run = simulate({.loads = {20, 30}, .seconds = 5}, 1);
    const auto path = tests / "run";
    auto folder = RunFolder::make(path);
    record(*folder, run);
    for (const auto* name : {"/samples.jsonl", "/levels.jsonl"}) {
        const auto text = content_of(path + name);
        write(path + name, text.substr(0, text.size() - 7));
    }
    const auto log = content_of(path + "/histograms.hlog");
    write(path + "/histograms.hlog", log + "Tag=3/page/respo");
    const auto read = RunFolder::read(path);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->samples.size(), run.samples.size() - 1);
    ASSERT_EQ(read->levels.size(), 1);
    EXPECT_TRUE(read->levels[0].counts.types[0].response == run.levels[0].counts.types[0].response);
    EXPECT_TRUE(read->interrupted);
}

TEST(RunFolderTest, RefusesAFolderThatHoldsARun) {
    const sys::ScratchFolder tests;
    const auto path = tests / "deep/er/run";
    ASSERT_TRUE(RunFolder::make(path)->finish(simulate({.seconds = 2}, 1)).has_value());
    const auto again = RunFolder::make(path);
    ASSERT_FALSE(again.has_value());
    EXPECT_THAT(again.error().message, HasSubstr(path + " holds a run already"));
    write(tests / "file", "");
    EXPECT_THAT(RunFolder::make(tests / "file").error().message, HasSubstr(tests / "file"));
}

TEST(RunFolderTest, RefusesAFolderThatAnotherHolds) {
    const sys::ScratchFolder tests;
    const auto first = RunFolder::make(tests / "run");
    ASSERT_TRUE(first.has_value());
    const auto second = RunFolder::make(tests / "run");
    ASSERT_FALSE(second.has_value());
    EXPECT_THAT(second.error().message, HasSubstr("is held by process " + std::to_string(::getpid())));
}

TEST(RunFolderTest, ReleasesTheFolder) {
    const sys::ScratchFolder tests;
    ASSERT_TRUE(RunFolder::make(tests / "run").has_value());
    EXPECT_TRUE(RunFolder::make(tests / "run").has_value());
}

/// With at most that many bytes a file: the nearest to a full disk that needs no rights.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

TEST(RunFolderTest, AFullDiskLosesNothingThatWasWritten) {
    const sys::ScratchFolder tests;
    const auto run = simulate({.loads = {20, 30, 40}, .seconds = 30}, 1);
    const auto path = tests / "run";
    auto folder = RunFolder::make(path);
    auto head = run;
    head.levels.clear();
    ASSERT_TRUE(folder->begin(head).has_value());
    ASSERT_TRUE(folder->add_level(run, run.levels[0]).has_value());
    std::size_t kept = 0;
    {
        const auto size = content_of(path + "/histograms.hlog").size();
        const FullDisk full(size + 100);
        const auto added = folder->add_level(run, run.levels[1]);
        ASSERT_FALSE(added.has_value());
        EXPECT_THAT(added.error().message, HasSubstr(path + "/histograms.hlog: File too large"));
        for (const auto& sample : run.samples)
            kept += folder->add_sample(sample).has_value() ? 1 : 0;
        EXPECT_GT(kept, 0);
        EXPECT_LT(kept, run.samples.size());
        EXPECT_FALSE(folder->finish(run).has_value());
    }
    const auto crashed = RunFolder::read(path);
    ASSERT_TRUE(crashed.has_value()) << crashed.error().message;
    EXPECT_EQ(crashed->levels.size(), 1);
    EXPECT_EQ(crashed->samples.size(), kept);
    // The caller went on; at the end there is room again.
    ASSERT_TRUE(folder->add_level(run, run.levels[2]).has_value());
    ASSERT_TRUE(folder->finish(run).has_value());
    const auto read = RunFolder::read(path);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    expect_same(run, *read);
}

TEST(RunFolderTest, ALevelWhoseLineFailedLeavesNoHistograms) {
    const sys::ScratchFolder tests;
    const auto run = simulate({.loads = {20, 30}, .seconds = 10}, 1);
    const auto path = tests / "run";
    auto folder = RunFolder::make(path);
    auto head = run;
    head.levels.clear();
    ASSERT_TRUE(folder->begin(head).has_value());
    std::filesystem::remove(path + "/levels.jsonl");
    auto wordy = run.levels[0];
    wordy.why = std::string(100'000, 'x');
    {
        const FullDisk full(50'000);
        EXPECT_THAT(folder->add_level(run, wordy).error().message, HasSubstr("levels.jsonl"));
    }
    EXPECT_THAT(content_of(path + "/histograms.hlog"), testing::Not(HasSubstr("Tag=")));
}

TEST(RunFolderTest, NamesFileAndLineOfWhatIsWrong) {
    const sys::ScratchFolder tests;
    const auto path = tests / "run";
    EXPECT_THAT(problem_with(path), HasSubstr(path + " holds no run"));
    ASSERT_TRUE(RunFolder::make(path)->finish(simulate({.loads = {20, 30}, .seconds = 5}, 1)).has_value());
    EXPECT_EQ(problem_with(path), "none");

    const auto samples = content_of(path + "/samples.jsonl");
    write(path + "/samples.jsonl", samples + "{\"at_s\":1}\n");
    EXPECT_THAT(problem_with(path), HasSubstr("samples.jsonl line 11: load is missing"));
    write(path + "/samples.jsonl", "[]\n" + samples);
    EXPECT_THAT(problem_with(path), HasSubstr("samples.jsonl line 1: not a JSON object"));
    write(path + "/samples.jsonl", samples);

    const auto log = content_of(path + "/histograms.hlog");
    write(path + "/histograms.hlog", log + "Tag=3/page/response,0,1,2,abc\n");
    EXPECT_THAT(problem_with(path), HasSubstr("histograms.hlog: line 6: the histogram is not base64"));
    write(path + "/histograms.hlog", log + log.substr(log.find("Tag=")));
    EXPECT_THAT(problem_with(path), HasSubstr("histograms.hlog: the tag 1/page/response stands twice"));
    write(path + "/histograms.hlog", log.substr(0, log.find("Tag=2")));
    EXPECT_THAT(problem_with(path), HasSubstr("histograms.hlog: level 2 has"));
    write(path + "/histograms.hlog", log);

    const auto run = content_of(path + "/run.json");
    write(path + "/run.json", "{\"format\":\"stampede run 9\"}");
    EXPECT_THAT(problem_with(path), HasSubstr("run.json: its format is \"stampede run 9\""));
    auto changed = run;
    changed.replace(changed.rfind("\"fixed\""), 7, "\"faxed\"");
    write(path + "/run.json", changed);
    EXPECT_THAT(problem_with(path), HasSubstr("run.json: levels[1].purpose is no purpose of a level"));
}

TEST(RunFolderTest, GarbageIsAnErrorOrARun) {
    const sys::ScratchFolder tests;
    const auto path = tests / "run";
    ASSERT_TRUE(RunFolder::make(path)->finish(random_run(6)).has_value());
    std::mt19937_64 random(1);
    for (const auto* name :
         {"/run.json", "/samples.jsonl", "/histograms.hlog", "/head.json", "/levels.jsonl"}) {
        if (std::string_view(name) == "/head.json") {
            std::filesystem::rename(path + "/run.json", path + "/head.json");
        }
        const auto good = content_of(path + name);
        for (int i = 0; i < 150 && !good.empty(); ++i) {
            auto bad = good;
            for (auto changes = 1 + random() % 4; changes > 0; --changes)
                bad[random() % bad.size()] = static_cast<char>(random());
            if (random() % 4 == 0) bad.resize(random() % bad.size());
            write(path + name, bad);
            const auto read = RunFolder::read(path);
            if (!read) EXPECT_FALSE(read.error().message.empty());
        }
        write(path + name, good);
    }
    std::filesystem::remove(path + "/samples.jsonl");
    std::filesystem::create_symlink("/dev/zero", path + "/samples.jsonl");
    EXPECT_THAT(problem_with(path), HasSubstr("samples.jsonl is no regular file"));
}

TEST(RunFolderTest, WritesTablesForOtherTools) {
    const sys::ScratchFolder tests;
    const auto path = tests / "run";
    auto run = simulate({.loads = {20, 30}, .seconds = 5}, 1);
    run.demands.p99_ms = 1;
    run.levels[0].good = run.levels[1].good = false;
    run.levels[0].purpose = Purpose::climb;
    run.levels[1].why = "p99 too high";
    run.samples[3].servers = {{.name = "service", .cpu_cores = 0.5}};
    ASSERT_TRUE(RunFolder::make(path)->finish(run).has_value());
    const auto junit = content_of(path + "/junit.xml");
    EXPECT_THAT(junit, HasSubstr("2 fixed at 30: p99"));
    EXPECT_THAT(junit, HasSubstr("<skipped message=\"p99"));
    EXPECT_THAT(junit, HasSubstr("<failure message=\"p99"));
    const auto levels = content_of(path + "/levels.csv");
    EXPECT_EQ(std::ranges::count(levels, '\n'), 1 + 2 * 2);
    const auto columns = std::ranges::count(levels.substr(0, levels.find('\n')), ',');
    EXPECT_EQ(std::ranges::count(levels, ','), columns * 5);
    const auto samples = content_of(path + "/samples.csv");
    EXPECT_EQ(std::ranges::count(samples, '\n'), 11);
    EXPECT_THAT(samples, HasSubstr("service cpu_cores"));
    EXPECT_THAT(samples, HasSubstr(",0.5,"));
}

}  // namespace
}  // namespace homespun::stampede
