// Imports that are killed, with the server or in the command: the user has what he had, or what came.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "faults/kept_records.hpp"

namespace homespun::tests {
namespace {

constexpr std::uint64_t user = 7;

/// One who has these records, and a file with others, of more collections than one.
class ImportKill : public testing::Test {
  protected:
    void SetUp() override {
        UpkeepServer server(data_);
        ASSERT_TRUE(server.ready()) << server.output();
        KeptRecords records(server, data_);
        records.put(user, "bookmarks", 1500, "theirs");
        records.put(user, "history", 10, "theirs");
        theirs_ = records.all({user}, Times::hidden);
        const auto exported = run_homespun({"export", "--uid", "7", file_, "--data", data_});
        ASSERT_EQ(exported.status, 0) << exported.output;
        write_own(records);
    }
    void write_own(KeptRecords& records) {
        ASSERT_EQ(records.remove(user, "bookmarks"), 200);
        ASSERT_EQ(records.remove(user, "history"), 200);
        records.put(user, "bookmarks", 3, "mine");
        records.put(user, "tabs", 2, "mine");
        mine_ = records.all({user}, Times::hidden);
        ASSERT_FALSE(mine_ == theirs_);
    }
    Finished import(const std::vector<std::string>& environment = {}) {
        return run_homespun({"import", "--uid", "7", "--replace", file_, "--data", data_}, environment);
    }
    /// After a death; "a mix" is what must never be seen. Then everything as it was in the beginning.
    std::string found_by_a_start() {
        UpkeepServer server(data_);
        EXPECT_TRUE(server.ready()) << server.output();
        KeptRecords records(server, data_);
        const auto found = records.all({user}, Times::hidden);
        const auto checked = run_homespun({"check", "--json", "--data", data_});
        EXPECT_EQ(checked.status, 0) << checked.output;
        EXPECT_EQ(checked.output.find("\"unfinished_imports\":1"), std::string::npos) << checked.output;
        if (found == theirs_) write_own(records);
        return found == mine_ ? "mine" : found == theirs_ ? "theirs" : "a mix: " + found;
    }
    /// All deaths there are, one after the other, until one does not strike.
    void expect_all_or_nothing(
        const std::function<Finished(const std::vector<std::string>& death)>& attempt) {
        int nothing = 0, all = 0;
        for (int pass = 1;; ++pass) {
            SCOPED_TRACE(fmt::format("import:{}", pass));
            const auto done = attempt(death_at("import", pass));
            const auto found = found_by_a_start();
            EXPECT_TRUE(found == "mine" || found == "theirs") << found;
            if (done.status == 0) {
                EXPECT_EQ(found, "theirs");
                EXPECT_GT(pass, 5) << "the beginning, three portions, around the commit";
                break;
            }
            nothing += found == "mine" ? 1 : 0;
            all += found == "theirs" ? 1 : 0;
            if (HasFailure()) return;
        }
        EXPECT_GE(nothing, 4);
        EXPECT_EQ(all, 1) << "killed between the commit and the word of it";
    }

    sys::ScratchFolder scratch_;
    const std::string data_ = scratch_.path() + "/data", file_ = scratch_.path() + "/theirs.jsonl";
    std::string theirs_, mine_;
};

TEST_F(ImportKill, AServerThatDiesHasImportedAllOrNothing) {
    expect_all_or_nothing([this](const std::vector<std::string>& death) {
        UpkeepServer server(data_, death);
        EXPECT_TRUE(server.ready()) << server.output();
        auto done = import();
        if (done.status != 0) EXPECT_EQ(server.ended(std::chrono::seconds(5)), -SIGKILL) << server.output();
        return done;
    });
}

TEST_F(ImportKill, ACommandThatDiesHasImportedAllOrNothing) {
    expect_all_or_nothing([this](const std::vector<std::string>& death) {
        auto done = import(death);
        EXPECT_TRUE(done.status == 0 || done.status == -SIGKILL) << done.output;
        return done;
    });
}

/// The control: an import that writes where the user reads.
TEST_F(ImportKill, AMixIsNoticed) {
    auto death = death_at("import", 3);
    death.emplace_back("HOMESPUN_PLANTED_FAULT=import_in_place");
    ASSERT_EQ(import(death).status, -SIGKILL);
    const auto found = found_by_a_start();
    EXPECT_TRUE(found.starts_with("a mix")) << found;
}

}  // namespace
}  // namespace homespun::tests
