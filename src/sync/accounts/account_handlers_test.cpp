#include <thread>

#include "sync/accounts/accounts_fixture.hpp"

namespace homespun::sync::accounts {
namespace {

class SignUpTest : public AccountsTest {};

/// kB as a client gets it: bundle, then the password's other half (here a stand-in of 32 bytes).
class KeysTest : public AccountsTest {
  protected:
    std::string wrapped_key(const ClientSession& session) {
        const auto token = derive_key_fetch_token(base::hex_decode(session.key_fetch_token).value());
        const auto answer = get("/auth/v1/account/keys", "Bearer fxk_" + base::hex_encode(token.id));
        EXPECT_EQ(answer.status, 200) << answer.text;
        const auto keys =
            open_key_bundle(token.request_key, base::hex_decode(answer.string("bundle")).value_or(""));
        EXPECT_TRUE(keys);
        return keys ? keys->wrapped_key_b : std::string();
    }
};

TEST_F(SignUpTest, GivesSessionAndKeyFetchToken) {
    const auto answer = post("/auth/v1/account/create?keys=true", create_body("Ann@example.org", "secret"));
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.string("uid").size(), 32U);
    EXPECT_EQ(answer.string("sessionToken").size(), 64U);
    EXPECT_EQ(answer.string("keyFetchToken").size(), 64U);
    EXPECT_EQ(answer.integer("authAt"), clock_.now_ms() / 1000);
    EXPECT_TRUE(answer.boolean("verified"));
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    const auto status = get("/auth/v1/session/status", bearer(session_of(answer)));
    EXPECT_EQ(status.string("uid"), answer.string("uid"));
}

TEST_F(SignUpTest, KeyFetchTokenOnlyWhenAskedFor) {
    EXPECT_FALSE(post("/auth/v1/account/create", create_body("a@example.org", "x")).has("keyFetchToken"));
    EXPECT_FALSE(post("/auth/v1/account/login", login_body("a@example.org", "x")).has("keyFetchToken"));
}

TEST_F(SignUpTest, AddressIsTakenInAnyCase) {
    sign_up("Ann@example.org");
    const auto again = post("/auth/v1/account/create", create_body("aNN@EXAMPLE.org", "other"));
    EXPECT_EQ(again.refusal(), "400/101");
}

TEST_F(SignUpTest, EveryParameterIsChecked) {
    const auto refusal = [&](const std::string& body) {
        return post("/auth/v1/account/create", body).refusal();
    };
    const auto good = create_body("a@example.org", "x");
    const auto without = [&](const std::string& from, const std::string& to) {
        auto body = good;
        const auto at = body.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return refusal(body.replace(at, from.size(), to));
    };
    EXPECT_EQ(refusal("{"), "400/106");
    EXPECT_EQ(refusal("{\"a\":1,\"a\":2}"), "400/106");
    EXPECT_EQ(refusal("[]"), "400/107");
    EXPECT_EQ(refusal(""), "400/107") << "the version is asked for first";
    EXPECT_EQ(without("\"version\":2", "\"version\":1"), "400/107");
    EXPECT_EQ(without("\"version\":2", "\"version\":\"2\""), "400/107");
    EXPECT_EQ(without("\"version\":2", "\"older\":1"), "400/107");
    EXPECT_EQ(without("\"email\"", "\"mail\""), "400/108");
    EXPECT_EQ(without("a@example.org", "example.org"), "400/107");
    EXPECT_EQ(without("a@example.org", "a@b@c"), "400/107");
    EXPECT_EQ(without("a@example.org", "a b@c"), "400/107");
    EXPECT_EQ(without("a@example.org", std::string(250, 'a') + "@example.org"), "400/107");
    EXPECT_EQ(without("\"authPW\"", "\"password\""), "400/108");
    EXPECT_EQ(without(auth_pw("x"), "abcd"), "400/107");
    EXPECT_EQ(without(auth_pw("x"), std::string(64, 'z')), "400/107");
    EXPECT_EQ(without("\"clientSalt\"", "\"salt\""), "400/108");
    EXPECT_EQ(without("quickStretchV2", "quickStretch"), "400/107");
    EXPECT_EQ(without("00112233", "0011223Z"), "400/107");
    const auto old = post("/auth/v1/account/login", R"({"email":"a@b","authPW":")" + auth_pw("x") + "\"}");
    EXPECT_EQ(old.refusal(), "400/107");
    EXPECT_NE(old.string("message").find("quickStretchV2"), std::string::npos);
    EXPECT_EQ(post("/auth/v1/account/create", good).status, 200);
}

