#include "sync/store/sqlite/accounts_sqlite.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <barrier>
#include <thread>

#include "sync/accounts/test_loop.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using namespace accounts;

constexpr std::int64_t start = 1'700'000'000'000;
constexpr std::int64_t minute = 60'000;
constexpr std::int64_t day = 24 * 60 * minute;

class AccountsSqlite : public testing::Test {
  protected:
    void SetUp() override { store_ = open(); }

    std::unique_ptr<AccountsStore> open() {
        auto opened = open_accounts(folder_ / "accounts.db", {});
        EXPECT_TRUE(opened) << opened.error().message;
        return std::move(*opened);
    }

    static Account account(const std::string& uid, const std::string& email) {
        Account made;
        made.uid = uid;
        made.email = email;
        made.client_salt = "salt";
        made.password = {
            {1, 64, 1}, std::string("s\0alt", 5), std::string(32, '\xff'), std::string(32, '\0')};
        made.generation = made.keys_changed_at = made.created_at = start;
        return made;
    }

    StoreResult<void> create(const std::string& uid, const std::string& email, SignUp rule = SignUp::open,
                             const std::optional<std::string>& invite = std::nullopt) {
        return store_->create_account(rule, invite, account(uid, email), {"session-" + uid, "key", "agent"},
                                      NewKeyFetch{"fetch-" + uid, "key", "bundle", start + 10 * minute},
                                      start);
    }

    Device put(const std::string& session, DeviceChange change) {
        change.name = change.name.value_or("name");
        auto made = store_->put_device("u1", {Holder::Kind::session, session}, change, start);
        EXPECT_TRUE(made);
        return made.value_or(Device{});
    }

    sys::ScratchFolder folder_;
    std::unique_ptr<AccountsStore> store_;
};

template <class T>
StoreFailure kind_of(const StoreResult<T>& result) {
    EXPECT_FALSE(result);
    return result ? StoreFailure::busy : result.error().kind;
}

TEST_F(AccountsSqlite, FileIsPrivateAndKeepsItsData) {
    ASSERT_TRUE(create("u1", "Ann@example.org"));
    store_.reset();
    struct stat facts{};
    ASSERT_EQ(::stat((folder_ / "accounts.db").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
    store_ = open();
    const auto found = store_->find_account("ANN@example.ORG");
    ASSERT_TRUE(found && *found);
    const auto& password = (*found)->password;
    EXPECT_EQ((*found)->email, "Ann@example.org");
    EXPECT_EQ(password.salt, std::string("s\0alt", 5));
    EXPECT_EQ(password.verify_hash, std::string(32, '\xff'));
    EXPECT_EQ(password.wrapwrap_kb, std::string(32, '\0'));
    EXPECT_EQ(password.cost, (StretchCost{1, 64, 1}));
    EXPECT_FALSE(*store_->find_account("bob@example.org"));
}

TEST_F(AccountsSqlite, NewerFormatIsRefusedWithAdvice) {
    store_.reset();
    {
        auto database = Database::open(folder_ / "accounts.db", {});
        ASSERT_TRUE(database && database->set_user_version(accounts_format + 1));
    }
    const auto refused = open_accounts(folder_ / "accounts.db", {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("newer version"), std::string::npos);
    EXPECT_NE(refused.error().message.find("accounts.db"), std::string::npos);
}

TEST_F(AccountsSqlite, PlaceThatCannotBeOpenedIsAnError) {
    EXPECT_FALSE(open_accounts(folder_ / "no/such/folder/accounts.db", {}));
}

TEST_F(AccountsSqlite, AddressIsTakenInAnyCase) {
    ASSERT_TRUE(create("u1", "Ann@example.org"));
    EXPECT_EQ(kind_of(create("u2", "ann@EXAMPLE.org")), StoreFailure::exists);
    EXPECT_FALSE(*store_->account_exists("u2"));
    EXPECT_FALSE(*store_->find_session("session-u2", start)) << "nothing of it may stay";
}

TEST_F(AccountsSqlite, SignUpRules) {
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::first, {}, start), SignUpVerdict::first);
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::closed, {}, start), SignUpVerdict::closed);
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::open, "nonsense", start), SignUpVerdict::open);
    EXPECT_EQ(kind_of(create("u1", "a@b", SignUp::closed)), StoreFailure::sign_up_closed);
    ASSERT_TRUE(create("u1", "a@b", SignUp::first));
    EXPECT_EQ(kind_of(create("u2", "c@d", SignUp::first)), StoreFailure::sign_up_closed);
    EXPECT_EQ(kind_of(create("u2", "c@d", SignUp::first, "nonsense")), StoreFailure::bad_invite);
    ASSERT_TRUE(create("u2", "c@d", SignUp::open));
}

