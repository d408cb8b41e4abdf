// The program as a whole, driven by our own client: what spans accounts, token server, storage and restarts.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "person.hpp"
#include "running_server.hpp"
#include "sync/client/account_storage.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sys/files.hpp"

namespace homespun::tests {
namespace {

using namespace std::chrono_literals;

constexpr const char* record = R"({"payload":"opaque"})";

TEST(InstallationTest, SignsUpStoresAndSignsInAgain) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter"});
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(server.root());
    const auto account = person.sign_up("a@example.org");
    ASSERT_TRUE(account) << account.error().message;
    const auto access = person.access(*account);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(person.storage(*access, "PUT", "/storage/tabs/one", record).status, 200);

    Person second(server.root());
    const auto again = second.sign_in("A@Example.org");
    if (!again)
        EXPECT_NE(again.error().message.find("errno 120"), std::string::npos) << again.error().message;
    const auto same = second.sign_in("a@example.org");
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_EQ(same->key_b, account->key_b);
    const auto second_access = second.access(*same);
    ASSERT_TRUE(second_access) << second_access.error().message;
    EXPECT_EQ(second_access->uid, access->uid);
    const auto got = second.storage(*second_access, "GET", "/storage/tabs/one");
    EXPECT_NE(got.body.find("\"payload\":\"opaque\""), std::string::npos) << got.body;
    EXPECT_EQ(server.stop(), 0) << server.output();
}

TEST(InstallationTest, ChangingThePublicUrlKeepsUidAndData) {
    const sys::ScratchFolder data;
    const auto port = free_port();
    const auto url = [port](const std::string& host) {
        return "http://" + host + ":" + std::to_string(port);
    };
    std::uint64_t uid = 0;
    {
        RunningServer server(data.path(), {"--no-arbiter", "--public-url", url("127.0.0.1")}, port);
        ASSERT_TRUE(server.ready()) << server.output();
        Person person(server.root());
        const auto account = person.sign_up("a@example.org");
        ASSERT_TRUE(account) << account.error().message;
        const auto access = person.access(*account);
        ASSERT_TRUE(access) << access.error().message;
        uid = access->uid;
        EXPECT_EQ(person.storage(*access, "PUT", "/storage/tabs/one", record).status, 200);
    }
    RunningServer server(data.path(), {"--no-arbiter", "--public-url", url("localhost")}, port);
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(url("localhost"));  // clients sign the name they see
    const auto account = person.sign_in("a@example.org");
    ASSERT_TRUE(account) << account.error().message;
    const auto access = person.access(*account);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->uid, uid);
    EXPECT_EQ(access->endpoint.endpoint.host, "localhost");
    EXPECT_NE(person.storage(*access, "GET", "/storage/tabs/one").body.find("opaque"), std::string::npos);
}

TEST(InstallationTest, RotatedSecretsKeepOldTokensGood) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter"});
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(server.root());
    const auto account = person.sign_up("a@example.org");
    ASSERT_TRUE(account) << account.error().message;
    const auto before = person.access(*account);
    ASSERT_TRUE(before) << before.error().message;
    const auto old_secrets = sys::read_file(data.path() + "/secrets.json").value_or("");
    ASSERT_EQ(run_homespun({"secret", "rotate", "--data", data.path()}).status, 0);
    EXPECT_NE(sys::read_file(data.path() + "/secrets.json").value_or(""), old_secrets);
    EXPECT_EQ(person.storage(*before, "GET", "/info/collections").status, 200);
    const auto after = person.access(*account);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ(person.storage(*after, "GET", "/info/collections").status, 200);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(run_homespun({"secret", "rotate", "--data", data.path()}).status, 0);
    EXPECT_EQ(person.storage(*before, "GET", "/info/collections").status, 401)
        << "three rotations later it is gone";
}

TEST(InstallationTest, SecretsAndSetupLinkAreForTheirOwnerOnly) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter", "--public-url", "https://sync.example"});
    ASSERT_TRUE(server.ready()) << server.output();
    for (const std::string name : {"/secrets.json", "/setup-link", "/admin.sock"}) {
        struct stat status{};
        ASSERT_EQ(stat((data.path() + name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
    }
}

TEST(InstallationTest, AnExposedServerNeedsTheSetupLinkOnce) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter", "--public-url", "http://sync.example"});
    ASSERT_TRUE(server.ready()) << server.output();
    const auto link = sys::read_file(data.path() + "/setup-link").value_or("");
    const auto code = link.substr(link.find("invite=") + 7, link.find('\n') - link.find("invite=") - 7);
    // It is printed when the server answers already.
    for (int i = 0; i < 200 && server.output().find(link) == std::string::npos; ++i)
        std::this_thread::sleep_for(20ms);
    EXPECT_NE(server.output().find(link), std::string::npos);
    // Signing would need the public name; creating an account does not.
    Person person(server.root());
    const auto refused = person.sign_up("a@example.org");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("errno 901"), std::string::npos) << refused.error().message;
    const auto first = person.sign_up("a@example.org", code);
    EXPECT_EQ(run_homespun({"user", "list", "--json", "--data", data.path()}).output.find("a@example.org") ==
                  std::string::npos,
              false);
    const auto used = person.sign_up("b@example.org", code);
    ASSERT_FALSE(used);
    EXPECT_NE(used.error().message.find("errno 902"), std::string::npos) << used.error().message;
}