TEST_F(SignUpTest, WrongFormsOfRequest) {
    const std::string create = "/auth/v1/account/create";
    EXPECT_EQ(get("/auth/v1/no/such/thing").refusal(), "404/999");
    const auto method = get(create);
    EXPECT_EQ(method.refusal(), "405/999");
    EXPECT_TRUE(method.header("Allow").starts_with("POST")) << method.header("Allow");
    Sent form{"POST", create, "a=b", {{"Content-Type", "application/x-www-form-urlencoded"}}};
    EXPECT_EQ(send(form).refusal(), "415/107");
    EXPECT_EQ(post(create, std::string(20'000, ' ')).refusal(), "413/113");
}

TEST_F(SignUpTest, TooManyAccountsFromOneAddress) {
    Answer last;
    for (int i = 0; i < 21; ++i) {
        last = post("/auth/v1/account/create", create_body("a" + std::to_string(i) + "@example.org", "x"));
    }
    EXPECT_EQ(last.refusal(), "429/114");
    EXPECT_GE(last.integer("retryAfter"), 1);
    Sent local{"POST", "/auth/v1/account/create", create_body("local@example.org", "x")};
    local.remote = "127.0.0.1";
    EXPECT_EQ(send(local).status, 200) << "a reverse proxy on this machine stands for everybody";
}

// --- who may sign up

class ClosedSignUpTest : public AccountsTest {
  protected:
    AccountsSettings settings() override {
        auto made = AccountsTest::settings();
        made.sign_up = rule_;
        return made;
    }
    void restart_with(SignUp rule) {
        rule_ = rule;
        start();
    }
    std::string status(const std::string& invite = {}) {
        const auto answer =
            get("/auth/v1/account/create/status" + (invite.empty() ? "" : "?invite=" + invite));
        EXPECT_EQ(answer.status, 200);
        return std::string(answer.boolean("open") ? "open " : "shut ") + answer.string("reason");
    }
    std::string invite() { return loop_.run(accounts_->create_invite(loop_, invite_lifetime_ms)).value(); }

    SignUp rule_ = SignUp::first;
};

TEST_F(ClosedSignUpTest, FirstAccountIsFreeThenInvitesAreNeeded) {
    EXPECT_EQ(status(), "open first");
    sign_up("first@example.org");
    EXPECT_EQ(status(), "shut closed");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("b@example.org", "x")).refusal(), "403/901");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("first@example.org", "x")).refusal(), "403/901")
        << "who is not invited does not learn who is here";
    const auto code = invite();
    EXPECT_EQ(status(code), "open invite");
    EXPECT_EQ(status("nonsense"), "shut bad-invite");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("b@example.org", "x", "nonsense")).refusal(),
              "403/902");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("first@example.org", "x", code)).refusal(),
              "400/101");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("b@example.org", "x", " " + code + " ")).status,
              200);
    EXPECT_EQ(status(code), "shut bad-invite");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("c@example.org", "x", code)).refusal(), "403/902");
}

TEST_F(ClosedSignUpTest, InviteExpires) {
    sign_up();
    const auto code = invite();
    clock_.advance_ms(invite_lifetime_ms);
    EXPECT_EQ(status(code), "shut bad-invite");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("b@example.org", "x", code)).refusal(), "403/902");
    EXPECT_EQ(loop_.run(accounts_->purge(loop_)).value(), 2)
        << "the invite and the first account's key-fetch token";
}

