// A real server on a disk that becomes full, read-only or bad while it runs (disk_shim.cpp plays the disk).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "faults/household.hpp"
#include "integration/running_server.hpp"

namespace homespun::tests {
namespace {

using namespace std::chrono_literals;
using net::http::ClientResponse;
using sync::client::SignedIn;
using sync::client::StorageAccess;

constexpr const char* record = R"({"payload":"opaque"})";

class DiskTroubleTest : public testing::Test {
  protected:
    void start(std::vector<std::string> more = {"--no-arbiter"}) {
        more.insert(more.end(), {"--signup", "open", "--set", "shards=1"});
        server_.emplace(
            data(), more, port_,
            std::vector<std::string>{"LD_PRELOAD=" HOMESPUN_DISK_SHIM, "HOMESPUN_DISK_BELOW=" + data(),
                                     "HOMESPUN_DISK_FAULT=" + marker()});
        ASSERT_TRUE(server_->ready()) << server_->output();
        person_.emplace(server_->root());
    }
    void populate() {
        account_ = person_->sign_up("a@example.org");
        ASSERT_TRUE(account_) << account_.error().message;
        access_ = person_->access(*account_);
        ASSERT_TRUE(access_) << access_.error().message;
        other_ = person_->sign_up("b@example.org");
        ASSERT_TRUE(other_) << other_.error().message;
        ASSERT_EQ(person_->try_sign_up("d@example.org").status, 200);
        bearer_ = person_->bearer(*other_);
        ASSERT_FALSE(bearer_.empty());
        ASSERT_EQ(write("tabs/first"), 200);
    }
    [[nodiscard]] std::string data() const { return scratch_.path() + "/data"; }
    [[nodiscard]] std::string marker() const { return scratch_.path() + "/fault"; }
    void break_disk(const std::string& how) { std::ofstream(marker()) << how; }
    void mend_disk() { std::filesystem::remove(marker()); }

    int write(const std::string& where) {
        return person_->storage(*access_, "PUT", "/storage/" + where, record).status;
    }
    int read(const std::string& where) {
        return person_->storage(*access_, "GET", "/storage/" + where).status;
    }
    static void expect_refused(const ClientResponse& answer, const char* what) {
        EXPECT_EQ(answer.status, 503) << what << ": " << answer.body;
        const auto when = answer.headers.find("Retry-After");
        EXPECT_GT(std::atoi(std::string(when.value_or("0")).c_str()), 0) << what;
    }
    void expect_writes_refused() {
        for (int i = 0; i < 3; ++i)
            expect_refused(person_->storage(*access_, "PUT", "/storage/tabs/second", record), "PUT");
        expect_refused(person_->storage(*access_, "POST", "/storage/tabs", R"([{"id":"x","payload":"y"}])"),
                       "POST");
        expect_refused(person_->storage(*access_, "POST", "/storage/tabs?batch=true", R"([{"id":"x"}])"),
                       "batch");
        expect_refused(person_->storage(*access_, "DELETE", "/storage/tabs/first"), "DELETE of a record");
        expect_refused(person_->storage(*access_, "DELETE", "/storage/tabs"), "DELETE of a collection");
        expect_refused(person_->storage(*access_, "DELETE", ""), "DELETE of all");
        expect_refused(person_->try_sign_up("c@example.org"), "sign-up");
        expect_refused(person_->try_sign_in("d@example.org"), "sign-in");
        expect_refused(person_->try_bearer(*account_), "access token");
        expect_refused(person_->try_token(*other_, bearer_), "token of a new user");
    }
    void expect_reads_go_on() {
        EXPECT_EQ(read("tabs/first"), 200);
        EXPECT_EQ(read("tabs/second"), 404);
        EXPECT_EQ(read("tabs?full=1"), 200);
        EXPECT_EQ(person_->storage(*access_, "GET", "/info/collections").status, 200);
        EXPECT_EQ(person_->storage(*access_, "GET", "/info/quota").status, 200);
        EXPECT_EQ(person_->get("/__lbheartbeat__").status, 200);
    }
    bool heartbeat_becomes(int status) {
        for (int i = 0; i < 100; ++i) {
            if (person_->get("/__heartbeat__").status == status) return true;
            std::this_thread::sleep_for(50ms);
        }
        return false;
    }
    void expect_all_well() {
        EXPECT_EQ(write("tabs/third"), 200) << server_->output();
        EXPECT_EQ(read("tabs/first"), 200);
        EXPECT_EQ(read("tabs/second"), 404);
        EXPECT_EQ(person_->try_sign_up("c@example.org").status, 200) << server_->output();
        EXPECT_EQ(person_->try_sign_in("d@example.org").status, 200);
        EXPECT_EQ(person_->try_bearer(*account_).status, 200);
        EXPECT_EQ(person_->try_token(*other_, bearer_).status, 200);
    }

