#include "sync/registration/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <functional>
#include <iterator>

#include "barrel/rbr/parser.hpp"
#include "barrel/server/application.hpp"
#include "barrel/server/assets.hpp"
#include "base/cef_fixture.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/accounts/test_loop.hpp"
#include "sync/auth/weave_fixture.hpp"
#include "sync/store/sqlite/registration_sqlite.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/users_sqlite.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::registration {
namespace {

namespace sqlite = store::sqlite;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class KeepingMailer final : public Mailer {
  public:
    base::Task<auth::BackendResult<void>> send(base::Executor& /*home*/, Mail mail) override {
        mails.push_back(std::move(mail));
        co_return auth::BackendResult<void>();
    }
    std::vector<Mail> mails;
};

/// The real back-end behind troubles: it may fail to change a password, and do it later all the same.
class TroubledBackend final : public auth::UserBackend {
  public:
    explicit TroubledBackend(std::unique_ptr<auth::UserBackend> its) : its_(std::move(its)) {}
    template <class T>
    using Answer = base::Task<auth::BackendResult<T>>;
    using MaybeUser = std::optional<auth::BackendUser>;

    std::optional<auth::BackendFailure> trouble;           ///< of every change of a password
    std::optional<auth::BackendFailure> change_forbidden;  ///< what may_change says
    std::optional<auth::BackendFailure> removal_forbidden;
    std::function<void()> before_removal = [] {};

    Answer<MaybeUser> find(base::Executor& home, std::string name) override {
        return its_->find(home, std::move(name));
    }
    Answer<MaybeUser> authenticate(base::Executor& home, std::string name, std::string password) override {
        return its_->authenticate(home, std::move(name), std::move(password));
    }
    Answer<MaybeUser> create(base::Executor& home, std::string name, std::string password,
                             std::string mail) override {
        return its_->create(home, std::move(name), std::move(password), std::move(mail));
    }
    Answer<void> set_password(base::Executor& home, auth::BackendUser user, std::string password) override {
        if (trouble) co_return std::unexpected(*trouble);
        co_return co_await its_->set_password(home, std::move(user), std::move(password));
    }
    Answer<void> set_mail(base::Executor& home, auth::BackendUser user, std::string mail) override {
        return its_->set_mail(home, std::move(user), std::move(mail));
    }
    [[nodiscard]] auth::BackendResult<void> may_change() const override {
        if (change_forbidden) return std::unexpected(*change_forbidden);
        return {};
    }
    Answer<void> may_remove(base::Executor& home, auth::BackendUser user) override {
        if (removal_forbidden) co_return std::unexpected(*removal_forbidden);
        co_return co_await its_->may_remove(home, std::move(user));
    }
    Answer<void> remove(base::Executor& home, auth::BackendUser user) override {
        if (removal_forbidden) co_return std::unexpected(*removal_forbidden);
        before_removal();
        co_return co_await its_->remove(home, std::move(user));
    }

  private:
    std::unique_ptr<auth::UserBackend> its_;
};

struct Answer {
    int status = 0;
    std::string text;
    net::http::Headers headers;
    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(headers.find(name).value_or(""));
    }
};

