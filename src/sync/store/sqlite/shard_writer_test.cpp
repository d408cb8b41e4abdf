#include "sync/store/sqlite/shard_writer.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>

#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/store_contract_test.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

/// The system's VFS, whose log files find the user's quota used up when told to. Registered while it lives;
/// one at a time.
class QuotaVfs {
  public:
    static constexpr const char* name = "quota";
    QuotaVfs() : own_(*sqlite3_vfs_find(nullptr)) {
        own_.zName = name;
        own_.pNext = nullptr;
        system_open = own_.xOpen;
        used_up = false;
        own_.xOpen = [](sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
            const int code = system_open(vfs, path, file, flags, out);
            if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
            system_methods = file->pMethods;
            own_methods = *system_methods;
            own_methods.xWrite = [](sqlite3_file* log, const void* bytes, int count, sqlite3_int64 offset) {
                if (!used_up) return system_methods->xWrite(log, bytes, count, offset);
                errno = EDQUOT;
                return SQLITE_IOERR_WRITE;
            };
            file->pMethods = &own_methods;
            return code;
        };
        sqlite3_vfs_register(&own_, 0);
    }
    ~QuotaVfs() { sqlite3_vfs_unregister(&own_); }
    QuotaVfs(const QuotaVfs&) = delete;
    QuotaVfs& operator=(const QuotaVfs&) = delete;

    static inline std::atomic<bool> used_up{false};

  private:
    static inline decltype(sqlite3_vfs::xOpen) system_open = nullptr;
    static inline const sqlite3_io_methods* system_methods = nullptr;
    static inline sqlite3_io_methods own_methods{};
    sqlite3_vfs own_;
};

class ShardWriterTest : public testing::Test {
  protected:
    using Answer = std::future<Outcome<WriteResult>>;

    void start(WriterSettings settings, const char* vfs = nullptr) {
        auto database =
            Database::open(folder_.path() + "/shard-0.db", {.autocheckpoint_pages = 0, .vfs = vfs});
        ASSERT_TRUE(database) << database.error().message;
        ASSERT_TRUE(create_shard(*database, {"test", 0, 1}));
        writer_ =
            std::make_unique<ShardWriter>(std::move(*database), table_, clock_, logger_, std::move(settings));
    }
    Answer put(UserId user, std::string payload) {
        return start_on(loop_, [this, user, payload = std::move(payload)] {
            auto request = std::make_unique<WriteRequest>();
            request->kind = WriteKind::put;
            request->user = user;
            request->collection = "col";
            request->updates.push_back({"a", payload, {}, {}});
            return writer_->submit(loop_, std::move(request));
        });
    }
    /// With the clock at rest every further write of a user is parked, for a second of real time at most.
    std::size_t refused_of_ten_parked(const std::string& payload) {
        EXPECT_TRUE(put(1, payload).get());
        std::vector<Answer> answers;
        for (int i = 0; i < 10; ++i)
            answers.push_back(put(1, payload));
        std::size_t refused = 0;
        std::promise<void> passed;
        loop_.post([&] { passed.set_value(); });
        passed.get_future().wait();
        while (!answers.empty() &&
               answers.back().wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
            const auto answer = answers.back().get();
            answers.pop_back();
            EXPECT_FALSE(answer);
            if (answer) continue;
            ++refused;
            EXPECT_EQ(answer.error().kind, Failure::Kind::unavailable);
            EXPECT_GT(answer.error().retry_after_s, 0);
        }
        for (auto& answer : answers) {
            while (answer.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
                clock_.advance_ms(10);
            EXPECT_TRUE(answer.get());
        }
        return refused;
    }

    sys::ScratchFolder folder_;
    base::ManualClock clock_{1'700'000'000'000};
    base::NullLogger logger_;
    UserTable table_{1000};
    ThreadExecutor loop_;
    std::unique_ptr<ShardWriter> writer_;
};

TEST_F(ShardWriterTest, WhatIsParkedCountsAgainstTheMostRequestsHeld) {
    start({.name = "shard-0.db", .limits = {}, .most_held_requests = 4});
    EXPECT_EQ(refused_of_ten_parked("x"), 6u);
    // Answered ones have made room again, and no more than they took.
    clock_.advance_ms(10);
    EXPECT_EQ(refused_of_ten_parked("x"), 6u);
}

TEST_F(ShardWriterTest, WhatIsParkedCountsAgainstTheMostBytesHeld) {
    start({.name = "shard-0.db", .limits = {}, .most_held_bytes = 350'000});
    EXPECT_EQ(refused_of_ten_parked(std::string(100'000, 'x')), 7u);
    clock_.advance_ms(10);
    EXPECT_EQ(refused_of_ten_parked(std::string(100'000, 'x')), 7u);
    // One that is above the bound alone passes when nothing else is there.
    clock_.advance_ms(10);
    EXPECT_TRUE(put(1, std::string(500'000, 'x')).get());
}

TEST_F(ShardWriterTest, AQuotaUsedUpRefusesWithoutHarmAndPassesByItself) {
    QuotaVfs vfs;
    start({.name = "shard-0.db", .limits = {}}, QuotaVfs::name);
    ASSERT_TRUE(put(1, "before").get());
    QuotaVfs::used_up = true;
    clock_.advance_ms(10);
    const auto refused = put(1, "refused").get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::Kind::unavailable);
    EXPECT_GT(refused.error().retry_after_s, 0);
    EXPECT_FALSE(writer_->healthy());
    QuotaVfs::used_up = false;
    EXPECT_TRUE(put(1, "after").get());
    EXPECT_TRUE(writer_->healthy());
    writer_.reset();
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