TEST_F(AccountsSqlite, InviteIsGoodOnceAndForItsTime) {
    ASSERT_TRUE(create("u1", "a@b"));
    ASSERT_TRUE(store_->add_invite("code", start, start + 7 * day));
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::closed, "code", start), SignUpVerdict::invite);
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::closed, "code", start + 7 * day), SignUpVerdict::bad_invite);
    EXPECT_EQ(kind_of(create("u2", "a@b", SignUp::closed, "code")), StoreFailure::exists);
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::closed, "code", start), SignUpVerdict::invite)
        << "not used up by a failure";
    ASSERT_TRUE(create("u2", "c@d", SignUp::closed, "code"));
    EXPECT_EQ(kind_of(create("u3", "e@f", SignUp::closed, "code")), StoreFailure::bad_invite);
    const auto invites = store_->list_invites();
    ASSERT_EQ(invites->size(), 1U);
    EXPECT_EQ(invites->front().used_by, "u2");
}

TEST_F(AccountsSqlite, GoodInviteIsUsedUpUnderEveryRule) {
    ASSERT_TRUE(store_->add_invite("one", start, start + day));
    ASSERT_TRUE(store_->add_invite("two", start, start + day));
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::first, "one", start), SignUpVerdict::invite);
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::first, "nonsense", start), SignUpVerdict::first);
    ASSERT_TRUE(create("u1", "a@b", SignUp::first, "one"));
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::closed, "one", start), SignUpVerdict::bad_invite);
    ASSERT_TRUE(create("u2", "c@d", SignUp::open, "two"));
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::closed, "two", start), SignUpVerdict::bad_invite);
    EXPECT_EQ(*store_->sign_up_verdict(SignUp::open, "two", start), SignUpVerdict::open);
}

/// Two connections, as two programs would have them, in a race.
template <class Try>
int winners(const std::string& path, Try attempt) {
    std::barrier together(2);
    std::atomic<int> won = 0;
    const auto run = [&](int who) {
        auto store = open_accounts(path, {});
        EXPECT_TRUE(store) << store.error().message;
        together.arrive_and_wait();  // the other one waits here, whatever has failed
        if (store && attempt(**store, who)) ++won;
    };
    {
        const std::jthread other([&] { run(1); });
        run(2);
    }
    return won;
}

TEST_F(AccountsSqlite, RaceForTheFirstAccountHasOneWinner) {
    for (int round = 0; round < 10; ++round) {
        const auto path = folder_ / ("race" + std::to_string(round));
        EXPECT_EQ(winners(path,
                          [](AccountsStore& store, int who) {
                              const auto uid = std::to_string(who);
                              return store
                                  .create_account(SignUp::first, {}, account(uid, uid + "@x"), {uid, "k", ""},
                                                  {}, start)
                                  .has_value();
                          }),
                  1);
    }
}

TEST_F(AccountsSqlite, RaceForOneInviteHasOneWinner) {
    for (int round = 0; round < 10; ++round) {
        const auto path = folder_ / ("race" + std::to_string(round));
        ASSERT_TRUE((*open_accounts(path, {}))->add_invite("code", start, start + day));
        EXPECT_EQ(winners(path,
                          [](AccountsStore& store, int who) {
                              const auto uid = std::to_string(who);
                              return store
                                  .create_account(SignUp::closed, "code", account(uid, uid + "@x"),
                                                  {uid, "k", ""}, {}, start)
                                  .has_value();
                          }),
                  1);
    }
}

TEST_F(AccountsSqlite, RaceForOneCodeHasOneWinner) {
    ASSERT_TRUE(create("u1", "a@b"));
    ASSERT_TRUE(store_->add_code("code", {.uid = "u1", .expires_at = start + minute}));
    EXPECT_EQ(winners(folder_ / "accounts.db",
                      [](AccountsStore& store, int) { return store.take_code("code", start).has_value(); }),
              1);
}

