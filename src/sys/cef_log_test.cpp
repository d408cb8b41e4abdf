#include "sys/cef_log.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/cef_fixture.hpp"
#include "base/text.hpp"
#include "sys/files.hpp"
#include "sys/scratch_folder_fixture.hpp"

using namespace homespun;

namespace {

class CountingLogger final : public base::Logger {
  public:
    void log(base::LogLevel, std::string_view event, std::initializer_list<base::LogField>) override {
        events.emplace_back(event);
    }
    std::vector<std::string> events;
};

class CefFileTest : public ::testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<sys::CefFile> open() {
        auto file = sys::CefFile::open(path, {}, clock, logger);
        EXPECT_TRUE(file) << (file ? "" : file.error().message);
        return file ? std::move(*file) : nullptr;
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        const auto text = sys::read_file(path);
        std::vector<std::string> all;
        if (text)
            for (const auto line : base::split(*text, '\n'))
                if (!line.empty()) all.emplace_back(line);
        return all;
    }
    sys::ScratchFolder folder;
    std::string path = folder.path() + "/cef.log";
    base::ManualClock clock{1'795'294'444'123};
    CountingLogger logger;
};

TEST_F(CefFileTest, LinesFromManyThreadsStayWhole) {
    const auto file = open();
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n)
        threads.emplace_back([&file, n] {
            for (int k = 0; k < 100; ++k)
                file->write({.name = "Report",
                             .user = "user" + std::to_string(n),
                             .extensions = {{"k", std::to_string(k)}}});
        });
    for (auto& thread : threads)
        thread.join();
    const auto all = lines();
    ASSERT_EQ(all.size(), 400U);
    for (const auto& line : all)
        EXPECT_EQ(base::cef::read_line(line).head[5], "Report");
}

TEST_F(CefFileTest, OnlyTheOwnerMayReadIt) {
    (void)open();
    struct stat state{};
    ASSERT_EQ(::stat(path.c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777U, 0600U);
}

TEST_F(CefFileTest, AFileThatWasMovedAwayIsMadeAnew) {
    const auto file = open();
    file->write({.name = "one"});
    std::filesystem::rename(path, path + ".1");
    file->write({.name = "two"});
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_EQ(base::cef::read_line(lines()[0]).head[5], "two");
}

TEST_F(CefFileTest, WhatCannotBeWrittenIsToldOnceAnOutage) {
    const auto file = open();
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    file->write({.name = "one"});
    file->write({.name = "two"});
    EXPECT_EQ(logger.events, std::vector<std::string>{"cef_lost"});
    std::filesystem::remove(path);
    file->write({.name = "three"});
    EXPECT_EQ(lines().size(), 1U);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    file->write({.name = "four"});
    EXPECT_EQ(logger.events.size(), 2U);
}

TEST_F(CefFileTest, AFolderThatIsNotThereIsAnError) {
    const auto file = sys::CefFile::open(folder.path() + "/none/cef.log", {}, clock, logger);
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().message.find("none/cef.log"), std::string::npos);
}

}  // namespace