/// The services over real databases in a folder of their own, without sockets.
class RegistrationTest : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = sqlite::SqliteStore::open(
            {.directory = folder / "store", .shards = 1, .clock = clock, .logger = logger});
        ASSERT_TRUE(opened) << opened.error().message;
        records = std::move(*opened);
        auto database_opened = sqlite::RegistrationSqlite::open(folder / "registration.db");
        ASSERT_TRUE(database_opened) << database_opened.error().message;
        database = std::move(*database_opened);
        backend = std::make_unique<TroubledBackend>(std::make_unique<sqlite::UsersSqlite>(
            sqlite::UsersSqlite::Parts{*database, pool, password_pool, random, 0, cheap}));
        auth = std::make_unique<auth::WeaveAuth>(
            auth::WeaveAuth::Parts{*backend, security, clock, random, answers}, 300'000);
        codes = std::make_unique<ResetCodes>(ResetCodes::Parts{*database, pool, clock, random});
        RegistrationSettings settings;
        settings.strict_names = false;
        records_here = std::make_unique<RecordsHere>(*records);
        service = std::make_unique<RegistrationService>(
            RegistrationService::Parts{*backend, *auth, answers, *codes, &mailer, nullptr, *records_here,
                                       urls, clock, security},
            settings);
        std::vector<barrel::Application::Mounted> services;
        services.push_back(bind("registration", &RegistrationService::register_users));
        services.push_back(bind("account-forms", &RegistrationService::register_forms));
        auto built = barrel::Application::build(std::move(services), logger);
        ASSERT_TRUE(built);
        application = std::move(*built);
    }
    void TearDown() override { records->close(); }

    barrel::Application::Mounted bind(const std::string& name,
                                      void (RegistrationService::*fill)(barrel::Natives&)) {
        const auto path = std::string(HOMESPUN_SOURCE_DIR) + "/services/" + name + ".rbr";
        std::ifstream file(path);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        auto parsed = barrel::rbr::parse(text, path);
        if (!parsed) throw std::runtime_error(parsed.error().message);
        barrel::Natives natives;
        (service.get()->*fill)(natives);
        auto bound = barrel::Service::bind(std::move(*parsed), natives);
        if (!bound) throw std::runtime_error(bound.error().front().message);
        return {name, std::move(*bound), {}};
    }

    using Headers = std::vector<std::pair<std::string, std::string>>;
    net::http::Request make(const std::string& method, const std::string& target, const std::string& body,
                            const Headers& headers) {
        net::http::Request request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.remote = remote;
        request.executor = &loop;
        request.headers.add("Host", host);
        for (const auto& [name, value] : headers)
            request.headers.add(name, value);
        return request;
    }
    Answer send(const std::string& method, const std::string& target, const std::string& body = {},
                const Headers& headers = {}) {
        auto request = make(method, target, body, headers);
        static_cast<void>(application->plan(request));
        auto response = loop.run(application->handle(request));
        Answer answer{response.status, {}, std::move(response.headers)};
        if (auto* text = std::get_if<std::string>(&response.body)) answer.text = std::move(*text);
        return answer;
    }
    static Headers login(const std::string& name, const std::string& password) {
        return {
            {"Authorization", "Basic " + base::base64_encode(name + ":" + password, base::Base64::standard)}};
    }
    Answer create(const std::string& name, const std::string& password) {
        return send("PUT", "/user/1.0/" + name, R"({"password":")" + password + R"(","email":"ann@b.cd"})");
    }
    Answer form(const std::string& page, const std::string& fields) {
        return send("POST", page, fields, {{"Content-Type", "application/x-www-form-urlencoded"}});
    }
    /// The code of the last mail.
    std::string mailed_code() const {
        const auto& text = mailer.mails.back().text;
        return text.substr(text.find("&key=") + 5, 19);
    }
    store::UserId record_user(const std::string& name) {
        return auth::record_store_user((*database->find(name))->user);
    }
    std::size_t collections(store::UserId user) {
        return loop.run(records->info(loop, user, {})).value().collections.size();
    }
    void store_record(store::UserId user) {
        clock.advance_ms(20);
        ASSERT_TRUE(loop.run(records->put(loop, user, "bookmarks", {"a", "one", {}, {}}, {})));
    }

    static constexpr accounts::StretchCost cheap{.passes = 1, .memory_kib = 64, .lanes = 1};
    sys::ScratchFolder folder;
    std::string remote = "192.0.2.1", host = "sync.example";
    accounts::TestLoop loop;
    base::ManualClock clock{1'700'000'000'000};
    base::SystemRandom random;
    base::NullLogger logger;
    auth::KeepingSink security;
    auth::WeaveAnswers answers{random, 30};
    auth::PublicUrls urls{{*auth::PublicUrl::parse("https://sync.example/x")}};
    KeepingMailer mailer;
    std::unique_ptr<store::Store> records;
    std::unique_ptr<RecordsHere> records_here;
    std::unique_ptr<sqlite::RegistrationSqlite> database;
    std::unique_ptr<TroubledBackend> backend;
    std::unique_ptr<auth::WeaveAuth> auth;
    std::unique_ptr<ResetCodes> codes;
    std::unique_ptr<RegistrationService> service;
    std::unique_ptr<barrel::Application> application;
    sys::BlockingPool pool{1, 64}, password_pool{2, 64};
};

