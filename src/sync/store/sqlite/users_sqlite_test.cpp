#include "sync/store/sqlite/users_sqlite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "sync/accounts/test_loop.hpp"
#include "sync/auth/stored_password.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using registration::ResetCodes;

class UsersSqliteTest : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void open() {
        users.reset();
        database.reset();
        auto opened = RegistrationSqlite::open(path);
        ASSERT_TRUE(opened) << opened.error().message;
        database = std::move(*opened);
        users = std::make_unique<UsersSqlite>(
            UsersSqlite::Parts{*database, pool, password_pool, random, 0, cheap});
    }
    auth::BackendUser create(const std::string& name, const std::string& password) {
        auto made = loop.run(users->create(loop, name, password, "a@b.cd"));
        EXPECT_TRUE(made && *made) << name;
        return made && *made ? **made : auth::BackendUser();
    }
    bool fits(const std::string& name, const std::string& password) {
        auto user = loop.run(users->authenticate(loop, name, password));
        EXPECT_TRUE(user);
        return user && *user;
    }
    void run(const std::string& sql) {
        auto other = Database::open(path, {});
        ASSERT_TRUE(other);
        auto done = other->execute(sql);
        ASSERT_TRUE(done) << done.error().message;
    }

    static constexpr accounts::StretchCost cheap{.passes = 1, .memory_kib = 64, .lanes = 1};
    sys::ScratchFolder folder;
    const std::string path = folder / "registration.db";
    accounts::TestLoop loop;
    base::SystemRandom random;
    base::ManualClock clock{1'000'000};
    sys::BlockingPool pool{1, 16}, password_pool{2, 16};
    std::unique_ptr<RegistrationSqlite> database;
    std::unique_ptr<UsersSqlite> users;
};

TEST_F(UsersSqliteTest, ProgramsThatShareTheFileMayMakeItTogether) {
    for (int round = 0; round < 10; ++round) {
        const auto shared = folder / ("shared-" + std::to_string(round));
        std::atomic<int> failed = 0;
        std::vector<std::jthread> programs;
        for (int n = 0; n < 4; ++n)
            programs.emplace_back([&] {
                const auto opened = RegistrationSqlite::open(shared);
                if (opened) return;
                ++failed;
                ADD_FAILURE() << opened.error().message;
            });
        programs.clear();
        ASSERT_EQ(failed, 0);
    }
}

TEST_F(UsersSqliteTest, AUserIsMadeOnce) {
    const auto ann = create("ann", "password1");
    EXPECT_EQ(ann.mail, "a@b.cd");
    const auto again = loop.run(users->create(loop, "ann", "password2", ""));
    ASSERT_TRUE(again);
    EXPECT_FALSE(*again);
    EXPECT_TRUE(fits("ann", "password1"));
    EXPECT_FALSE(fits("ann", "password2"));
    EXPECT_FALSE(fits("Ann", "password1"));
    EXPECT_FALSE(fits("bob", "password1"));
    EXPECT_FALSE(fits("ann", ""));
    open();
    EXPECT_TRUE(fits("ann", "password1"));
    EXPECT_EQ(*loop.run(users->find(loop, "ann")), std::optional(ann));
    EXPECT_FALSE(*loop.run(users->find(loop, "bob")));
}

TEST_F(UsersSqliteTest, ThereMayBeABound) {
    users =
        std::make_unique<UsersSqlite>(UsersSqlite::Parts{*database, pool, password_pool, random, 1, cheap});
    const auto ann = create("ann", "password1");
    EXPECT_FALSE(*loop.run(users->create(loop, "ann", "password1", "")));
    const auto bob = loop.run(users->create(loop, "bob", "password1", ""));
    ASSERT_FALSE(bob);
    EXPECT_EQ(bob.error().kind, auth::BackendFailure::Kind::refused);
    ASSERT_TRUE(loop.run(users->remove(loop, ann)));
    create("bob", "password1");
}

