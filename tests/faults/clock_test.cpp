// The clock goes back; timestamps must not, for any user, by any write, across a restart as well.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "faults/storage_connection.hpp"
#include "integration/running_server.hpp"
#include "sync/ops/secrets.hpp"
#include "sync/protocol/timestamp.hpp"

namespace homespun::tests {
namespace {

using sync::protocol::Timestamp;

constexpr const char* record = R"({"payload":"x"})";

/// A kind of last write, each with a user of its own: what a restart must remember it by differs.
struct LastWrite {
    const char* name;
    const char* method;
    const char* path;
    const char* body;
};
constexpr LastWrite last_writes[] = {
    {"put", "PUT", "/storage/col/a", record},
    {"post", "POST", "/storage/col", R"([{"id":"b","payload":"x"}])"},
    {"remove", "DELETE", "/storage/col/a", ""},
    {"remove_ids", "DELETE", "/storage/col?ids=a", ""},
    {"remove_collection", "DELETE", "/storage/col", ""},
    {"remove_user", "DELETE", "", ""},
};

class ClockTest : public testing::Test {
  protected:
    void start(const std::vector<std::string>& environment = {}) {
        server_.emplace(data_.path(), std::vector<std::string>{"--no-arbiter"}, port_, environment);
        ASSERT_TRUE(server_->ready()) << server_->output();
        base::SystemRandom random;
        const sync::protocol::Tokens tokens(sync::ops::Secrets::load_or_create(data_.path(), random)->token);
        users_.clear();
        for (std::size_t i = 0; i < std::size(last_writes) + 1; ++i)
            users_.push_back(std::make_unique<StorageConnection>(port_, 100 + i, tokens));
    }
    void set_clock(std::int64_t offset_s) const {
        const auto done =
            run_homespun({"test", "clock", "--offset=" + std::to_string(offset_s), "--data", data_.path()});
        ASSERT_EQ(done.status, 0) << done.output;
    }
    Timestamp write(std::size_t user, const LastWrite& what) {
        const auto answer = users_[user]->send(what.method, what.path, what.body);
        if (!answer || answer->status != 200) {
            ADD_FAILURE() << what.name << " of user " << user << ": " << (answer ? answer->status : 0);
            return {};
        }
        return Timestamp::parse(answer->headers.find("X-Last-Modified").value_or("")).value_or(Timestamp{});
    }
    Timestamp put(std::size_t user) { return write(user, last_writes[0]); }

    sys::ScratchFolder data_;
    const std::uint16_t port_ = free_port();
    std::optional<RunningServer> server_;
    std::vector<std::unique_ptr<StorageConnection>> users_;
};

constexpr std::int64_t hour = 3600;

TEST_F(ClockTest, TimestampsRiseWhileTheClockGoesBack) {
    start();
    for (std::size_t user = 0; user < std::size(last_writes); ++user) {
        const auto& what = last_writes[user];
        set_clock(0);
        auto latest = put(user);
        for (const auto offset : {-10L, -hour, -30 * 24 * hour}) {
            set_clock(offset);
            for (int i = 0; i < 2; ++i) {
                const auto next = put(user);
                EXPECT_GT(next, latest) << what.name;
                latest = next;
            }
            const auto after = write(user, what);
            EXPECT_GT(after, latest) << what.name;
            latest = after;
            const auto anew = put(user);
            EXPECT_GT(anew, latest) << what.name;
            latest = anew;
        }
    }
    // Whoever wrote nothing before is not drawn along.
    const auto other = put(std::size(last_writes));
    EXPECT_LT(other.hundredths / 100, std::time(nullptr) - 29 * 24 * hour);
}

TEST_F(ClockTest, TimestampsRiseAcrossARestartWithAClockFarBehind) {
    for (const bool killed : {false, true}) {
        start();
        set_clock(2 * hour);
        std::vector<Timestamp> latest;
        for (std::size_t user = 0; user < std::size(last_writes); ++user) {
            put(user);
            latest.push_back(write(user, last_writes[user]));
            EXPECT_GT(latest.back().hundredths / 100, std::time(nullptr) + hour);
        }
        killed ? server_->kill_now() : void(server_->stop());
        start();  // with the true time
        for (std::size_t user = 0; user < std::size(last_writes); ++user)
            EXPECT_GT(put(user), latest[user]) << last_writes[user].name;
        server_->stop();
    }
}

// Could the tests above fail at all?
TEST_F(ClockTest, AServerThatTrustsTheClockIsNoticed) {
    start({"HOMESPUN_PLANTED_FAULT=trust_the_clock"});
    const auto latest = put(0);
    set_clock(-hour);
    EXPECT_LT(put(0), latest);
}

}  // namespace
}  // namespace homespun::tests