TEST_F(ClosedSignUpTest, ClosedAndOpen) {
    restart_with(SignUp::closed);
    EXPECT_EQ(status(), "shut closed");
    EXPECT_EQ(post("/auth/v1/account/create", create_body("a@example.org", "x")).refusal(), "403/901");
    restart_with(SignUp::open);
    EXPECT_EQ(status(), "open open");
    EXPECT_EQ(status("nonsense"), "open open");
    sign_up();
    EXPECT_EQ(status(), "open open");
}

TEST_F(ClosedSignUpTest, FirstAccountIsFreeOnlyByANameOfOurs) {
    const auto status_by = [&](const std::string& host) {
        return send({"GET", "/auth/v1/account/create/status", "", {{"Host", host}}}).string("reason");
    };
    const auto create_by = [&](const std::string& host, const std::string& invite = {}) {
        Sent sent{"POST", "/auth/v1/account/create", create_body("a@example.org", "x", invite)};
        sent.headers.emplace_back("Host", host);
        return send(sent);
    };
    for (const auto* host : {"rebound.example", "sync.example:8443", "sync.example.", "localhost", "a b"}) {
        EXPECT_EQ(status_by(host), "closed") << host;
        EXPECT_EQ(create_by(host).refusal(), "403/901") << host;
    }
    EXPECT_EQ(status_by("SYNC.example:443"), "first");
    EXPECT_EQ(create_by("rebound.example", invite()).status, 200) << "an invitation is good by every name";
}

TEST_F(ClosedSignUpTest, InviteIsUsedUpEvenWhereNoneIsNeeded) {
    for (const auto rule : {SignUp::first, SignUp::open}) {
        restart_with(rule);
        const auto code = invite();
        EXPECT_EQ(status(code), "open invite");
        const auto email = rule == SignUp::first ? "a@example.org" : "b@example.org";
        EXPECT_EQ(post("/auth/v1/account/create", create_body(email, "x", code)).status, 200);
        restart_with(SignUp::closed);
        EXPECT_EQ(post("/auth/v1/account/create", create_body("c@example.org", "x", code)).refusal(),
                  "403/902");
    }
}

TEST(PublicUrls, KnowsItsNames) {
    const auto knows = [](const auth::PublicUrls& urls, std::optional<std::string> host) {
        net::http::Request request;
        if (host) request.headers.add("Host", *host);
        return urls.knows(request);
    };
    const auth::PublicUrls two({*auth::PublicUrl::parse("https://sync.example/fxa"),
                                *auth::PublicUrl::parse("http://10.0.0.1:5000")});
    EXPECT_TRUE(knows(two, "sync.example"));
    EXPECT_TRUE(knows(two, "Sync.Example:443"));
    EXPECT_TRUE(knows(two, "10.0.0.1:5000"));
    EXPECT_FALSE(knows(two, "sync.example:80"));
    EXPECT_FALSE(knows(two, "10.0.0.1"));
    EXPECT_FALSE(knows(two, "localhost"));
    EXPECT_FALSE(knows(two, "sync.example:x"));
    EXPECT_FALSE(knows(two, ""));
    EXPECT_FALSE(knows(two, std::nullopt));
    EXPECT_TRUE(knows({}, "localhost:5000"));
    EXPECT_TRUE(knows({}, "127.0.0.1"));
    EXPECT_TRUE(knows({}, "[::1]:5000"));
    EXPECT_FALSE(knows({}, "rebound.example"));
    EXPECT_FALSE(knows({}, "127.0.0.1.rebound.example"));
    EXPECT_FALSE(knows({}, std::nullopt));
}

