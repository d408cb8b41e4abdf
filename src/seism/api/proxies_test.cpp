#include "seism/api/proxies.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace homespun::seism {
namespace {

/// 0 when a connection to that port of loopback is taken, else errno.
int connected(std::uint16_t port) {
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int error =
        ::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
    ::close(peer);
    return error;
}

Toxic toxic_of(std::string name, std::string type, float toxicity = 1, Stream stream = Stream::downstream) {
    Toxic toxic;
    toxic.name = std::move(name);
    toxic.type = std::move(type);
    toxic.toxicity = toxicity;
    toxic.stream = stream;
    return toxic;
}

base::Result<void> nothing(Toxic&) {
    return {};
}

class ProxiesTest : public testing::Test {
  protected:
    NewProxy wanted(std::string name, std::string listen = "127.0.0.1:0", bool enabled = true) {
        return {std::move(name), Listen::look_up(std::move(listen)), "127.0.0.1:9", enabled};
    }
    static std::uint16_t port(const ProxyView& view) { return ListenAddress::resolve(view.listen)->port; }

    std::unique_ptr<Engine> engine = std::move(*Engine::start({}));
    Proxies proxies{*engine};
};

TEST_F(ProxiesTest, NamesAreUniqueBeforeAddressesAreLookedAt) {
    ASSERT_TRUE(proxies.create(wanted("a")));
    EXPECT_EQ(proxies.create(wanted("a", "bad")).error().status, 409);
    EXPECT_EQ(proxies.create(wanted("b", "bad")).error().message,
              "listen tcp: address bad: missing port in address");
    EXPECT_EQ(proxies.create(wanted("")).error().message, "missing required field: name");
    EXPECT_EQ(proxies.all().size(), 1U);
}

TEST_F(ProxiesTest, OneThatIsDownKeepsWhatWasSaidUntilItStarts) {
    EXPECT_EQ(proxies.create(wanted("a", "localhost:0", false))->listen, "localhost:0");
    ASSERT_TRUE(proxies.reset());
    const auto view = *proxies.find("a");
    EXPECT_TRUE(view.enabled);
    EXPECT_EQ(view.listen, "127.0.0.1:" + std::to_string(port(view)));
    EXPECT_EQ(connected(port(view)), 0);
}

TEST_F(ProxiesTest, ToxicsOfTheListenerDecideWhoGetsIn) {
    const auto at = port(*proxies.create(wanted("a")));
    ASSERT_TRUE(proxies.add_toxic("a", toxic_of("never", "refuse", 0), nothing));
    EXPECT_EQ(connected(at), 0);
    ASSERT_TRUE(proxies.add_toxic("a", toxic_of("now", "refuse"), nothing));
    EXPECT_EQ(connected(at), ECONNREFUSED);
    const auto quiet = [](Toxic& toxic) {
        toxic.toxicity = 0;
        return base::Result<void>();
    };
    ASSERT_TRUE(proxies.update_toxic("a", "now", quiet));
    EXPECT_EQ(connected(at), 0);
    const auto loud = [](Toxic& toxic) {
        toxic.toxicity = 1;
        return base::Result<void>();
    };
    ASSERT_TRUE(proxies.update_toxic("a", "now", loud));
    ASSERT_TRUE(proxies.update("a", {Listen::look_up(proxies.find("a")->listen), {}, false}));
    ASSERT_TRUE(proxies.update("a", {Listen::look_up(proxies.find("a")->listen), {}, true}));
    EXPECT_EQ(connected(at), ECONNREFUSED) << "toxics outlive being down";
    ASSERT_TRUE(proxies.remove_toxic("a", "now"));
    EXPECT_EQ(connected(at), 0);
}

TEST_F(ProxiesTest, ToxicsAreListedByStream) {
    ASSERT_TRUE(proxies.create(wanted("a", "", false)));
    const auto add = [&](std::string name, Stream stream) {
        return proxies.add_toxic("a", toxic_of(std::move(name), "noop", 1, stream), nothing);
    };
    ASSERT_TRUE(add("1", Stream::downstream));
    ASSERT_TRUE(add("2", Stream::upstream));
    ASSERT_TRUE(add("3", Stream::downstream));
    ASSERT_TRUE(add("4", Stream::upstream));
    EXPECT_EQ(add("1", Stream::upstream).error().status, 409) << "names are unique over both";
    std::string order;
    for (const auto& toxic : proxies.find("a")->toxics)
        order += toxic.name;
    EXPECT_EQ(order, "2413");
}

TEST_F(ProxiesTest, AFailedPopulateKeepsWhatCameBefore) {
    const auto taken = proxies.create(wanted("taken"))->listen;
    auto outcome = proxies.populate({wanted("a"), wanted("b", taken), wanted("c")});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->message, "listen tcp " + taken + ": bind: address already in use");
    ASSERT_EQ(outcome.done.size(), 1U);
    EXPECT_TRUE(proxies.find("a"));
    EXPECT_FALSE(proxies.find("b"));
    EXPECT_FALSE(proxies.find("c"));
    outcome = proxies.populate({wanted("d"), wanted("")});
    EXPECT_EQ(outcome.error->message, "missing required field: name at proxy 2");
    EXPECT_FALSE(proxies.find("d"));
}

TEST_F(ProxiesTest, ResetGoesOnAfterAnError) {
    const auto taken = proxies.create(wanted("taken"))->listen;
    ASSERT_TRUE(proxies.create(wanted("a", taken, false)));
    ASSERT_TRUE(proxies.create(wanted("z", "127.0.0.1:0", false)));
    EXPECT_EQ(proxies.reset().error().status, 500);
    EXPECT_FALSE(proxies.find("a")->enabled);
    EXPECT_TRUE(proxies.find("z")->enabled);
}

}  // namespace
}  // namespace homespun::seism