    sys::ScratchFolder scratch_;
    const std::uint16_t port_ = free_port();
    std::optional<RunningServer> server_;
    std::optional<Household> person_;
    base::Result<SignedIn> account_, other_;
    base::Result<StorageAccess> access_;
    std::string bearer_;
};

/// Those that pass by themselves.
class PassingTroubleTest : public DiskTroubleTest, public testing::WithParamInterface<const char*> {};

TEST_P(PassingTroubleTest, RefusesWritesGoesOnReadingAndRecoversByItself) {
    start();
    populate();
    EXPECT_EQ(person_->get("/__heartbeat__").status, 200);
    break_disk(GetParam());
    expect_writes_refused();
    expect_reads_go_on();
    EXPECT_TRUE(heartbeat_becomes(503));
    const std::string reason = std::string(GetParam()) == "ENOSPC" ? "disk is full" : "Read-only file system";
    for (const std::string event : {"write_refused", "accounts_store_failed", "token_store_failed"}) {
        const auto said = server_->output();
        const auto line = said.substr(std::min(said.find(event), said.size()));
        EXPECT_NE(line.substr(0, line.find('\n')).find(reason), std::string::npos) << event << "\n" << said;
    }
    mend_disk();
    // Nobody needs to write first: who balances load by the heartbeat sends no writes until it is well.
    EXPECT_TRUE(heartbeat_becomes(200)) << server_->output();
    expect_all_well();
    EXPECT_EQ(server_->stop(), 0) << server_->output();
    start();
    EXPECT_EQ(read("tabs/first"), 200);
    EXPECT_EQ(read("tabs/third"), 200);
}

TEST_P(PassingTroubleTest, TheWorkerOfAnArbiterSurvivesIt) {
    start({});
    populate();
    break_disk(GetParam());
    expect_writes_refused();
    expect_reads_go_on();
    mend_disk();
    EXPECT_TRUE(heartbeat_becomes(200)) << server_->output();
    expect_all_well();
}

TEST_P(PassingTroubleTest, EachDatabaseAloneShowsInTheHeartbeat) {
    start();
    populate();
    break_disk(GetParam());
    EXPECT_EQ(person_->get("/__heartbeat__").status, 200) << "nothing was refused yet";
    expect_refused(person_->try_sign_up("c@example.org"), "sign-up");
    EXPECT_TRUE(heartbeat_becomes(503));
    EXPECT_NE(person_->get("/__heartbeat__").body.find(R"("accounts":"Unknown","token":"Ok")"),
              std::string::npos);
    mend_disk();
    EXPECT_TRUE(heartbeat_becomes(200)) << server_->output();
    break_disk(GetParam());
    expect_refused(person_->try_token(*other_, bearer_), "token of a new user");
    EXPECT_TRUE(heartbeat_becomes(503));
    EXPECT_NE(person_->get("/__heartbeat__").body.find(R"("accounts":"Ok","token":"Unknown")"),
              std::string::npos);
    mend_disk();
    EXPECT_TRUE(heartbeat_becomes(200)) << server_->output();
    expect_all_well();
}

INSTANTIATE_TEST_SUITE_P(Disk, PassingTroubleTest, testing::Values("ENOSPC", "EROFS"),
                         [](const auto& each) { return std::string(each.param); });

TEST_F(DiskTroubleTest, AFailedSyncEndsWritesUntilARestart) {
    start();
    populate();
    break_disk("EIO");
    expect_refused(person_->storage(*access_, "PUT", "/storage/tabs/second", record), "PUT");
    mend_disk();
    // The kernel forgets what it could not write: a later sync that succeeds proves nothing.
    std::this_thread::sleep_for(1500ms);
    expect_refused(person_->storage(*access_, "PUT", "/storage/tabs/second", record), "PUT");
    EXPECT_EQ(person_->get("/__heartbeat__").status, 503);
    expect_reads_go_on();
    EXPECT_NE(server_->output().find("shard_refuses_writes"), std::string::npos) << server_->output();
    server_->stop();
    start();
    EXPECT_EQ(person_->get("/__heartbeat__").status, 200);
    EXPECT_EQ(read("tabs/first"), 200);
    EXPECT_EQ(write("tabs/third"), 200);
}

TEST_F(DiskTroubleTest, NothingMayBeMadeInTheDirectory) {
    start();
    populate();
    break_disk("EACCES");  // chmod a-w: what is open goes on
    EXPECT_EQ(write("tabs/second"), 200);
    EXPECT_EQ(read("tabs/second"), 200);
    EXPECT_EQ(person_->try_sign_up("c@example.org").status, 200);
    const auto rotated = run_homespun({"secret", "rotate", "--data", data()});
    EXPECT_EQ(rotated.status, 1);
    EXPECT_NE(rotated.output.find("secrets.json"), std::string::npos) << rotated.output;
    mend_disk();
    EXPECT_EQ(run_homespun({"secret", "rotate", "--data", data()}).status, 0);
    EXPECT_EQ(read("tabs/first"), 200) << "the earlier token stays good";
}

TEST_F(DiskTroubleTest, AStartThatFindsNoRoomSaysSo) {
    start();
    populate();
    server_->kill_now();  // the log is left behind and has to be read in
    for (const std::string how : {"ENOSPC", "EROFS"}) {
        break_disk(how);
        RunningServer refused(data(), {"--no-arbiter"}, port_,
                              {"LD_PRELOAD=" HOMESPUN_DISK_SHIM, "HOMESPUN_DISK_BELOW=" + data(),
                               "HOMESPUN_DISK_FAULT=" + marker()});
        EXPECT_FALSE(refused.ready()) << how;
        EXPECT_NE(refused.output().find(data()), std::string::npos) << refused.output();
        const auto reason = how == "ENOSPC" ? "No space left" : "Read-only file system";
        EXPECT_NE(refused.output().find(reason), std::string::npos) << refused.output();
    }
    mend_disk();
    start();
    EXPECT_EQ(read("tabs/first"), 200);
    EXPECT_EQ(write("tabs/third"), 200);
}

}  // namespace
}  // namespace homespun::tests