TEST_F(ClosedSignUpTest, TwoAtOnceMakeOneFirstAccount) {
    std::vector<Answer> answers(2);
    {
        // One loop each, as two connections on two loops would be.
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&, i] {
                TestLoop loop;
                net::http::Request request;
                request.method = "POST";
                request.target = "/auth/v1/account/create";
                request.body = create_body(std::to_string(i) + "@example.org", "x");
                request.headers.add("Content-Type", "application/json");
                request.headers.add("Host", "sync.example");
                request.executor = &loop;
                (void)app_->plan(request);
                answers[static_cast<std::size_t>(i)].status = loop.run(app_->handle(request)).status;
            });
        }
    }
    EXPECT_EQ(answers[0].status + answers[1].status, 200 + 403);
}

// --- keys

TEST_F(KeysTest, SameKeyAtEverySignIn) {
    const auto made = sign_up();
    const auto key = wrapped_key(made);
    EXPECT_EQ(key.size(), key_size);
    EXPECT_EQ(wrapped_key(sign_in()), key);
    EXPECT_NE(wrapped_key(sign_up("bob@example.org")), key);
}

TEST_F(KeysTest, TokenIsGoodOnceAndForItsTime) {
    const auto session = sign_up();
    const auto token = derive_key_fetch_token(base::hex_decode(session.key_fetch_token).value());
    const auto authorization = "Bearer fxk_" + base::hex_encode(token.id);
    EXPECT_EQ(get("/auth/v1/account/keys", authorization).status, 200);
    EXPECT_EQ(get("/auth/v1/account/keys", authorization).refusal(), "401/110");

    const auto later = derive_key_fetch_token(base::hex_decode(sign_in().key_fetch_token).value());
    clock_.advance_ms(key_fetch_lifetime_ms);
    EXPECT_EQ(get("/auth/v1/account/keys", "Bearer fxk_" + base::hex_encode(later.id)).refusal(), "401/110");
}

TEST_F(KeysTest, ByHawk) {
    const auto token = derive_key_fetch_token(base::hex_decode(sign_up().key_fetch_token).value());
    Sent sent{"GET", "/auth/v1/account/keys"};
    auto wrong = sent;
    wrong.headers.emplace_back("Authorization", hawk(token.id, std::string(32, 'x'), sent, "n"));
    EXPECT_EQ(send(wrong).refusal(), "401/109");
    sent.headers.emplace_back("Authorization", hawk(token.id, token.key, sent, "n"));
    EXPECT_EQ(send(sent).status, 200);
}

TEST_F(KeysTest, ScopedKeyData) {
    const auto session = sign_up();
    const auto made_at = clock_.now_ms();
    clock_.advance_ms(hour_ms);
    const auto ask = [&](const std::string& client, const std::string& scope) {
        return post("/auth/v1/account/scoped-key-data",
                    R"({"client_id":")" + client + R"(","scope":")" + scope + "\"}", bearer(session));
    };
    const auto answer = ask(firefox_id, oldsync + " profile");
    const auto* data = answer.body.member(oldsync);
    ASSERT_TRUE(data) << answer.text;
    EXPECT_EQ(*data->string("identifier"), oldsync);
    EXPECT_EQ(*data->string("keyRotationSecret"), std::string(64, '0'));
    EXPECT_EQ(*data->integer("keyRotationTimestamp"), made_at) << "milliseconds";
    EXPECT_EQ(answer.body.object()->size(), 1U);
    EXPECT_EQ(ask(firefox_id, "profile").text, "{}");
    EXPECT_EQ(ask("0123456789abcdef", oldsync).refusal(), "400/162");
    EXPECT_EQ(post("/auth/v1/account/scoped-key-data", "{}", bearer(session)).refusal(), "400/108");
    EXPECT_EQ(post("/auth/v1/account/scoped-key-data", "{}").refusal(), "401/110");
}

// --- sign-in