// Section 11, defect 3: on the reference the next new user found the records of the one who had left.
TEST_F(RegistrationTest, WhoLeavesTakesTheRecordsAlong) {
    ASSERT_EQ(create("ann", "a secret of ann").status, 200);
    const auto ann = record_user("ann");
    store_record(ann);
    ASSERT_EQ(collections(ann), 1U);
    const auto gone = send("DELETE", "/user/1.0/ann", {}, login("ann", "a secret of ann"));
    EXPECT_EQ(gone.status, 200);
    EXPECT_EQ(gone.text, "1");
    EXPECT_EQ(collections(ann), 0U);
    ASSERT_EQ(create("ann", "another secret").status, 200);
    EXPECT_NE(record_user("ann"), ann);
    EXPECT_EQ(collections(record_user("ann")), 0U);
}

// Section 11, defect 14: the reference crashed.
TEST_F(RegistrationTest, TheFormForLeavingDoesTheSame) {
    create("ann", "a secret of ann");
    const auto ann = record_user("ann");
    store_record(ann);
    EXPECT_THAT(form("/weave-delete-account", "username=ann&password=wrong+secret").text,
                HasSubstr("Bad credentials"));
    EXPECT_EQ(collections(ann), 1U);
    EXPECT_THAT(form("/weave-delete-account", "username=ann&password=a+secret+of+ann").text,
                HasSubstr("Account removed."));
    EXPECT_EQ(collections(ann), 0U);
    EXPECT_FALSE(*database->find("ann"));
}

TEST_F(RegistrationTest, WhileTheRecordsCannotGoTheUserStays) {
    create("ann", "a secret of ann");
    records->close();
    const auto failed = send("DELETE", "/user/1.0/ann", {}, login("ann", "a secret of ann"));
    EXPECT_EQ(failed.status, 503);
    EXPECT_NE(failed.header("Retry-After"), "");
    const auto page = form("/weave-delete-account", "username=ann&password=a+secret+of+ann");
    EXPECT_EQ(page.status, 503);
    EXPECT_THAT(page.text, HasSubstr("Deletion failed."));
    EXPECT_TRUE(*database->find("ann"));
}

TEST_F(RegistrationTest, WhoeverMayNotBeRemovedKeepsTheRecords) {
    create("ann", "a secret of ann");
    const auto ann = record_user("ann");
    store_record(ann);
    backend->removal_forbidden = {auth::BackendFailure::Kind::refused, "no write access to parent"};
    EXPECT_EQ(send("DELETE", "/user/1.0/ann", {}, login("ann", "a secret of ann")).status, 503);
    EXPECT_EQ(collections(ann), 1U);
    EXPECT_TRUE(*database->find("ann"));
}

TEST_F(RegistrationTest, WhatIsWrittenDuringARemovalGoesToo) {
    create("ann", "a secret of ann");
    const auto ann = record_user("ann");
    store_record(ann);
    backend->before_removal = [&] { store_record(ann); };
    EXPECT_EQ(send("DELETE", "/user/1.0/ann", {}, login("ann", "a secret of ann")).text, "1");
    EXPECT_EQ(collections(ann), 0U);
}

// Section 11, defect 1: the reference's form set the literal word `password`.
TEST_F(RegistrationTest, TheFormSetsThePasswordThatWasTyped) {
    create("ann", "a secret of ann");
    ASSERT_THAT(form("/weave-password-reset", "username=ann").text, HasSubstr("next 6 hours"));
    EXPECT_THAT(form("/weave-password-reset",
                     "username=ann&password=caf%C3%A9+%2B+1&confirm=caf%C3%A9+%2B+1&key=" + mailed_code())
                    .text,
                HasSubstr("Password successfully changed"));
    const auto mail = [&](const std::string& password) {
        return send("POST", "/user/1.0/ann/email", "ann@b.cd", login("ann", password)).status;
    };
    EXPECT_EQ(mail("caf\u00e9 + 1"), 200);
    EXPECT_EQ(mail("password"), 401);
    EXPECT_EQ(mail("a secret of ann"), 401);
}

