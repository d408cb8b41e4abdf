// A restore that is killed at every step: the data are the old ones or the new ones, or nobody may use them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "faults/household.hpp"
#include "faults/kept_records.hpp"
#include "sys/files.hpp"

namespace homespun::tests {
namespace {

namespace fs = std::filesystem;

constexpr const char* bea = "bea@example.org";
const std::vector<std::uint64_t> users = {1, 2, 3};

/// Parts of all files: records, and an account that only the newer data have.
struct State {
    std::string records;
    bool has_bea = false;

    bool operator==(const State&) const = default;
};

State state_of(const RunningServer& server, const std::string& data) {
    return {KeptRecords(server, data).all(users), Household(server.root()).try_sign_in(bea).status == 200};
}

class RestoreKill : public testing::Test {
  protected:
    static constexpr int shards = 2;
    /// The pass at which the store has been moved aside, and accounts.db not yet.
    static constexpr int half_way = 9;

    /// A backup, and data that have gone on since.
    void SetUp() override {
        UpkeepServer server(template_, {}, shards);
        ASSERT_TRUE(server.ready()) << server.output();
        KeptRecords records(server, template_);
        for (const auto user : users)
            records.put(user, "bookmarks", 3, "then");
        then_ = state_of(server, template_);
        const auto made = run_homespun({"backup", backup_, "--data", template_});
        ASSERT_EQ(made.status, 0) << made.output;
        for (const auto user : users)
            records.put(user, "bookmarks", 2, "now");
        ASSERT_TRUE(Household(server.root()).sign_up(bea));
        now_ = state_of(server, template_);
        ASSERT_FALSE(then_ == now_);
    }

    /// Data in use, fresh for each death.
    std::string fresh_data() {
        const auto data = scratch_.path() + "/data";
        fs::remove_all(data);
        fs::remove(template_ + "/admin.sock");  // no file to copy
        fs::copy(template_, data, fs::copy_options::recursive | fs::copy_options::skip_symlinks);
        return data;
    }
    Finished restore(const std::string& data, const std::vector<std::string>& death = {}) {
        return run_homespun({"restore", backup_, "--replace", "--data", data}, death);
    }
    /// What a start finds; "a mix" is what must never be seen.
    std::string found_by_a_start(const std::string& data, const std::vector<std::string>& environment = {}) {
        const UpkeepServer server(data, environment, shards);
        if (!server.ready()) {
            const bool says_so =
                server.output().find("was interrupted: run `homespun restore") != std::string::npos;
            return says_so ? "refused" : "refused for: " + server.output();
        }
        const auto state = state_of(server, data);
        return state == then_ ? "then" : state == now_ ? "now" : "a mix: " + state.records;
    }
    /// Commands that would make or change data refuse too.
    void expect_commands_refuse(const std::string& data) {
        const auto file = scratch_.path() + "/import.jsonl";
        ASSERT_TRUE(sys::write_file_atomically(file, "{\"homespun_export\":1}\n", 0600));
        const std::vector<std::vector<std::string>> commands = {{"check"},
                                                                {"backup", scratch_.path() + "/no-backup"},
                                                                {"vacuum"},
                                                                {"import", "--uid", "1", "--replace", file}};
        for (auto command : commands) {
            SCOPED_TRACE(command.front());
            command.insert(command.end(), {"--data", data});
            const auto done = run_homespun(command);
            EXPECT_EQ(done.status, 1) << done.output;
            EXPECT_NE(done.output.find("was interrupted"), std::string::npos) << done.output;
        }
        EXPECT_FALSE(fs::exists(scratch_.path() + "/no-backup"));
    }
    void expect_repeating_helps(const std::string& data) {
        const auto done = restore(data);
        ASSERT_EQ(done.status, 0) << done.output;
        EXPECT_EQ(found_by_a_start(data), "then");
        EXPECT_FALSE(fs::exists(data + "/restore.staging"));
    }
    /// Every file that was in use is still somewhere below, byte for byte.
    void expect_old_files_kept(const std::string& data) {
        for (const std::string name :
             {"store/shard-0.db", "store/shard-1.db", "token.db", "accounts.db", "secrets.json"}) {
            const auto content = *sys::read_file(template_ + "/" + name);
            bool kept = false;
            for (const auto& entry : fs::directory_iterator(data)) {
                const auto path = entry.path().string() + "/" + name;
                if (entry.path().filename().string().starts_with("replaced-") && fs::exists(path))
                    kept |= *sys::read_file(path) == content;
            }
            EXPECT_TRUE(kept) << name;
        }
    }

    sys::ScratchFolder scratch_;
    const std::string template_ = scratch_.path() + "/template", backup_ = scratch_.path() + "/backup";
    State then_, now_;
};

TEST_F(RestoreKill, LeavesOldDataOrNewOrARefusal) {
    int refused = 0, old = 0;
    for (int pass = 1;; ++pass) {
        SCOPED_TRACE(fmt::format("restore:{}", pass));
        const auto data = fresh_data();
        const auto done = restore(data, death_at("restore", pass));
        if (done.status == 0) {
            EXPECT_GT(pass, 12) << "five files, the beginning, four old names, four new ones";
            break;
        }
        ASSERT_EQ(done.status, -SIGKILL) << done.output;
        const auto found = found_by_a_start(data);
        EXPECT_TRUE(found == "now" || found == "then" || found == "refused") << found;
        old += found == "now" ? 1 : 0;
        refused += found == "refused" ? 1 : 0;
        if (found == "refused") expect_commands_refuse(data);
        expect_repeating_helps(data);
        // A start has written to the others.
        if (found == "refused") expect_old_files_kept(data);
        if (HasFailure()) return;
    }
    EXPECT_GE(old, 5) << "while files are copied, the data are as they were";
    EXPECT_GE(refused, 8);
}

/// The mark of the first one must not be gone before that of the second one is there.
TEST_F(RestoreKill, IsRepeatedAndKilledAgain) {
    int again = 0;
    for (int pass = 1;; ++pass) {
        SCOPED_TRACE(fmt::format("restore:{}", pass));
        const auto data = fresh_data();
        ASSERT_EQ(restore(data, death_at("restore", half_way)).status, -SIGKILL);
        const auto done = restore(data, death_at("restore", pass));
        if (done.status == 0) {
            EXPECT_GT(pass, 10);
            break;
        }
        ASSERT_EQ(done.status, -SIGKILL) << done.output;
        const auto found = found_by_a_start(data);
        EXPECT_TRUE(found == "then" || found == "refused") << found;
        again += found == "refused" ? 1 : 0;
        expect_repeating_helps(data);
        if (HasFailure()) return;
    }
    EXPECT_GE(again, 10);
}

/// The control: a server that starts with what a killed restore left.
TEST_F(RestoreKill, AMixIsNoticed) {
    const auto data = fresh_data();
    ASSERT_EQ(restore(data, death_at("restore", half_way)).status, -SIGKILL);
    const auto found = found_by_a_start(data, {"HOMESPUN_PLANTED_FAULT=start_half_restored"});
    EXPECT_TRUE(found.starts_with("a mix")) << found;
}

}  // namespace
}  // namespace homespun::tests
