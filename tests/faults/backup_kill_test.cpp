// Backups that are killed, with the server under writers or in the command: nothing that looks finished is
// left, and the next one is right.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "base/random.hpp"
#include "faults/kept_records.hpp"
#include "faults/storage_connection.hpp"
#include "sync/ops/secrets.hpp"

namespace homespun::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t first_user = 1;
constexpr std::uint64_t writing_users = 3;

/// Puts record after record until the server is gone; the number of the next one stays with the user.
class Writers {
  public:
    Writers(const RunningServer& server, const std::string& data, std::vector<int>& written)
        : written_(written) {
        base::SystemRandom random;
        const sync::protocol::Tokens tokens(sync::ops::Secrets::load_or_create(data, random)->token);
        for (std::size_t i = 0; i < written.size(); ++i) {
            auto connection = std::make_unique<StorageConnection>(server.port(), first_user + i, tokens);
            threads_.emplace_back([this, i, connection = std::move(connection)] {
                const auto body = fmt::format(R"({{"payload":"{}"}})", std::string(3000, 'x'));
                while (!stop_) {
                    const auto path = fmt::format("/storage/bookmarks/{}", written_[i]);
                    const auto answer = connection->send("PUT", path, body);
                    if (!answer) return;
                    if (answer->status != 200) ADD_FAILURE() << answer->status << answer->body;
                    ++written_[i];
                }
            });
        }
    }
    ~Writers() {
        stop_ = true;
        for (auto& thread : threads_)
            thread.join();
    }
    Writers(const Writers&) = delete;
    Writers& operator=(const Writers&) = delete;

  private:
    std::vector<int>& written_;
    std::atomic<bool> stop_ = false;
    std::vector<std::thread> threads_;
};

/// How the first attempt at a backup into `target` ended; true when it was killed.
using Attempt = std::function<bool(const std::vector<std::string>& death, const std::string& target)>;

