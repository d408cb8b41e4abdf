#include "sys/processes.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sys {
namespace {

TEST(ProcessesTest, KnowsThisProcess) {
    const auto begin = read_figures({::getpid()});
    volatile double work = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(120);
    while (std::chrono::steady_clock::now() < end)
        work = work + 1;
    const auto figures = read_figures({::getpid()});
    EXPECT_EQ(figures.processes, 1u);
    EXPECT_GT(figures.cpu_seconds, begin.cpu_seconds);
    EXPECT_GT(figures.resident_bytes, 1'000'000u);
    EXPECT_GE(figures.threads, 1u);
    EXPECT_GT(figures.descriptors.value_or(0), 2u);
    EXPECT_EQ(read_figures({999'999'999}).processes, 0u);
    EXPECT_THAT(process_tree(::getpid()), testing::Contains(::getpid()));
    EXPECT_THAT(process_tree(::getppid()), testing::Contains(::getpid()));
}

TEST(ProcessesTest, KnowsWhatTheWholeMachineDoes) {
    const auto before = machine_time();
    ASSERT_TRUE(before);
    volatile double work = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    while (std::chrono::steady_clock::now() < end)
        work = work + 1;
    const auto after = machine_time();
    ASSERT_TRUE(after);
    EXPECT_GE(after->busy - before->busy, 0.1);
    EXPECT_GE(after->idle, before->idle);
}

TEST(ProcessesTest, FindsWhoListensAndHowManyWait) {
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listening, 8), 0);
    ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto port = ntohs(address.sin_port);
    EXPECT_EQ(accept_queue(port), 0u);
    EXPECT_THAT(listeners_on(port), testing::ElementsAre(::getpid()));
    EXPECT_THAT(listening_addresses({::getpid()}), testing::Contains(ListeningAddress{"127.0.0.1", port}));
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(accept_queue(port), 1u);
    ::close(client);
    ::close(listening);
    EXPECT_EQ(accept_queue(port), std::nullopt);
    EXPECT_TRUE(listeners_on(port).empty());
}

TEST(ProcessesTest, MeasuresDirectories) {
    const ScratchFolder folder;
    const auto& name = folder.path();
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(disk_use(name), 0u);
    std::filesystem::create_directory(name + "/inner");
    std::ofstream(name + "/inner/file") << std::string(100'000, 'x') << std::flush;
    EXPECT_GE(disk_use(name), 100'000u);
    EXPECT_LT(disk_use(name), 300'000u);
    EXPECT_GT(disk_free(name).value_or(0), 0u);
    std::filesystem::remove_all(name);
    EXPECT_EQ(disk_use(name), 0u);
    EXPECT_EQ(disk_free(name), std::nullopt);
}

TEST(ProcessesTest, DescribesTheMachine) {
    std::string names;
    for (const auto& [key, value] : machine_facts()) {
        names += key + " ";
        EXPECT_FALSE(value.empty()) << key;
    }
    EXPECT_EQ(names, "kernel cpu cores memory_mb ");
}

}  // namespace
}  // namespace homespun::sys