class SignInTest : public AccountsTest {
  protected:
    Answer login(const std::string& email, const std::string& password,
                 const std::string& remote = "192.0.2.1") {
        Sent sent{"POST", "/auth/v1/account/login?keys=true", login_body(email, password)};
        sent.remote = remote;
        return send(sent);
    }
};

TEST_F(SignInTest, WrongPasswordAndUnknownAccountLookAlike) {
    sign_up();
    const auto wrong = login("ann@example.org", "wrong");
    const auto unknown = login("nobody@example.org", "wrong");
    EXPECT_EQ(wrong.refusal(), "400/103");
    EXPECT_EQ(wrong.text, unknown.text);
    EXPECT_EQ(login("ann@example.org", "secret").status, 200);
}

TEST_F(SignInTest, SpellingIsToldOnlyToWhoKnowsThePassword) {
    sign_up("Ann@example.org");
    EXPECT_EQ(login("ann@example.org", "wrong").refusal(), "400/103");
    const auto told = login("ann@example.org", "secret");
    EXPECT_EQ(told.refusal(), "400/120");
    EXPECT_EQ(told.string("email"), "Ann@example.org");
    EXPECT_EQ(login("Ann@example.org", "secret").status, 200);
}

TEST_F(SignInTest, TooManyWrongPasswordsForOneAccount) {
    sign_up();
    for (int i = 0; i < 10; ++i) {
        // From ten networks, and one of them this machine itself: the account counts.
        EXPECT_EQ(login("ann@example.org", "wrong", i == 0 ? "127.0.0.1" : "198.51.100." + std::to_string(i))
                      .refusal(),
                  "400/103");
    }
    const auto throttled = login("ANN@example.org", "secret", "127.0.0.1");
    EXPECT_EQ(throttled.refusal(), "429/114");
    EXPECT_EQ(throttled.integer("retryAfter"), 15);
    EXPECT_EQ(throttled.header("Retry-After"), "15");
    EXPECT_EQ(login("bob@example.org", "x", "127.0.0.1").refusal(), "400/103") << "others are not concerned";
    clock_.advance_ms(15'000);
    EXPECT_EQ(login("ann@example.org", "secret", "127.0.0.1").status, 200);
    EXPECT_EQ(login("ann@example.org", "wrong", "127.0.0.1").refusal(), "400/103") << "all is forgiven";
}

TEST_F(SignInTest, TooManyWrongPasswordsFromOneAddress) {
    sign_up();
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(login(std::to_string(i) + "@example.org", "x").refusal(), "400/103");
    EXPECT_EQ(login("ann@example.org", "secret").refusal(), "429/114");
    EXPECT_EQ(login("ann@example.org", "secret", "198.51.100.1").status, 200);
}

TEST_F(SignInTest, RightPasswordsAreNeverTooMany) {
    sign_up();
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(login("ann@example.org", "secret").status, 200) << i;
}

TEST_F(SignInTest, BusyPoolsAnswer503AndChargeNothing) {
    sign_up();
    for (int i = 0; i < 12; ++i) {
        const Jam jam(password_pool_, Passwords::threads);
        const auto busy = login("ann@example.org", "secret");
        EXPECT_EQ(busy.refusal(), "503/201");
        EXPECT_GE(busy.integer("retryAfter"), 1);
    }
    EXPECT_EQ(login("ann@example.org", "secret").status, 200);
    const auto session = sign_in();
    {
        const Jam jam(*store_pool_, 1);
        EXPECT_EQ(login("ann@example.org", "secret").refusal(), "503/201");
        EXPECT_EQ(get("/auth/v1/session/status", bearer(session)).refusal(), "503/201")
            << "never a 401 by mistake";
        EXPECT_EQ(get("/auth/v1/account/status?uid=" + session.uid).refusal(), "503/201")
            << "never a no by mistake";
    }
}

TEST_F(SignInTest, CredentialsStatusTellsNothingAboutWhoIsHere) {
    sign_up("Ann@example.org");
    const auto ask = [&](const std::string& email) {
        return post("/auth/v1/account/credentials/status", R"({"email":")" + email + "\"}");
    };
    const auto real = ask("ann@EXAMPLE.org");
    EXPECT_EQ(real.string("clientSalt"), client_salt());
    EXPECT_EQ(real.string("currentVersion"), "v2");
    EXPECT_TRUE(real.has("upgradeNeeded"));
    EXPECT_FALSE(real.boolean("upgradeNeeded"));
    const auto decoy = ask("bob@example.org").string("clientSalt");
    EXPECT_TRUE(is_client_salt(decoy));
    EXPECT_EQ(ask("BOB@example.org").string("clientSalt"), decoy);
    EXPECT_NE(ask("eve@example.org").string("clientSalt"), decoy);
    start();
    EXPECT_EQ(ask("bob@example.org").string("clientSalt"), decoy) << "the same after a restart";
    EXPECT_EQ(ask("nonsense").refusal(), "400/107");
    EXPECT_EQ(post("/auth/v1/account/credentials/status", "{}").refusal(), "400/108");
}