/// Without a finished backup there may be nothing under its name; with one it must be good.
void expect_all_or_nothing(const std::string& target, const std::string& scratch) {
    if (fs::exists(target)) {
        const auto checked = run_homespun({"check", target});
        EXPECT_EQ(checked.status, 0) << checked.output;
        return;
    }
    const auto refused = run_homespun({"restore", target, "--data", scratch + "/nowhere"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.output.find("is no finished backup"), std::string::npos) << refused.output;
    EXPECT_FALSE(fs::exists(scratch + "/nowhere/store"));
}

/// All deaths there are, one after the other, until one does not strike; afterwards a backup each.
void expect_backups_after_deaths(const std::string& data, const std::string& scratch, const Attempt& attempt,
                                 const std::function<void(const std::string& target)>& look) {
    std::vector<std::vector<std::string>> deaths;
    for (const auto* file : {"store/shard-0.db", "store/shard-1.db", "token.db", "accounts.db"})
        deaths.push_back(death_in_write(fmt::format(".partial/{}", file), 3));
    int pass = 0;
    for (std::size_t i = 0;; ++i) {
        const auto death = i < deaths.size() ? deaths[i] : death_at("backup", ++pass);
        const auto target = fmt::format("{}/backup-{}", scratch, i);
        if (!attempt(death, target)) {
            EXPECT_GE(i, deaths.size()) << death.back() << " did not strike";
            if (i >= deaths.size()) break;
        }
        SCOPED_TRACE(death.back());
        expect_all_or_nothing(target, scratch);
        // Of a backup that was finished and not told nobody knows: the name is taken, so another one.
        const auto again = fs::exists(target) ? target + "-again" : target;
        const auto made = run_homespun({"backup", again, "--data", data});
        ASSERT_EQ(made.status, 0) << made.output;
        EXPECT_FALSE(fs::exists(target + ".partial")) << "the next backup clears it away";
        look(again);
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(pass, 10) << "five files, the manifest, the name";
}

TEST(BackupKillTest, AServerThatDiesLeavesNoHalfBackup) {
    const sys::ScratchFolder scratch;
    const auto data = scratch.path() + "/data";
    std::vector<int> written(writing_users);
    const auto attempt = [&](const std::vector<std::string>& death, const std::string& target) {
        UpkeepServer server(data, death, 2);
        EXPECT_TRUE(server.ready()) << server.output();
        const Writers writers(server, data, written);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        if (run_homespun({"backup", target, "--data", data}).status == 0) return false;
        EXPECT_EQ(server.ended(std::chrono::seconds(5)), -SIGKILL) << server.output();
        return true;
    };
    expect_backups_after_deaths(data, scratch.path(), attempt, [&](const auto& target) {
        EXPECT_EQ(run_homespun({"check", target}).status, 0);
    });
    // One made after many deaths has every write that was acknowledged before it.
    const auto restored = scratch.path() + "/restored";
    const auto copied = run_homespun({"backup", scratch.path() + "/whole", "--data", data});
    ASSERT_EQ(copied.status, 0) << copied.output;
    ASSERT_EQ(run_homespun({"restore", scratch.path() + "/whole", "--data", restored}).status, 0);
    UpkeepServer server(restored, {}, 2);
    ASSERT_TRUE(server.ready()) << server.output();
    KeptRecords records(server, restored);
    for (std::uint64_t i = 0; i < writing_users; ++i) {
        EXPECT_GT(written[i], 10);
        const auto found = records.all({first_user + i}, Times::hidden);
        for (int number = 0; number < written[i]; ++number)
            EXPECT_NE(found.find(fmt::format("\n  {}  xxx", number)), std::string::npos)
                << i << " " << number;
    }
}

TEST(BackupKillTest, ACommandThatDiesLeavesNoHalfBackup) {
    const sys::ScratchFolder scratch;
    const auto data = scratch.path() + "/data", restored = scratch.path() + "/restored";
    std::string before;
    {
        UpkeepServer server(data, {}, 2);
        KeptRecords records(server, data);
        for (std::uint64_t user = 1; user < 6; ++user)
            records.put(user, "history", 20, "mine", 3000);
        before = records.all({1, 2, 3, 4, 5});
        ASSERT_NE(before, "");
    }
    std::string last;
    const auto attempt = [&](const std::vector<std::string>& death, const std::string& target) {
        const auto done = run_homespun({"backup", target, "--data", data}, death);
        EXPECT_TRUE(done.status == 0 || done.status == -SIGKILL) << done.output;
        return done.status != 0;
    };
    expect_backups_after_deaths(data, scratch.path(), attempt, [&](const auto& target) { last = target; });
    ASSERT_EQ(run_homespun({"restore", last, "--data", restored}).status, 0);
    UpkeepServer server(restored, {}, 2);
    EXPECT_EQ(KeptRecords(server, restored).all({1, 2, 3, 4, 5}), before);
}

/// The server makes the backup; who asked for it is killed sooner or later.
TEST(BackupKillTest, ACommandThatDiesWhileTheServerCopiesLeavesNoHalfBackup) {
    const sys::ScratchFolder scratch;
    const auto data = scratch.path() + "/data";
    UpkeepServer server(data, {}, 2);
    ASSERT_TRUE(server.ready()) << server.output();
    // Enough to copy for some tens of milliseconds.
    KeptRecords(server, data).put(100, "history", 2000, "much", 10'000);
    std::vector<int> written(writing_users);
    const Writers writers(server, data, written);
    int killed = 0;
    for (const int after_ms : {4, 8, 16, 32}) {
        SCOPED_TRACE(after_ms);
        const auto target = fmt::format("{}/asked-{}", scratch.path(), after_ms);
        const auto command = fmt::format("timeout -s KILL {} {} backup {} --data {} > /dev/null 2>&1",
                                         after_ms / 1000.0, HOMESPUN_BINARY, target, data);
        const int status = std::system(command.c_str());
        killed += status == SIGKILL || WEXITSTATUS(status) == 128 + SIGKILL ? 1 : 0;
        // The server makes one after the other: with this one made, that one has ended.
        const auto next = target + "-next";
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        auto made = run_homespun({"backup", next, "--data", data});
        while (made.status != 0 && std::chrono::steady_clock::now() < until)
            made = run_homespun({"backup", next, "--data", data});
        ASSERT_EQ(made.status, 0) << made.output;
        EXPECT_EQ(run_homespun({"check", next}).status, 0);
        EXPECT_FALSE(fs::exists(target + ".partial"));
        expect_all_or_nothing(target, scratch.path());
    }
    EXPECT_GT(killed, 0);
}

/// The control: a backup that is written where it is to be.
TEST(BackupKillTest, AHalfBackupUnderItsNameIsNoticed) {
    const sys::ScratchFolder scratch;
    const auto data = scratch.path() + "/data", target = scratch.path() + "/backup";
    ASSERT_TRUE(UpkeepServer(data).ready());
    auto death = death_at("backup", 3);
    death.emplace_back("HOMESPUN_PLANTED_FAULT=backup_in_place");
    ASSERT_EQ(run_homespun({"backup", target, "--data", data}, death).status, -SIGKILL);
    ASSERT_TRUE(fs::exists(target));
    EXPECT_NE(run_homespun({"check", target}).status, 0);
}

}  // namespace
}  // namespace homespun::tests
