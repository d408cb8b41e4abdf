#include "sys/child.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "sys/files.hpp"
#include "sys/processes.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sys {
namespace {

using namespace std::chrono_literals;

TEST(ChildTest, TellsHowItEnded) {
    auto child = Child::start({.command = {"sh", "-c", "exit 3"}});
    ASSERT_TRUE(child) << child.error().message;
    const auto end = child->wait_for(10s);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->text(), "ended with status 3");
}

TEST(ChildTest, IsStoppedWithItsDescendants) {
    const ScratchFolder folder;
    const auto file = folder.path() + "/pid";
    auto child =
        Child::start({.command = {"sh", "-c", "trap '' TERM; sleep 100 & echo $! > " + file + "; wait"}});
    ASSERT_TRUE(child);
    for (int i = 0; i < 500 && (!std::filesystem::exists(file) || read_file(file)->empty()); ++i)
        child->wait_for(10ms);
    const int grandchild = std::stoi(*read_file(file));
    EXPECT_FALSE(child->ended());
    EXPECT_EQ(child->stop(SIGTERM, 100ms).signal, SIGKILL);
    for (int i = 0; i < 500 && start_ticks(grandchild); ++i)
        ::usleep(10'000);
    EXPECT_FALSE(start_ticks(grandchild));
}

TEST(ChildTest, GetsItsEnvironmentPlaceAndOutput) {
    const ScratchFolder folder;
    auto child = Child::start({.command = {"sh", "-c", "echo $WORD; pwd; echo wrong >&2"},
                               .environment = {{"WORD", "shop"}},
                               .directory = "/",
                               .output = folder.path() + "/log"});
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->wait_for(10s));
    EXPECT_EQ(*read_file(folder.path() + "/log"), "shop\n/\nwrong\n");
}

TEST(ChildTest, NamesWhatIsNotThere) {
    const auto child = Child::start({.command = {"/nowhere/shop"}});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().message, "/nowhere/shop cannot be started: No such file or directory");
    EXPECT_FALSE(Child::start({}));
}

}  // namespace
}  // namespace homespun::sys