TEST(InstallationTest, AfterTheFirstAccountAnInviteIsNeeded) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter"});
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(server.root());
    ASSERT_TRUE(person.sign_up("a@example.org"));
    const auto refused = person.sign_up("b@example.org");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("errno 901"), std::string::npos) << refused.error().message;
    const auto invited = run_homespun({"invite", "--data", data.path()});
    ASSERT_EQ(invited.status, 0) << invited.output;
    const auto code = invited.output.substr(invited.output.find("invite=") + 7,
                                            invited.output.find('\n') - invited.output.find("invite=") - 7);
    EXPECT_TRUE(person.sign_up("b@example.org", code));
}

TEST(InstallationTest, AnExpiredTokenReadsOnlyTheTimestamps) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter", "--set", "token_duration=60"});
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(server.root());
    const auto account = person.sign_up("a@example.org");
    ASSERT_TRUE(account) << account.error().message;
    const auto access = person.access(*account);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(person.storage(*access, "GET", "/storage/tabs").status, 200);
    ASSERT_EQ(run_homespun({"test", "clock", "--offset", "120", "--data", data.path()}).status, 0);
    EXPECT_EQ(person.storage(*access, "GET", "/storage/tabs").status, 401);
    EXPECT_EQ(person.storage(*access, "GET", "/info/collections").status, 200);
    ASSERT_EQ(run_homespun({"test", "clock", "--offset", "8000", "--data", data.path()}).status, 0);
    EXPECT_EQ(person.storage(*access, "GET", "/info/collections").status, 401);
}

TEST(InstallationTest, APersonsStorageTakesANewTokenWhenTheOldOneHasExpired) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter", "--set", "token_duration=60"});
    ASSERT_TRUE(server.ready()) << server.output();
    const auto account = Person(server.root()).sign_up("a@example.org").value();
    net::Loop loop;
    base::SystemClock clock;
    base::SystemRandom random;
    sync::client::AccountStorage storage(
        *sync::client::SyncClient::at(loop, server.root(), clock, random), account.session_token,
        sync::client::key_id_header(account.key_b, account.keys_changed_at_ms));
    const auto status = [&](const char* method, std::string body = {}) {
        const auto answer = net::run_here(loop, storage.send(method, "/storage/tabs/one", std::move(body)));
        return answer ? answer->status : 0;
    };
    EXPECT_EQ(status("PUT", record), 200);
    ASSERT_EQ(run_homespun({"test", "clock", "--offset", "120", "--data", data.path()}).status, 0);
    clock.set_offset_ms(120'000);
    EXPECT_EQ(status("GET"), 200);
    EXPECT_EQ(status("PUT", R"({"payload":"another"})"), 200);
}

TEST(InstallationTest, RefusesADirectoryInUse) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {"--no-arbiter"});
    ASSERT_TRUE(server.ready()) << server.output();
    const auto second =
        run_homespun({"serve", "--no-arbiter", "--data", data.path(), "--listen", "127.0.0.1:0"});
    EXPECT_EQ(second.status, 1);
    EXPECT_NE(second.output.find("is in use by process " + std::to_string(server.pid())), std::string::npos)
        << second.output;
    EXPECT_TRUE(server.answers(2));
}

TEST(InstallationTest, RefusesANewerFormat) {
    for (const std::string file : {"/token.db", "/accounts.db", "/store/shard-0.db"}) {
        const sys::ScratchFolder data;
        {
            RunningServer server(data.path(), {"--no-arbiter"});
        }
        auto database = sync::store::sqlite::Database::open(data.path() + file, {});
        ASSERT_TRUE(database) << file;
        ASSERT_TRUE(database->set_user_version(99));
        const auto refused =
            run_homespun({"serve", "--no-arbiter", "--data", data.path(), "--listen", "127.0.0.1:0"});
        EXPECT_EQ(refused.status, 1) << file;
        EXPECT_NE(refused.output.find("newer"), std::string::npos) << refused.output;
    }
}

