#include "sys/service_manager.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sys {
namespace {

using namespace std::chrono_literals;

TEST(ServiceManagerTest, APathEndsWithAZeroByteAndAnAbstractNameBeginsWithOne) {
    const auto path = notify_address("/run/systemd/notify");
    ASSERT_TRUE(path);
    EXPECT_STREQ(path->address.sun_path, "/run/systemd/notify");
    EXPECT_EQ(path->length, offsetof(sockaddr_un, sun_path) + 20);
    const auto abstract = notify_address("@org/notify");
    ASSERT_TRUE(abstract);
    EXPECT_EQ(std::string_view(abstract->address.sun_path, 11), std::string_view("\0org/notify", 11));
    EXPECT_EQ(abstract->length, offsetof(sockaddr_un, sun_path) + 11);
}

TEST(ServiceManagerTest, NamesThatAreNoneAreTold) {
    for (const auto* name : {"", "run/notify", "vsock:2:1234", "/", "@"})
        EXPECT_NE(notify_address(name).error().message.find("NOTIFY_SOCKET must"), std::string::npos) << name;
    EXPECT_TRUE(notify_address("/" + std::string(106, 'x')));
    EXPECT_FALSE(notify_address("/" + std::string(107, 'x'))) << "no room for the zero byte";
    EXPECT_TRUE(notify_address("@" + std::string(107, 'x')));
    EXPECT_FALSE(notify_address("@" + std::string(108, 'x')));
}

TEST(ServiceManagerTest, TheWatchdogIsForTheProcessItNames) {
    EXPECT_EQ(watchdog_limit("30000000", "17", 17), 30s);
    EXPECT_EQ(watchdog_limit("30000000", nullptr, 17), 30s);
    EXPECT_EQ(watchdog_limit("30000000", "18", 17), std::nullopt);
    EXPECT_EQ(watchdog_limit("30000000", "", 17), std::nullopt);
    EXPECT_EQ(watchdog_limit(nullptr, "17", 17), std::nullopt);
    for (const auto* text : {"", "0", "-5", "1s", "99999999999999999999"})
        EXPECT_EQ(watchdog_limit(text, nullptr, 17), std::nullopt) << text;
}

/// A service manager's end: a bound datagram socket, and the environment that leads to it.
class Manager {
  public:
    explicit Manager(const std::string& name) : descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        const auto address = notify_address(name).value();
        EXPECT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&address.address), address.length), 0);
        setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() {
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        close(descriptor_);
    }
    [[nodiscard]] std::string heard() const {
        std::array<char, 256> text{};
        const auto size = recv(descriptor_, text.data(), text.size(), 0);
        return {text.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
    }

  private:
    int descriptor_;
};

TEST(ServiceManagerTest, WhatIsToldArrivesAsOneDatagram) {
    const ScratchFolder folder;
    for (const auto& name : {folder / "notify", "@homespun-test-" + std::to_string(getpid())}) {
        const Manager end(name);
        const auto manager = ServiceManager::from_environment();
        ASSERT_TRUE(manager) << manager.error().message;
        EXPECT_TRUE(manager->tell("READY=1\nSTATUS=Serving"));
        EXPECT_EQ(end.heard(), "READY=1\nSTATUS=Serving") << name;
        EXPECT_EQ(end.heard(), "");
        EXPECT_EQ(manager->watchdog(), std::nullopt);
    }
}

TEST(ServiceManagerTest, AManagerThatHasGoneIsAnError) {
    const ScratchFolder folder;
    ServiceManager manager;
    EXPECT_TRUE(manager.tell("READY=1")) << "nobody wants to know";
    {
        const Manager end(folder / "notify");
        setenv("WATCHDOG_USEC", "5000000", 1);
        manager = ServiceManager::from_environment().value();
        EXPECT_EQ(manager.watchdog(), 5s);
    }
    EXPECT_NE(manager.tell("READY=1").error().message.find("cannot tell the service manager"),
              std::string::npos);
    EXPECT_EQ(ServiceManager::from_environment().value().watchdog(), std::nullopt);
}

}  // namespace
}  // namespace homespun::sys