TEST_F(AccountsSqlite, SessionEndsWhenIdle) {
    ASSERT_TRUE(create("u1", "a@b"));
    const auto session = store_->find_session("session-u1", start + 180 * day);
    ASSERT_TRUE(session && *session);
    EXPECT_EQ((*session)->owner.email, "a@b");
    EXPECT_FALSE(*store_->find_session("session-u1", start + 181 * day));
    ASSERT_TRUE(store_->touch({Holder::Kind::session, "session-u1"}, start + 100 * day));
    EXPECT_TRUE(*store_->find_session("session-u1", start + 181 * day));
    ASSERT_TRUE(store_->purge(start + 281 * day));
    EXPECT_TRUE(store_->attached_clients("u1", start)->empty());
}

TEST_F(AccountsSqlite, SessionNeedsTheGenerationThePasswordWasCheckedFor) {
    ASSERT_TRUE(create("u1", "a@b"));
    EXPECT_TRUE(store_->start_session("u1", start, {"s2", "k", ""}, {}, start));
    EXPECT_EQ(kind_of(store_->start_session("u1", start + 1, {"s3", "k", ""}, {}, start)),
              StoreFailure::not_found);
    EXPECT_EQ(kind_of(store_->start_session("u9", start, {"s3", "k", ""}, {}, start)),
              StoreFailure::not_found);
}

TEST_F(AccountsSqlite, SessionsAreBounded) {
    ASSERT_TRUE(create("u1", "a@b"));
    for (std::size_t i = 0; i < most_sessions_per_account; ++i) {
        ASSERT_TRUE(store_->start_session("u1", start, {"s" + std::to_string(i), "k", ""}, {},
                                          start + 1 + static_cast<std::int64_t>(i)));
    }
    EXPECT_EQ(store_->attached_clients("u1", start)->size(), most_sessions_per_account);
    EXPECT_FALSE(*store_->find_session("session-u1", start)) << "the longest unused one went";
    EXPECT_TRUE(*store_->find_session("s0", start));
}

TEST_F(AccountsSqlite, KeyFetchIsGoodOnceAndForItsTime) {
    ASSERT_TRUE(create("u1", "a@b"));
    EXPECT_FALSE(*store_->find_key_fetch("fetch-u1", start + 10 * minute));
    EXPECT_EQ(kind_of(store_->take_key_fetch("fetch-u1", start + 10 * minute)), StoreFailure::not_found);
    EXPECT_EQ((*store_->find_key_fetch("fetch-u1", start))->bundle, "bundle");
    EXPECT_EQ(*store_->take_key_fetch("fetch-u1", start), "bundle");
    EXPECT_EQ(kind_of(store_->take_key_fetch("fetch-u1", start)), StoreFailure::not_found);
}

TEST_F(AccountsSqlite, SessionTakesItsDeviceCommandsTokensAndCodesAlong) {
    ASSERT_TRUE(create("u1", "a@b"));
    put("session-u1", {.id = {}, .new_id = "d1"});
    ASSERT_TRUE(store_->add_command("u1", "d1", {0, "c", "{}", {}}, start + day));
    ASSERT_TRUE(store_->add_code("code", {.uid = "u1", .session = "session-u1", .expires_at = start + day}));
    ASSERT_TRUE(store_->add_tokens(AccessToken{.handle = "t",
                                               .uid = "u1",
                                               .client_id = "c",
                                               .scope = "s",
                                               .parent = Holder{Holder::Kind::session, "session-u1"},
                                               .expires_at = start + day},
                                   {}));
    EXPECT_TRUE(*store_->find_access_token("t", start));
    EXPECT_TRUE(*store_->destroy_session("session-u1"));
    EXPECT_FALSE(*store_->destroy_session("session-u1"));
    EXPECT_TRUE(store_->devices("u1", start)->empty());
    EXPECT_TRUE(store_->commands("u1", "d1", 0, 10, start)->commands.empty());
    EXPECT_FALSE(*store_->find_access_token("t", start));
    EXPECT_EQ(kind_of(store_->take_code("code", start)), StoreFailure::not_found);
    EXPECT_EQ(kind_of(store_->take_key_fetch("fetch-u1", start)), StoreFailure::not_found);
}