// Section 11, defect 2 (a code was good any number of times) and 8 (other than ASCII letters by this way).
TEST_F(RegistrationTest, ACodeIsGoodOnce) {
    create("ann", "a secret of ann");
    ASSERT_EQ(send("GET", "/user/1.0/ann/password_reset").text, "success");
    const auto code = mailed_code();
    EXPECT_THAT(mailer.mails[0].text,
                HasSubstr("\nhttps://sync.example/x/weave-password-reset?username=ann&key=" + code + "\n"));
    const Headers shown{{"X-Weave-Password-Reset", code}};
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "\u4f60\u597d\u4f60\u597d", shown).text, "success");
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "another secret", shown).text, "10");
    EXPECT_EQ(
        send("POST", "/user/1.0/ann/email", "ann@b.cd", login("ann", "\u4f60\u597d\u4f60\u597d")).status,
        200);
    send("GET", "/user/1.0/ann/password_reset");
    EXPECT_NE(mailed_code(), code);
}

TEST_F(RegistrationTest, OfTwoAtOnceWithOneCodeOneGetsIn) {
    create("ann", "a secret of ann");
    send("GET", "/user/1.0/ann/password_reset");
    std::deque<net::http::Request> requests;
    std::vector<std::string> answers;
    for (const auto* password : {"second secret", "third secret"}) {
        requests.push_back(
            make("POST", "/user/1.0/ann/password", password, {{"X-Weave-Password-Reset", mailed_code()}}));
        static_cast<void>(application->plan(requests.back()));
        base::spawn(application->handle(requests.back()),
                    [&](std::expected<net::http::Response, std::exception_ptr> response) {
                        answers.push_back(std::get<std::string>(response.value().body));
                    });
    }
    loop.run_until([&] { return answers.size() == requests.size(); });
    EXPECT_THAT(answers, testing::UnorderedElementsAre("success", "10"));
}

TEST_F(RegistrationTest, ACodeIsUsedUpEvenWhenThePasswordCannotBeSet) {
    create("ann", "a secret of ann");
    send("GET", "/user/1.0/ann/password_reset");
    const auto first = mailed_code();
    backend->trouble = {auth::BackendFailure::Kind::slow, "no answer in time"};
    const Headers shown{{"X-Weave-Password-Reset", first}};
    const auto failed = send("POST", "/user/1.0/ann/password", "second secret", shown);
    EXPECT_EQ(failed.status, 503);
    EXPECT_NE(failed.header("Retry-After"), "");
    EXPECT_THAT(failed.header("X-Weave-Alert"), HasSubstr("used up"));
    backend->trouble.reset();
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "third secret", shown).text, "10");

    send("GET", "/user/1.0/ann/password_reset");
    const auto second = mailed_code();
    EXPECT_NE(second, first);
    backend->trouble = {auth::BackendFailure::Kind::down, "no connection"};
    const auto fields = "username=ann&password=fourth+secret&confirm=fourth+secret&key=";
    const auto page = form("/weave-password-reset", fields + second);
    EXPECT_EQ(page.status, 503);
    EXPECT_NE(page.header("Retry-After"), "");
    EXPECT_THAT(page.text, HasSubstr("Please request a new link"));
    backend->trouble.reset();
    EXPECT_THAT(form("/weave-password-reset", fields + second).text, HasSubstr("Key does not match"));
}

TEST_F(RegistrationTest, WherePasswordsCannotBeChangedTheCodeStays) {
    create("ann", "a secret of ann");
    send("GET", "/user/1.0/ann/password_reset");
    const Headers shown{{"X-Weave-Password-Reset", mailed_code()}};
    backend->change_forbidden = {auth::BackendFailure::Kind::refused, "read only"};
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "second secret", shown).status, 503);
    backend->change_forbidden.reset();
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "second secret", shown).text, "success");
}