TEST_F(SignInTest, StatusEndpointsAreLimitedPerAddress) {
    Answer last;
    for (int i = 0; i < 121; ++i)
        last = get("/auth/v1/account/status?uid=" + std::string(32, 'a'));
    EXPECT_EQ(last.refusal(), "429/114");
}

TEST_F(SignInTest, AccountStatus) {
    const auto uid = sign_up().uid;
    const auto ask = [&](const std::string& query) { return get("/auth/v1/account/status" + query); };
    EXPECT_TRUE(ask("?uid=" + uid).boolean("exists"));
    const auto unknown = ask("?uid=" + std::string(32, '0'));
    EXPECT_TRUE(unknown.has("exists"));
    EXPECT_FALSE(unknown.boolean("exists"));
    EXPECT_EQ(ask("?uid=xyz").refusal(), "400/107");
    EXPECT_EQ(ask("").refusal(), "400/108");
    EXPECT_TRUE(loop_.run(accounts_->remove_account(loop_, "ANN@example.org")).value());
    EXPECT_FALSE(ask("?uid=" + uid).boolean("exists"));
}

TEST_F(SignInTest, LogHoldsNoSecrets) {
    const auto session = sign_up();
    login("ann@example.org", "wrong");
    post("/auth/v1/session/destroy", "{}", bearer(session));
    const auto log = logger_.text();
    EXPECT_NE(log.find("account_created"), std::string::npos);
    EXPECT_NE(log.find("sign_in_failed"), std::string::npos);
    for (const auto& secret : {session.token, session.key_fetch_token, base::hex_encode(session.id),
                               auth_pw("secret"), auth_pw("wrong"), std::string("ann@example.org")}) {
        EXPECT_EQ(log.find(secret), std::string::npos);
    }
}

TEST_F(SignInTest, OperatorSeesAccountsAndEndsAccess) {
    const auto session = sign_up();
    const auto list = loop_.run(accounts_->list_accounts(loop_)).value();
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list.front().email, "ann@example.org");
    EXPECT_EQ(list.front().sessions, 1);
    EXPECT_TRUE(loop_.run(accounts_->revoke_access(loop_, "ann@example.org")).value());
    EXPECT_FALSE(loop_.run(accounts_->revoke_access(loop_, "bob@example.org")).value());
    EXPECT_EQ(get("/auth/v1/session/status", bearer(session)).refusal(), "401/110");
    EXPECT_TRUE(get("/auth/v1/account/status?uid=" + session.uid).boolean("exists"));
    const auto code = loop_.run(accounts_->create_invite(loop_, day_ms)).value();
    EXPECT_EQ(code.size(), 20U);
    EXPECT_EQ(loop_.run(accounts_->list_invites(loop_)).value().size(), 1U);
}

}  // namespace
}  // namespace homespun::sync::accounts