TEST_F(AccountsSqlite, DevicesAreMadeChangedMovedAndRefused) {
    ASSERT_TRUE(create("u1", "a@b"));
    ASSERT_TRUE(create("u2", "c@d"));
    ASSERT_TRUE(store_->start_session("u1", start, {"s2", "k", ""}, {}, start));
    const auto made =
        put("session-u1", {.id = {}, .new_id = "d1", .type = "desktop", .push_callback = "https://p"});
    EXPECT_EQ(made.push_callback, "https://p");
    EXPECT_EQ(made.available_commands, "{}");
    const auto changed =
        put("session-u1", {.id = "d1", .name = "other", .push_callback = std::optional<std::string>{}});
    EXPECT_EQ(changed.name, "other");
    EXPECT_EQ(changed.type, "desktop");
    EXPECT_FALSE(changed.push_callback);

    const Holder one{Holder::Kind::session, "session-u1"};
    const auto second = store_->put_device("u1", one, {.id = {}, .new_id = "d2"}, start);
    EXPECT_EQ(kind_of(second), StoreFailure::device_conflict);
    EXPECT_EQ(second.error().detail, "d1");
    EXPECT_EQ(kind_of(store_->put_device("u1", one, {.id = "nope"}, start)), StoreFailure::unknown_device);
    const auto foreign = store_->put_device("u2", {Holder::Kind::session, "session-u2"}, {.id = "d1"}, start);
    EXPECT_EQ(kind_of(foreign), StoreFailure::unknown_device) << "devices of other accounts do not exist";
    EXPECT_EQ(
        kind_of(store_->put_device("u1", {Holder::Kind::session, "gone"}, {.id = {}, .new_id = "d3"}, start)),
        StoreFailure::not_found);

    EXPECT_EQ(put("s2", {.id = "d1"}).holder.handle, "s2")
        << "a new session of the same device takes it over";
    ASSERT_EQ(store_->devices("u1", start)->size(), 1U);
    EXPECT_EQ(kind_of(store_->destroy_device("u2", "d1")), StoreFailure::unknown_device);
    ASSERT_TRUE(store_->destroy_device("u1", "d1"));
    EXPECT_FALSE(*store_->find_session("s2", start));
    EXPECT_TRUE(*store_->find_session("session-u1", start));
}

TEST_F(AccountsSqlite, CommandsAreGivenByIndexUntilTheyExpire) {
    ASSERT_TRUE(create("u1", "a@b"));
    put("session-u1", {.id = {}, .new_id = "d1"});
    EXPECT_EQ(kind_of(store_->add_command("u1", "d2", {}, start + day)), StoreFailure::unknown_device);
    EXPECT_EQ(kind_of(store_->add_command("u2", "d1", {}, start + day)), StoreFailure::unknown_device);
    const auto first = store_->add_command("u1", "d1", {0, "c", "1", "sender"}, start + 30 * day);
    const auto second = store_->add_command("u1", "d1", {0, "c", "2", {}}, start + 30 * day);
    const auto third = store_->add_command("u1", "d1", {0, "c", "3", {}}, start + day);
    ASSERT_TRUE(first && second && third);
    EXPECT_LT(*first, *second);

    const auto page = store_->commands("u1", "d1", 0, 2, start);
    ASSERT_EQ(page->commands.size(), 2U);
    EXPECT_EQ(page->commands[0].sender, "sender");
    EXPECT_EQ(page->index, *second);
    EXPECT_FALSE(page->last);
    const auto rest = store_->commands("u1", "d1", *second + 1, 2, start);
    EXPECT_EQ(rest->commands.size(), 1U);
    EXPECT_TRUE(rest->last);
    const auto none = store_->commands("u1", "d1", *third + 1, 2, start);
    EXPECT_TRUE(none->commands.empty());
    EXPECT_EQ(none->index, *third);
    EXPECT_EQ(store_->commands("u1", "d1", 0, 9, start + 2 * day)->commands.size(), 2U);
    ASSERT_TRUE(store_->purge(start + 31 * day));
    EXPECT_GT(*store_->add_command("u1", "d1", {0, "c", "4", {}}, start + 60 * day), *third)
        << "never used again";
}

