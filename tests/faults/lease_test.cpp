// One data directory, two servers: only one may have it, and its end, however hard, sets the directory free.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "base/text.hpp"
#include "integration/running_server.hpp"
#include "sys/files.hpp"

namespace homespun::tests {
namespace {

using namespace std::chrono_literals;
using Arguments = std::vector<std::string>;

class LeaseTest : public testing::TestWithParam<const char*> {
  protected:
    /// Of a server of this kind: with or without an arbiter.
    static Arguments how() {
        const std::string kind = GetParam();
        return kind == "alone" ? Arguments{"--no-arbiter"} : Arguments{};
    }
    [[nodiscard]] pid_t owner() const {
        const auto text = sys::read_file(data_.path() + "/lease").value_or("");
        return base::parse_integer<pid_t>(base::trim(text)).value_or(0);
    }
    [[nodiscard]] Finished try_second(Arguments more) const {
        Arguments all = {"serve", "--data", data_.path(), "--listen", "127.0.0.1:0"};
        all.insert(all.end(), more.begin(), more.end());
        return run_homespun(all);
    }
    /// Whether a server can have the directory within `limit`.
    [[nodiscard]] bool becomes_free(std::chrono::seconds limit) const {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < until) {
            RunningServer next(data_.path(), how());
            if (next.ready()) return true;
            if (next.output().find("is in use by process") == std::string::npos) return false;
            std::this_thread::sleep_for(50ms);
        }
        return false;
    }

    sys::ScratchFolder data_;
};

TEST_P(LeaseTest, TheSecondServerIsRefusedAndTheFirstGoesOn) {
    RunningServer first(data_.path(), how());
    ASSERT_TRUE(first.ready()) << first.output();
    const auto holder = owner();
    for (const Arguments& second : {Arguments{"--no-arbiter"}, Arguments{}}) {
        const auto refused = try_second(second);
        EXPECT_EQ(refused.status, 1) << refused.output;
        const auto told =
            "the data directory " + data_.path() + " is in use by process " + std::to_string(holder);
        EXPECT_NE(refused.output.find(told), std::string::npos) << refused.output;
        EXPECT_NE(refused.output.find("choose another with --data"), std::string::npos) << refused.output;
    }
    EXPECT_EQ(owner(), holder) << "the refused ones left no trace";
    EXPECT_TRUE(first.answers(2));
}

TEST_P(LeaseTest, KillingTheServerSetsTheDirectoryFree) {
    RunningServer first(data_.path(), how());
    ASSERT_TRUE(first.ready()) << first.output();
    first.kill_now();
    // The worker of a killed arbiter is told to end, and ends in good order.
    EXPECT_TRUE(becomes_free(20s));
}

TEST_P(LeaseTest, KillingAllOfItSetsTheDirectoryFree) {
    RunningServer first(data_.path(), how());
    ASSERT_TRUE(first.ready()) << first.output();
    const auto holder = owner();
    ASSERT_GT(holder, 0);
    first.kill_now();
    kill(holder, SIGKILL);
    EXPECT_TRUE(becomes_free(5s));
}

// Could the tests above fail at all?
TEST_P(LeaseTest, AServerThatSharesTheDirectoryIsNoticed) {
    RunningServer first(data_.path(), how());
    ASSERT_TRUE(first.ready()) << first.output();
    RunningServer second(data_.path(), how(), free_port(), {"HOMESPUN_PLANTED_FAULT=share_the_directory"});
    EXPECT_EQ(second.output().find("is in use by process"), std::string::npos) << second.output();
    EXPECT_NE(second.output().find("store_opened"), std::string::npos) << second.output();
}

INSTANTIATE_TEST_SUITE_P(Servers, LeaseTest, testing::Values("alone", "arbiter"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace homespun::tests
