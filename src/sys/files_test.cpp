#include "sys/files.hpp"
#include "sys/scratch_folder_fixture.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace homespun::sys {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
  protected:
    [[nodiscard]] std::string path(std::string_view name) const { return (directory_ / name).string(); }
    [[nodiscard]] static unsigned mode(const std::string& path) {
        struct stat facts{};
        EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
        return facts.st_mode & 07777;
    }
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
    }

    ScratchFolder folder_;
    const fs::path directory_ = folder_.path();
};

TEST_F(FilesTest, ASecretIsTheFirstLine) {
    const auto secret = [this](std::string_view content) {
        EXPECT_TRUE(write_file_atomically(path("s"), content, 0600));
        return read_secret(path("s"));
    };
    for (const auto* content : {" a b\t", " a b\t\n", " a b\t\r\n", " a b\t\nmore\n"})
        EXPECT_EQ(secret(content), " a b\t");
    for (const auto* content : {"", "\n", "\r\n", "\nmore"}) {
        const auto none = secret(content);
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().message, "the first line of " + path("s") + " is empty");
    }
    EXPECT_FALSE(read_secret(path("none")));
}

TEST_F(FilesTest, OnlyOneHoldsALock) {
    ASSERT_FALSE(FileLock::wait(path("none/f.lock")));
    std::atomic<int> inside = 0, most = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 50; ++round) {
                const auto lock = FileLock::wait(path("f.lock"));
                ASSERT_TRUE(lock);
                most = std::max<int>(most, ++inside);
                std::this_thread::yield();
                --inside;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(mode(path("f.lock")), 0600U);
}

TEST_F(FilesTest, ReadsBackWhatItWrote) {
    EXPECT_TRUE(rc::check([this](const std::string& content) {
        RC_ASSERT(write_file_atomically(path("f"), content, 0600).has_value());
        RC_ASSERT(read_file(path("f")).value() == content);
    }));
    const std::string large(100'000, 'x');
    ASSERT_TRUE(write_file_atomically(path("f"), large, 0600));
    EXPECT_EQ(read_file(path("f")), large);
    EXPECT_EQ(entries(), 1U) << "no temporary file stays behind";
}

TEST_F(FilesTest, GivesTheModeWhateverWasThere) {
    ASSERT_TRUE(write_file_atomically(path("f"), "a", 0644));
    EXPECT_EQ(mode(path("f")), 0644U);
    ASSERT_TRUE(write_file_atomically(path("f"), "b", 0600));
    EXPECT_EQ(mode(path("f")), 0600U);
    std::ofstream(path("g.new")) << "an old leftover";
    fs::permissions(path("g.new"), fs::perms(0666));
    ASSERT_TRUE(write_file_atomically(path("g"), "secret", 0600));
    EXPECT_EQ(mode(path("g")), 0600U);
    EXPECT_EQ(read_file(path("g")), "secret");
}

TEST_F(FilesTest, NamesTheFileThatFailed) {
    const auto missing = read_file(path("none"));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find(path("none")), std::string::npos);
    EXPECT_FALSE(read_file(directory_.string())) << "a directory is no file";
    const auto nowhere = write_file_atomically(path("none/f"), "x", 0600);
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().message.find(path("none/f")), std::string::npos);
}

TEST_F(FilesTest, LeavesNothingBehindWhenItCannotReplace) {
    fs::create_directory(path("f"));
    EXPECT_FALSE(write_file_atomically(path("f"), "x", 0600));
    EXPECT_EQ(entries(), 1U);
}

TEST_F(FilesTest, MakesPrivateDirectories) {
    for (const auto name : {"a/b/c", "d/e/", "f", "g/./h//"}) {
        ASSERT_TRUE(make_private_directory(path(name))) << name;
        ASSERT_TRUE(make_private_directory(path(name))) << name << " is there already";
        EXPECT_EQ(mode(path(name)), 0700U) << name;
    }
    EXPECT_EQ(mode(path("a")), 0700U);
    EXPECT_EQ(mode(path("a/b")), 0700U);
}

TEST_F(FilesTest, LeavesAnExistingDirectoryAsItIs) {
    fs::create_directory(path("d"));
    fs::permissions(path("d"), fs::perms(0750));
    ASSERT_TRUE(make_private_directory(path("d")));
    EXPECT_EQ(mode(path("d")), 0750U);
}

TEST_F(FilesTest, RefusesADirectoryThatIsNone) {
    ASSERT_TRUE(write_file_atomically(path("f"), "x", 0600));
    const auto file = make_private_directory(path("f"));
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().message.find("--data"), std::string::npos) << file.error().message;
    EXPECT_FALSE(make_private_directory(path("f/g")));
}

TEST_F(FilesTest, LeasesToOneAtATime) {
    auto lease = Lease::take(directory_.string());
    ASSERT_TRUE(lease);
    const auto second = Lease::take(directory_.string());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos)
        << second.error().message;
    {
        const Lease moved = std::move(*lease);
        EXPECT_FALSE(Lease::take(directory_.string())) << "it moves, it does not end";
    }
    EXPECT_TRUE(Lease::take(directory_.string()));
    EXPECT_FALSE(Lease::take(path("none")));
}

TEST_F(FilesTest, CopiesIntoAPrivateFileAndNeverOverOne) {
    const std::string content(3'000'000, 'x');
    std::ofstream(path("from")) << content;
    ASSERT_TRUE(copy_file(path("from"), path("to")));
    EXPECT_EQ(*read_file(path("to")), content);
    EXPECT_EQ(mode(path("to")), 0600u);
    EXPECT_FALSE(copy_file(path("from"), path("to")));
    EXPECT_EQ(*read_file(path("to")), content);
    EXPECT_FALSE(copy_file(path("none"), path("other")));
    EXPECT_FALSE(fs::exists(path("other")));
    EXPECT_FALSE(copy_file("/dev/zero", "/dev/full"));
}

TEST_F(FilesTest, RenamesOverOrRefuses) {
    ASSERT_TRUE(make_private_file(path("a")));
    EXPECT_FALSE(make_private_file(path("a")));
    fs::create_directory(path("taken"));
    fs::create_directory(path("fresh"));
    EXPECT_FALSE(rename_durably(path("fresh"), path("taken"), Taken::refuse))
        << "an empty directory is taken too";
    EXPECT_TRUE(fs::exists(path("fresh")));
    EXPECT_TRUE(rename_durably(path("fresh"), path("free"), Taken::refuse));
    EXPECT_TRUE(fs::exists(path("free")));
}

TEST_F(FilesTest, ADirectoryIsLockedOnce) {
    auto held = DirectoryLock::take(path(""));
    ASSERT_TRUE(held);
    EXPECT_FALSE(DirectoryLock::take(path("")));
    {
        const auto gone = std::move(*held);
    }
    EXPECT_TRUE(DirectoryLock::take(path("")));
}

}  // namespace
}  // namespace homespun::sys