TEST_F(UsersSqliteTest, PasswordsMayBeAnyUtf8) {
    const auto ann = create("ann", "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9");
    EXPECT_TRUE(fits("ann", "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"));
    // Section 11, defect 8: the reference would have encoded it twice.
    ASSERT_TRUE(loop.run(users->set_password(loop, ann, "\u4f60\u597d\u4f60\u597d")));
    EXPECT_TRUE(fits("ann", "\u4f60\u597d\u4f60\u597d"));
    EXPECT_FALSE(fits("ann", "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"));
}

// Section 11, defect 3: a fresh user had the id, and so the records, of one who had left.
TEST_F(UsersSqliteTest, AnIdIsNeverUsedAgain) {
    const auto ann = create("ann", "password1");
    ASSERT_TRUE(loop.run(users->remove(loop, ann)));
    EXPECT_FALSE(fits("ann", "password1"));
    EXPECT_TRUE(loop.run(users->remove(loop, ann))) << "gone already is fine";
    open();
    const auto next = create("ann", "password1");
    EXPECT_GT(next.id, ann.id);
}

TEST_F(UsersSqliteTest, WhoIsSwitchedOffCannotLogIn) {
    create("ann", "password1");
    run("UPDATE user SET accountStatus = 0");
    EXPECT_FALSE(fits("ann", "password1"));
    run("UPDATE user SET accountStatus = 1");
    EXPECT_TRUE(fits("ann", "password1"));
}

TEST_F(UsersSqliteTest, OldHashesAreReplacedAtLogin) {
    const char* const old_hashes[] = {
        "{SSHA}mLoUnWoB6xapRmPO2lAiF0vdaBNhYmNkZWZnaA==",
        "{SSHA-256}hG7Ffh1tOZl5i/3bOd4ZwI5qdOwXcF2ItzFN1KdpTkhhYmNkZWZnaA==",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        ("{SSCRYPT}isIi/SpTGXc4eJuC7+ogX/i56IRH9/"
         "tizsRRhF8DKJOdpaXQHoLplm3iprxhot1WjcxOuSnJK7FV+KKy9rMBp2FiY2RlZmdo"),
    };
    int number = 0;
    for (const auto* old : old_hashes) {
        const auto name = "old" + std::to_string(++number);
        run("INSERT INTO user(username, password) VALUES('" + name + "', '" + old + "')");
        EXPECT_FALSE(fits(name, "wrong"));
        EXPECT_EQ((*database->find(name))->password, old) << "a wrong password changes nothing";
        EXPECT_TRUE(fits(name, "password"));
        const auto now = (*database->find(name))->password;
        EXPECT_TRUE(auth::StoredPassword::parse(now)) << now;
        EXPECT_LE(now.size(), 128U);
        EXPECT_TRUE(fits(name, "password"));
        EXPECT_FALSE(fits(name, "wrong"));
    }
}

TEST_F(UsersSqliteTest, ACheaperHashIsReplacedToo) {
    create("ann", "password1");
    const accounts::StretchCost dearer{.passes = 2, .memory_kib = 64, .lanes = 1};
    users =
        std::make_unique<UsersSqlite>(UsersSqlite::Parts{*database, pool, password_pool, random, 0, dearer});
    EXPECT_TRUE(fits("ann", "password1"));
    EXPECT_EQ(auth::StoredPassword::parse((*database->find("ann"))->password)->cost, dearer);
    EXPECT_TRUE(fits("ann", "password1"));
}

TEST_F(UsersSqliteTest, WhatIsNoHashFitsNothing) {
    run("INSERT INTO user(username, password) VALUES('ann', 'password'), ('bob', ''), ('eve', '{ARGON2ID}')");
    for (const auto* name : {"ann", "bob", "eve"})
        EXPECT_FALSE(fits(name, "password")) << name;
}

