// The very first start is killed at every step; the next one must find nothing half-made.
#include <gtest/gtest.h>

#include "faults/household.hpp"
#include "integration/running_server.hpp"

namespace homespun::tests {
namespace {

void expect_good_start_after(const std::vector<std::string>& death, bool must_strike) {
    const sys::ScratchFolder data;
    {
        RunningServer first(data.path(), {"--no-arbiter", "--set", "shards=3"}, free_port(), death);
        EXPECT_FALSE(must_strike && first.ready()) << death.back() << " did not strike";
        if (first.ready()) first.kill_now();
    }
    RunningServer second(data.path(), {"--no-arbiter", "--set", "shards=3"});
    ASSERT_TRUE(second.ready()) << death.back() << "\n" << second.output();
    Household person(second.root());
    EXPECT_EQ(person.get("/__heartbeat__").status, 200) << death.back();
    const auto account = person.sign_up("a@example.org");
    ASSERT_TRUE(account) << death.back() << ": " << account.error().message;
    const auto access = person.access(*account);
    ASSERT_TRUE(access) << death.back() << ": " << access.error().message;
    EXPECT_EQ(person.storage(*access, "PUT", "/storage/tabs/one", R"({"payload":"x"})").status, 200);
}

TEST(MakingTest, AKillWhileTheStoreIsMadeIsMadeGood) {
    for (const std::string point :
         {"shard_making:1", "store_making:1", "shard_making:2", "shard_making:3", "store_making:3"})
        expect_good_start_after({"HOMESPUN_KILL_AT=" + point}, true);
}

/// Shards, accounts.db and token.db alike: each write to a file ended in the middle.
TEST(MakingTest, AKillInAnyOfTheFirstWritesIsMadeGood) {
    for (const std::string file :
         {"shard-0.db", "accounts.db", "token.db", "accounts.db-wal", "token.db-wal", "shard-1.db-wal"}) {
        for (const int write : {1, 2, 4})
            expect_good_start_after({"LD_PRELOAD=" HOMESPUN_DISK_SHIM,
                                     "HOMESPUN_KILL_WRITE=" + file + ":" + std::to_string(write)},
                                    write == 1);
    }
}

}  // namespace
}  // namespace homespun::tests
