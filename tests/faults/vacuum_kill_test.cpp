// Space that is being given back when the process dies, by the server in its idle time and by `homespun
// vacuum`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "faults/kept_records.hpp"
#include "faults/tamper.hpp"

namespace homespun::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::vector<std::uint64_t> users = {1, 2};

/// A shard with records that stay, between others that can go.
class VacuumKill : public testing::Test {
  protected:
    void SetUp() override {
        UpkeepServer server(data_);
        ASSERT_TRUE(server.ready()) << server.output();
        KeptRecords records(server, data_);
        for (int i = 0; i < 4; ++i) {
            records.put(1, fmt::format("big{}", i), 100, "goes", 20'000);
            records.put(2, fmt::format("small{}", i), 10, "stays", 5'000);
        }
        records.put(1, "bookmarks", 10, "stays");
    }
    [[nodiscard]] std::uintmax_t size() const { return fs::file_size(data_ + "/store/shard-0.db"); }
    void expect_good() {
        const auto checked = run_homespun({"check", "--data", data_});
        EXPECT_EQ(checked.status, 0) << checked.output;
    }
    std::string all() {
        const UpkeepServer server(data_);
        EXPECT_TRUE(server.ready()) << server.output();
        return KeptRecords(server, data_).all(users);
    }

    sys::ScratchFolder scratch_;
    const std::string data_ = scratch_.path() + "/data";
};

TEST_F(VacuumKill, TheServersOwnLosesNothingAndGoesOn) {
    std::string kept;
    const auto before = size();
    for (const auto& death : {death_at("vacuum_step", 1), death_at("vacuum_step", 20),
                              death_at("vacuum_stepped", 1), death_in_write("shard-0.db", 20)}) {
        SCOPED_TRACE(death.back());
        {
            UpkeepServer server(data_, death);
            // The last one strikes while it starts.
            ASSERT_TRUE(server.ready() || !kept.empty()) << server.output();
            KeptRecords records(server, data_);
            if (kept.empty()) {
                for (int i = 0; i < 4; ++i)
                    ASSERT_EQ(records.remove(1, fmt::format("big{}", i)), 200);
                kept = records.all(users);
            }
            ASSERT_EQ(server.ended(20s), -SIGKILL) << server.output();
        }
        expect_good();
    }
    const UpkeepServer server(data_);
    ASSERT_TRUE(server.ready()) << server.output();
    EXPECT_EQ(KeptRecords(server, data_).all(users), kept);
    for (int i = 0; i < 400 && size() > before / 2; ++i)
        std::this_thread::sleep_for(50ms);
    EXPECT_LT(size(), before / 2);
    EXPECT_EQ(KeptRecords(server, data_).all(users), kept);
    expect_good();
}

TEST_F(VacuumKill, TheCommandLeavesTheOldFileOrTheNew) {
    const auto kept = all();
    auto deaths =
        std::vector{death_in_write("shard-0.db.vacuum", 2), death_in_write("accounts.db.vacuum", 2)};
    for (int pass = 1;; ++pass) {
        const auto number = static_cast<std::size_t>(pass) - 1;
        const auto first = static_cast<int>(deaths.size());
        const auto death = pass <= first ? deaths[number] : death_at("vacuum", pass - first);
        SCOPED_TRACE(death.back());
        const auto done = run_homespun({"vacuum", "--data", data_}, death);
        if (done.status == 0) {
            EXPECT_GT(pass - first, 12) << "three files of four steps each";
            break;
        }
        ASSERT_EQ(done.status, -SIGKILL) << done.output;
        expect_good();
        ASSERT_EQ(all(), kept);
    }
    EXPECT_EQ(all(), kept);
    EXPECT_FALSE(fs::exists(data_ + "/store/shard-0.db.vacuum"));
    EXPECT_FALSE(fs::exists(data_ + "/accounts.db.vacuum"));
}

/// The control: a record that goes missing meanwhile.
TEST_F(VacuumKill, ALossIsNoticed) {
    const auto kept = all();
    ASSERT_EQ(run_homespun({"vacuum", "--data", data_}, death_at("vacuum", 10)).status, -SIGKILL);
    ASSERT_GT(tamper(data_ + "/store", "lose").value_or(0), 0);
    EXPECT_NE(all(), kept);
    EXPECT_EQ(run_homespun({"check", "--data", data_}).status, 1);
}

}  // namespace
}  // namespace homespun::tests