TEST_F(AccountsSqlite, CommandsAreBounded) {
    ASSERT_TRUE(create("u1", "a@b"));
    put("session-u1", {.id = {}, .new_id = "d1"});
    for (std::size_t i = 0; i < most_commands_per_device + 5; ++i) {
        ASSERT_TRUE(store_->add_command("u1", "d1", {0, "c", std::to_string(i), {}}, start + day));
    }
    const auto page = store_->commands("u1", "d1", 0, 1000, start);
    ASSERT_EQ(page->commands.size(), most_commands_per_device);
    EXPECT_EQ(page->commands.front().payload, "5");
}

TEST_F(AccountsSqlite, CodeIsGoodOnceAndForItsTime) {
    ASSERT_TRUE(create("u1", "a@b"));
    const Code code{.uid = "u1",
                    .client_id = "c",
                    .scope = "s",
                    .challenge = "x",
                    .session = "session-u1",
                    .keys_jwe = "jwe",
                    .offline = true,
                    .auth_at = 7,
                    .expires_at = start + 15 * minute};
    ASSERT_TRUE(store_->add_code("one", code));
    ASSERT_TRUE(store_->add_code("two", code));
    const auto taken = store_->take_code("one", start);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->keys_jwe, "jwe");
    EXPECT_TRUE(taken->offline);
    EXPECT_EQ(kind_of(store_->take_code("one", start)), StoreFailure::not_found);
    EXPECT_EQ(kind_of(store_->take_code("two", start + 15 * minute)), StoreFailure::not_found);
    EXPECT_EQ(kind_of(store_->add_code("three", {.uid = "u9", .expires_at = start + 1})),
              StoreFailure::not_found);
    EXPECT_EQ(kind_of(store_->add_code("three", {.uid = "u1", .session = "gone"})), StoreFailure::not_found);
}

TEST_F(AccountsSqlite, RefreshTokenTakesItsAccessTokensAndDeviceAlong) {
    ASSERT_TRUE(create("u1", "a@b"));
    RefreshToken refresh{.handle = "r", .client_id = "c", .scope = "s", .created_at = start};
    refresh.owner.uid = "u1";
    const Holder holder{Holder::Kind::refresh_token, "r"};
    ASSERT_TRUE(store_->add_tokens(AccessToken{.handle = "t",
                                               .uid = "u1",
                                               .client_id = "c",
                                               .scope = "s",
                                               .parent = holder,
                                               .expires_at = start + minute},
                                   refresh));
    ASSERT_TRUE(store_->put_device("u1", holder, {.id = {}, .new_id = "phone"}, start));
    const auto found = store_->find_refresh_token("r", start);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->device, "phone");
    EXPECT_EQ((*found)->owner.email, "a@b");
    EXPECT_EQ((*store_->find_access_token("t", start))->owner.generation, start);
    EXPECT_FALSE(*store_->find_access_token("t", start + minute));
    EXPECT_FALSE(*store_->find_refresh_token("r", start + 181 * day));
    EXPECT_EQ(store_->attached_clients("u1", start)->size(), 2U);
    EXPECT_TRUE(*store_->destroy_token("r"));
    EXPECT_FALSE(*store_->destroy_token("r"));
    EXPECT_FALSE(*store_->find_access_token("t", start));
    EXPECT_TRUE(store_->devices("u1", start)->empty());
    EXPECT_EQ(kind_of(store_->add_tokens(AccessToken{.handle = "t2", .uid = "u1", .parent = holder}, {})),
              StoreFailure::not_found);
}

TEST_F(AccountsSqlite, RefreshTokensAreBounded) {
    ASSERT_TRUE(create("u1", "a@b"));
    ASSERT_TRUE(create("u2", "c@d"));
    const auto add = [&](const std::string& handle, const std::string& uid, std::int64_t at) {
        RefreshToken token{.handle = handle, .client_id = "c", .scope = "s", .created_at = at};
        token.owner.uid = uid;
        ASSERT_TRUE(store_->add_tokens({}, token));
    };
    add("other", "u2", start);
    add("used", "u1", start);
    add("unused", "u1", start);
    ASSERT_TRUE(store_->touch({Holder::Kind::refresh_token, "used"}, start + minute));
    for (std::size_t i = 0; i + 1 < most_refresh_tokens_per_account; ++i)
        add("r" + std::to_string(i), "u1", start + 1);
    EXPECT_EQ(store_->attached_clients("u1", start)->size(), most_refresh_tokens_per_account + 1)
        << "and the session";
    EXPECT_FALSE(*store_->find_refresh_token("unused", start));
    EXPECT_TRUE(*store_->find_refresh_token("used", start));
    add("one more", "u1", start + 1);
    EXPECT_TRUE(*store_->find_refresh_token("one more", start));
    EXPECT_FALSE(*store_->find_refresh_token("r0", start));
    EXPECT_TRUE(*store_->find_refresh_token("r1", start));
    EXPECT_TRUE(*store_->find_refresh_token("other", start));
}