// Nobody knows whether a change that failed is still under way.
TEST_F(RegistrationTest, AfterAChangeInDoubtNoLoginIsRememberedForAWhile) {
    create("ann", "a secret of ann");
    const auto old = login("ann", "a secret of ann");
    const auto gets_in = [&] {
        return send("DELETE", "/user/1.0/ann/password_reset", {}, old).status == 200;
    };
    ASSERT_TRUE(gets_in());
    const auto ann = (*database->find("ann"))->user;
    backend->trouble = {auth::BackendFailure::Kind::slow, "no answer in time"};
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "second secret", old).status, 503);
    backend->trouble.reset();
    EXPECT_TRUE(gets_in()) << "it is not changed yet";
    ASSERT_TRUE(loop.run(backend->set_password(loop, ann, "second secret"))) << "what was under way";
    EXPECT_FALSE(gets_in());
}

TEST_F(RegistrationTest, AChangeByThePasswordEndsTheCodeToo) {
    create("ann", "a secret of ann");
    send("GET", "/user/1.0/ann/password_reset");
    const auto code = mailed_code();
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "another secret", login("ann", "a secret of ann")).text,
              "success");
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "third secret", {{"X-Weave-Password-Reset", code}}).text,
              "10");
}

// Section 11, defect 13: an old back-end never checked the old password.
TEST_F(RegistrationTest, TheOldPasswordIsNeededAndThenGoodNoMore) {
    create("ann", "a secret of ann");
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "another secret", login("ann", "guessed secret")).status,
              401);
    const auto old = login("ann", "a secret of ann");
    EXPECT_EQ(send("POST", "/user/1.0/ann/password", "another secret", old).status, 200);
    // Logins are remembered, but not beyond a change.
    EXPECT_EQ(send("POST", "/user/1.0/ann/email", "ann@b.cd", old).status, 401);
    EXPECT_EQ(send("DELETE", "/user/1.0/ann", {}, login("ann", "another secret")).status, 200);
    EXPECT_EQ(send("DELETE", "/user/1.0/ann", {}, login("ann", "another secret")).status, 401);
}

TEST_F(RegistrationTest, GuessesOfCodesAreBounded) {
    create("ann", "a secret of ann");
    send("GET", "/user/1.0/ann/password_reset");
    int wrong = 0, refused = 0;
    for (int i = 0; i < 40; ++i) {
        const auto answer = send("POST", "/user/1.0/ann/password", "another secret",
                                 {{"X-Weave-Password-Reset", "AAAA-BBBB-CCCC-DDDD"}});
        wrong += answer.text == "10" ? 1 : 0;
        refused += answer.status == 503 && !answer.header("Retry-After").empty() ? 1 : 0;
    }
    EXPECT_EQ(wrong + refused, 40);
    EXPECT_LE(wrong, 15);
    EXPECT_THAT(security.names(), Contains("Account Lockout Hit"));
    clock.advance_ms(3600'000);
    EXPECT_EQ(
        send("POST", "/user/1.0/ann/password", "another secret", {{"X-Weave-Password-Reset", mailed_code()}})
            .text,
        "success");
}

TEST_F(RegistrationTest, StrangersBehindTheSameProxyDoNotSpoilACode) {
    create("ann", "a secret of ann");
    send("GET", "/user/1.0/ann/password_reset");
    remote = "127.0.0.1";
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(send("POST", "/user/1.0/ann/password", "another secret",
                       {{"X-Weave-Password-Reset", "AAAA-BBBB-CCCC-DDDD"}})
                      .text,
                  "10");
    }
    EXPECT_EQ(
        send("POST", "/user/1.0/ann/password", "another secret", {{"X-Weave-Password-Reset", mailed_code()}})
            .text,
        "success");
}