TEST(InstallationTest, RefusesToForgetTheAccounts) {
    const sys::ScratchFolder data;
    {
        RunningServer server(data.path(), {"--no-arbiter"});
    }
    ASSERT_TRUE(std::filesystem::remove(data.path() + "/accounts.db"));
    const auto refused =
        run_homespun({"serve", "--no-arbiter", "--data", data.path(), "--listen", "127.0.0.1:0"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.output.find("accounts.db is missing"), std::string::npos) << refused.output;
}

TEST(InstallationTest, RefusesWhatIsNoDataDirectory) {
    const sys::ScratchFolder scratch;
    std::ofstream(scratch.path() + "/file") << "x";
    const auto file = run_homespun({"serve", "--data", scratch.path() + "/file", "--listen", "127.0.0.1:0"});
    EXPECT_EQ(file.status, 1);
    EXPECT_NE(file.output.find("is no directory; choose another with --data"), std::string::npos)
        << file.output;
    const auto nobody = run_homespun({"invite", "--data", scratch.path()});
    EXPECT_EQ(nobody.status, 1);
    EXPECT_NE(nobody.output.find("homespun serve"), std::string::npos) << nobody.output;
}

TEST(InstallationTest, ExplainsBadSettings) {
    const sys::ScratchFolder data;
    const auto port = run_homespun({"serve", "--data", data.path(), "--listen", "5000"});
    EXPECT_EQ(port.status, 1);
    EXPECT_NE(port.output.find("write HOST:PORT"), std::string::npos) << port.output;
    const auto outside =
        run_homespun({"serve", "--no-arbiter", "--data", data.path(), "--listen", "0.0.0.0:0"});
    EXPECT_EQ(outside.status, 1);
    EXPECT_NE(outside.output.find("--public-url"), std::string::npos) << outside.output;
    const auto start = [&](const std::string& setting) {
        const auto refused = run_homespun(
            {"serve", "--no-arbiter", "--data", data.path(), "--listen", "127.0.0.1:0", "--set", setting});
        EXPECT_EQ(refused.status, 1) << setting;
        return refused.output;
    };
    const auto post = start("limits.max_post_bytes=3000000");
    EXPECT_NE(post.find("homespun: limits.max_request_bytes (2625536) must be at least limits.max_post_bytes "
                        "(3000000) and 4096 more, for the JSON around: set it to 3004096 or more"),
              std::string::npos)
        << post;
    const auto record = start("limits.collections=big:max_record_payload_bytes=20971520");
    EXPECT_NE(
        record.find("homespun: limits.collections: \"big\": max_record_payload_bytes (20971520) is above "
                    "max_post_bytes (2621440)"),
        std::string::npos)
        << record;
    const auto collection = start("limits.collections=foo:bar=1");
    EXPECT_NE(collection.find("write it like newtab-images:max_record_payload_bytes=20971520:max_post_bytes="
                              "20971520:max_request_bytes=26214400"),
              std::string::npos)
        << collection;
    const auto unknown = run_homespun({"config", "--set", "nonsense=1"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_NE(unknown.output.find("unknown setting \"nonsense\""), std::string::npos) << unknown.output;
}

TEST(InstallationTest, AKilledWorkerIsReplacedAndLosesNothing) {
    const sys::ScratchFolder data;
    RunningServer server(data.path(), {});
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(server.root());
    const auto account = person.sign_up("a@example.org");
    ASSERT_TRUE(account) << account.error().message;
    const auto access = person.access(*account);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(person.storage(*access, "PUT", "/storage/tabs/one", record).status, 200);
    const auto worker = std::stoi(sys::read_file(data.path() + "/lease").value_or("0"));
    ASSERT_GT(worker, 0);
    ASSERT_NE(worker, server.pid());
    kill(worker, SIGKILL);
    ASSERT_TRUE(server.answers(10)) << server.output();
    Person after(server.root());
    EXPECT_NE(after.storage(*access, "GET", "/storage/tabs/one").body.find("opaque"), std::string::npos);
    EXPECT_EQ(server.stop(), 0) << server.output();
}

TEST(InstallationTest, AFullDiskRefusesWritesAndRecovers) {
    const sys::ScratchFolder scratch;
    const auto disk = scratch.path() + "/disk";
    mkdir(disk.c_str(), 0700);
    if (mount("homespun-test", disk.c_str(), "tmpfs", 0, "size=6m") != 0)
        GTEST_SKIP() << "no right to mount a small disk";
    struct Unmount {
        std::string path;
        ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
    } const unmount{disk};
    RunningServer server(disk + "/data", {"--no-arbiter"});
    ASSERT_TRUE(server.ready()) << server.output();
    Person person(server.root());
    const auto account = person.sign_up("a@example.org");
    ASSERT_TRUE(account) << account.error().message;
    const auto access = person.access(*account);
    ASSERT_TRUE(access) << access.error().message;
    ASSERT_EQ(person.storage(*access, "PUT", "/storage/tabs/first", record).status, 200);
    std::ofstream filler(disk + "/filler");
    const std::string block(64 * 1024, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
    filler.close();
    const std::string large = "{\"payload\":\"" + std::string(500'000, 'y') + "\"}";
    const auto refused = person.storage(*access, "PUT", "/storage/tabs/large", large);
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.headers.has("Retry-After"));
    EXPECT_EQ(person.storage(*access, "GET", "/storage/tabs/first").status, 200);
    EXPECT_EQ(person.storage(*access, "GET", "/storage/tabs/large").status, 404);
    std::filesystem::remove(disk + "/filler");
    EXPECT_EQ(person.storage(*access, "PUT", "/storage/tabs/large", large).status, 200) << server.output();
}

}  // namespace
}  // namespace homespun::tests