TEST_F(AccountsSqlite, CodesAreBounded) {
    ASSERT_TRUE(create("u1", "a@b"));
    ASSERT_TRUE(create("u2", "c@d"));
    ASSERT_TRUE(store_->add_code("other", {.uid = "u2", .expires_at = start + 1}));
    for (std::size_t i = 0; i < most_codes_per_account + 2; ++i)
        ASSERT_TRUE(store_->add_code("c" + std::to_string(i), {.uid = "u1", .expires_at = start + minute}));
    EXPECT_EQ(kind_of(store_->take_code("c0", start)), StoreFailure::not_found);
    EXPECT_EQ(kind_of(store_->take_code("c1", start)), StoreFailure::not_found);
    for (std::size_t i = 2; i < most_codes_per_account + 2; ++i)
        EXPECT_TRUE(store_->take_code("c" + std::to_string(i), start)) << i;
    EXPECT_TRUE(store_->take_code("other", start));
}

TEST_F(AccountsSqlite, RefreshTokenOfASessionGoesWithIt) {
    ASSERT_TRUE(create("u1", "a@b"));
    RefreshToken bound{.handle = "bound", .client_id = "c", .scope = "s", .created_at = start};
    bound.owner.uid = "u1";
    auto loose = bound;
    loose.handle = "loose";
    bound.session = "session-u1";
    ASSERT_TRUE(store_->add_tokens({}, bound));
    ASSERT_TRUE(store_->add_tokens({}, loose));
    EXPECT_EQ((*store_->find_refresh_token("bound", start))->session, "session-u1");
    EXPECT_TRUE(*store_->destroy_session("session-u1"));
    EXPECT_FALSE(*store_->find_refresh_token("bound", start));
    EXPECT_TRUE(*store_->find_refresh_token("loose", start));
    bound.handle = "late";
    EXPECT_EQ(kind_of(store_->add_tokens({}, bound)), StoreFailure::not_found);
}

TEST_F(AccountsSqlite, AccountGoesWithEverythingOrStaysAlone) {
    ASSERT_TRUE(create("u1", "a@b"));
    put("session-u1", {.id = {}, .new_id = "d1"});
    ASSERT_TRUE(store_->add_tokens(AccessToken{.handle = "t", .uid = "u1", .expires_at = start + day}, {}));
    auto list = store_->list_accounts();
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ(list->front().sessions, 1);
    EXPECT_EQ(list->front().devices, 1);
    EXPECT_EQ(list->front().last_used_at, start);
    EXPECT_TRUE(*store_->revoke_access("u1"));
    EXPECT_FALSE(*store_->find_access_token("t", start));
    EXPECT_EQ(store_->list_accounts()->front().sessions, 0);
    EXPECT_TRUE(*store_->remove_account("u1"));
    EXPECT_FALSE(*store_->remove_account("u1"));
    EXPECT_FALSE(*store_->revoke_access("u1"));
    EXPECT_TRUE(store_->list_accounts()->empty());
}

TEST_F(AccountsSqlite, PurgeDropsWhatHasExpired) {
    ASSERT_TRUE(create("u1", "a@b"));
    ASSERT_TRUE(store_->add_code("code", {.uid = "u1", .expires_at = start + minute}));
    ASSERT_TRUE(
        store_->add_tokens(AccessToken{.handle = "t", .uid = "u1", .expires_at = start + minute}, {}));
    ASSERT_TRUE(store_->add_invite("invite", start, start + minute));
    EXPECT_EQ(store_->purge(start)->rows, 0);
    EXPECT_EQ(store_->purge(start + minute)->rows, 3);
    EXPECT_EQ(store_->purge(start + 10 * minute)->rows, 1) << "the key-fetch token";
    EXPECT_EQ(store_->purge(start + 10 * minute)->rows, 0);
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