TEST_F(UsersSqliteTest, ANewerFormatIsRefused) {
    run("PRAGMA user_version = 99");
    const auto opened = RegistrationSqlite::open(path);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST_F(UsersSqliteTest, AFileThatFailsIsAnOutage) {
    create("ann", "password1");
    run("DROP TABLE user");
    const auto user = loop.run(users->authenticate(loop, "ann", "password1"));
    ASSERT_FALSE(user);
    EXPECT_EQ(user.error().kind, auth::BackendFailure::Kind::down);
    EXPECT_EQ(user.error().detail.find("password1"), std::string::npos);
}

TEST_F(UsersSqliteTest, AFullQueueIsBusy) {
    sys::BlockingPool none(1, 0);
    UsersSqlite crowded({*database, none, password_pool, random, 0, cheap});
    const auto user = loop.run(crowded.find(loop, "ann"));
    ASSERT_FALSE(user);
    EXPECT_EQ(user.error().kind, auth::BackendFailure::Kind::busy);
}

class ResetCodesTest : public UsersSqliteTest {
  protected:
    ResetCodes codes{{*(open(), database), pool, clock, random}};
    std::string give(std::uint64_t user) { return loop.run(codes.give(loop, user)).value(); }
    bool take(std::uint64_t user, const std::string& code) {
        return loop.run(codes.take(loop, user, code)).value();
    }
    void SetUp() override {}
};

TEST_F(ResetCodesTest, HaveTheirForm) {
    const auto code = give(1);
    EXPECT_TRUE(registration::is_reset_code(code)) << code;
    for (const std::string_view bad :
         {"", "ABCD-EFGH-IJKL-MNO", "ABCD-EFGH-IJKL-MNOp", "ABCDEFGH-IJKL-MNOP-", "ABCD-EFGH-IJKL-MNOP-QRST"})
        EXPECT_FALSE(registration::is_reset_code(bad)) << bad;
}

TEST_F(ResetCodesTest, AreTheSameWhileTheyLive) {
    const auto code = give(1);
    EXPECT_EQ(give(1), code);
    EXPECT_NE(give(2), code);
    clock.advance_ms(ResetCodes::life_ms - 1);
    EXPECT_EQ(give(1), code);
    clock.advance_ms(1);
    EXPECT_FALSE(take(1, code));
    EXPECT_NE(give(1), code);
}

TEST_F(ResetCodesTest, AreTakenOnce) {
    const auto code = give(1);
    EXPECT_FALSE(take(1, "AAAA-BBBB-CCCC-DDDD"));
    clock.advance_ms(ResetCodes::life_ms - 1);
    EXPECT_TRUE(take(1, code));
    EXPECT_FALSE(take(1, code));
    EXPECT_NE(give(1), code);
}

// Programs may share the file: what another one has taken or replaced since it was read is not taken again.
TEST_F(ResetCodesTest, AreTakenFromTheStoreByTheirText) {
    const auto code = give(1);
    EXPECT_FALSE(database->take_code(1, "AAAA-BBBB-CCCC-DDDD").value());
    EXPECT_TRUE(database->take_code(1, code).value());
    EXPECT_FALSE(database->take_code(1, code).value());
}

TEST_F(ResetCodesTest, CanBeCleared) {
    const auto code = give(1);
    EXPECT_TRUE(loop.run(codes.clear(loop, 1)));
    EXPECT_FALSE(take(1, code));
    EXPECT_NE(give(1), code);
}

TEST_F(ResetCodesTest, AreTheirUsersAlone) {
    EXPECT_FALSE(take(2, give(1)));
    give(2);
    EXPECT_FALSE(take(2, give(1)));
}

TEST_F(ResetCodesTest, GoWithTheirUser) {
    const auto ann = create("ann", "password1");
    const auto code = give(ann.id);
    ASSERT_TRUE(loop.run(users->remove(loop, ann)));
    EXPECT_FALSE(take(ann.id, code));
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