TEST_F(RegistrationTest, WithoutAPublicUrlThatFitsThereIsNoNode) {
    create("ann", "a secret of ann");
    EXPECT_EQ(send("GET", "/user/1.0/ann/node/weave").text, "https://sync.example/x/");
    urls = auth::PublicUrls();
    host = "no host";
    const auto none = send("GET", "/user/1.0/ann/node/weave");
    EXPECT_EQ(none.status, 200);
    EXPECT_EQ(none.text, "null");
}

TEST_F(RegistrationTest, MailsAndCreationsAreBounded) {
    create("ann", "a secret of ann");
    int mails = 0;
    for (int i = 0; i < 20; ++i)
        mails += send("GET", "/user/1.0/ann/password_reset").status == 200 ? 1 : 0;
    EXPECT_EQ(static_cast<std::size_t>(mails), mailer.mails.size());
    EXPECT_LE(mails, 6);
    int made = 0;
    for (int i = 0; i < 40; ++i)
        made += create("user" + std::to_string(i), "a secret of them").status == 200 ? 1 : 0;
    EXPECT_LE(made, 20);
    EXPECT_GE(made, 15);
}

TEST_F(RegistrationTest, AUserWithoutAnAddressGetsNoMail) {
    ASSERT_TRUE(*database->insert("old", "{SSHA}", "", 0));
    EXPECT_EQ(send("GET", "/user/1.0/old/password_reset").text, "12");
    EXPECT_THAT(form("/weave-password-reset", "username=old").text, HasSubstr("no e-mail address"));
    EXPECT_TRUE(mailer.mails.empty());
}

TEST_F(RegistrationTest, EverySecurityEventIsALineThatReadsBack) {
    create("ann", "a secret of ann");
    send("DELETE", "/user/1.0/ann/password_reset", {}, login("ann", "a secret of ann"));
    send("POST", "/user/1.0/ann/password", "another secret",
         {{"X-Weave-Password-Reset", "x=1 y\\ |z"}, {"User-Agent", "a|b=c\\d"}});
    send("POST", "/user/1.0/ann/email", "x", login("ann", "wrong secret"));
    ASSERT_EQ(security.lines.size(), 3U);
    std::vector<base::cef::ReadLine> lines;
    for (const auto& line : security.lines)
        lines.push_back(base::cef::read_line(line));
    EXPECT_EQ(lines[0].head[4], "PasswordResetCleared");
    EXPECT_EQ(lines[0].head[5], "User requested password reset clear");
    EXPECT_EQ(lines[0].head[6], "9");
    EXPECT_EQ(lines[1].head[4], "InvalidResetCode");
    EXPECT_EQ(lines[1].head[6], "5");
    EXPECT_EQ(lines[1].values.at("submitedtoken"), "x=1 y\\ |z");
    EXPECT_EQ(lines[1].values.at("cs1"), "a|b=c\\d");
    EXPECT_EQ(lines[2].head[4], "AuthFail");
    for (const auto& line : lines) {
        EXPECT_EQ(line.values.at("suser"), "ann");
        EXPECT_EQ(line.values.at("src"), "192.0.2.1");
        EXPECT_THAT(line.values.at("request"), StartsWith("/user/1.0/ann"));
    }
    for (const auto& line : security.lines)
        EXPECT_EQ(line.find("wrong secret"), std::string::npos);
}

// Section 11, defect 7: the reference answered 500 to these.
TEST_F(RegistrationTest, OddBodiesAreNobodysCrash) {
    for (const std::string body :
         {"", "null", "7", "[]", "\"x\"", "{}", R"({"email":null})", R"({"password":[]})",
          R"({"email":{},"password":7})", "{\"email\":\"\xff\"}", "\xff\xfe"})
        EXPECT_EQ(send("PUT", "/user/1.0/ann", body).status, 400) << body;
    for (const std::string fields :
         {"", "=", "&&&", "username", "username=%zz", "username=%ff%fe", "key=", "key=&username="})
        EXPECT_LE(form("/weave-password-reset", fields).status, 400) << fields;
    for (const std::string name : {"%ff", "%00", "a%2Fb", "a%20b"})
        EXPECT_EQ(send("GET", "/user/1.0/" + name).status, 404) << name;
}

}  // namespace
}  // namespace homespun::sync::registration
