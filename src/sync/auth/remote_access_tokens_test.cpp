#include "sync/auth/remote_access_tokens.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "base/keeping_logger_fixture.hpp"
#include "base/text.hpp"
#include "net/io/server.hpp"
#include "sync/auth/signer_fixture.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::auth {
namespace {

using net::http::Request;
using net::http::Response;
constexpr std::int64_t now_ms = 1'700'000'000'000;

/// An account server's two addresses, with what they shall answer and what they were asked.
class AccountServer final : public net::http::Application {
  public:
    net::http::Plan plan(Request&) override { return {}; }
    base::Task<Response> handle(Request& request) override {
        int patience_ms = 0;
        {
            const std::lock_guard lock(mutex_);
            patience_ms = delay_ms_;
        }
        if (patience_ms > 0)
            co_await static_cast<net::Loop*>(request.executor)->sleep(std::chrono::milliseconds(patience_ms));
        const std::lock_guard lock(mutex_);
        if (request.path() == "/jwks") {
            ++fetches_;
            co_return Response(status_, "application/json", keys_);
        }
        questions_.push_back(request.body);
        co_return Response(verdict_status_, "application/json", verdict_);
    }
    Response refuse(Request&, net::http::Refusal refusal) override {
        return Response(net::http::status_of(refusal), "text/plain", "refused");
    }

    void set_keys(std::string keys, int status = 200) {
        const std::lock_guard lock(mutex_);
        keys_ = std::move(keys);
        status_ = status;
    }
    void set_verdict(int status, std::string verdict) {
        const std::lock_guard lock(mutex_);
        verdict_status_ = status;
        verdict_ = std::move(verdict);
    }
    void set_delay(int delay_ms) {
        const std::lock_guard lock(mutex_);
        delay_ms_ = delay_ms;
    }
    int fetches() {
        const std::lock_guard lock(mutex_);
        return fetches_;
    }
    std::vector<std::string> questions() {
        const std::lock_guard lock(mutex_);
        return questions_;
    }

  private:
    std::mutex mutex_;
    std::string keys_, verdict_;
    int status_ = 200, verdict_status_ = 400, delay_ms_ = 0, fetches_ = 0;
    std::vector<std::string> questions_;
};

std::string claims(std::string_view account = "abc", std::int64_t expires_s = now_ms / 1000 + 100'000) {
    return fmt::format(
        R"({{"iss":"https://accounts.example","sub":"{}","scope":"{}","exp":{},"fxa-generation":7}})",
        account, oldsync_scope, expires_s);
}

class RemoteAccessTokensTest : public testing::Test {
  protected:
    RemoteAccessTokensTest() : server_({threads_.loops()[0]}, accounts_, clock_, log_) {
        auto listener = net::Listener::open(*net::Address::parse("127.0.0.1:0"));
        root_ = "http://" + listener->address().text();
        server_.listen(std::move(*listener));
        settings_.issuer = "https://accounts.example";
        settings_.keys.url = *net::http::Url::parse(root_ + "/jwks");
        settings_.verify_url = *net::http::Url::parse(root_ + "/verify");
        settings_.email_domain = "accounts.example";
        settings_.client_id = "us";
    }
    ~RemoteAccessTokensTest() override { threads_.stop_and_join(); }

    RemoteAccessTokens& tokens() {
        if (!tokens_) {
            auto opened = RemoteAccessTokens::open(settings_, threads_[1], clock_, log_);
            if (!opened) throw std::runtime_error(opened.error().message);
            tokens_ = std::move(*opened);
        }
        return *tokens_;
    }
    AccessVerdict verify(std::string token) {
        return net::run_here(home_, tokens().verify(home_, std::move(token), oldsync_scope));
    }
    /// The account, or why not, as one word.
    std::string outcome(std::string token) {
        const auto verdict = verify(std::move(token));
        if (verdict) return verdict->account;
        const auto* const kind = verdict.error().failure == AccessFailure::unavailable ? "503 " : "401 ";
        return kind + std::string(verdict.error().reason);
    }

    base::ManualClock clock_{now_ms};
    base::KeepingLogger log_;
    AccountServer accounts_;
    /// Outlives the threads that answer: one may still be in `post` when its answer is there.
    net::Loop home_;
    net::LoopThreads threads_{2};
    net::Server server_;
    std::string root_;
    RemoteSettings settings_;
    std::unique_ptr<RemoteAccessTokens> tokens_;
    const Signer one_ = Signer::ec("one"), two_ = Signer::ec("two");
};

TEST_F(RemoteAccessTokensTest, VerifiesWithFetchedKeys) {
    accounts_.set_keys(one_.key_set());
    const auto grant = verify(one_.token(claims()));
    ASSERT_TRUE(grant) << grant.error().reason;
    EXPECT_EQ(grant->account, "abc");
    EXPECT_EQ(grant->generation, 7);
    EXPECT_EQ(grant->email_domain, "accounts.example");
    EXPECT_EQ(outcome(one_.token(claims("def"))), "def");
    EXPECT_EQ(outcome(one_.token(claims("abc", now_ms / 1000 - 100))), "401 jwt_expired");
    EXPECT_EQ(outcome(Signer::ec("one").token(claims())), "401 jwt_signature");
    EXPECT_EQ(accounts_.fetches(), 1);
    EXPECT_TRUE(accounts_.questions().empty());  // no second opinion on what a key has decided
}

TEST_F(RemoteAccessTokensTest, FindsNewKeysButAsksOnceAMinute) {
    settings_.verify_url.reset();
    accounts_.set_keys(one_.key_set());
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    EXPECT_EQ(outcome(two_.token(claims())),
              "503 keys_not_asked_again");  // it may be newer than what we have
    EXPECT_EQ(accounts_.fetches(), 1);
    accounts_.set_keys(two_.key_set());
    clock_.advance_ms(60'000);
    EXPECT_EQ(outcome(two_.token(claims())), "abc");
    EXPECT_EQ(outcome(one_.token(claims())), "503 keys_not_asked_again");
    EXPECT_EQ(accounts_.fetches(), 2);
    clock_.advance_ms(60'000);
    EXPECT_EQ(outcome(one_.token(claims())), "401 jwt_unknown_key");
    EXPECT_EQ(accounts_.fetches(), 3);
}

TEST_F(RemoteAccessTokensTest, KeepsKeysWhileTheServerIsAway) {
    settings_.verify_url.reset();
    accounts_.set_keys(one_.key_set());
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    for (const auto& [keys, status] : {std::pair("gone", 503), std::pair("gone", 302),
                                       std::pair("<html>", 200), std::pair(R"({"keys":[]})", 200)}) {
        accounts_.set_keys(keys, status);
        clock_.advance_ms(2 * 3600 * 1000);
        EXPECT_EQ(outcome(two_.token(claims("abc", 1'800'000'000))), "503 keys_unavailable") << keys;
        EXPECT_EQ(outcome(one_.token(claims("abc", 1'800'000'000))), "abc") << keys;
    }
}

TEST_F(RemoteAccessTokensTest, RefreshesEachHourWithoutHoldingUpAnybody) {
    accounts_.set_keys(one_.key_set());
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    clock_.advance_ms(3600 * 1000 - 1);
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    EXPECT_EQ(accounts_.fetches(), 1);
    accounts_.set_keys(two_.key_set());
    clock_.advance_ms(1);
    EXPECT_EQ(outcome(one_.token(claims())), "abc");  // with the old keys, and starts the refresh
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (accounts_.fetches() < 2 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(accounts_.fetches(), 2);
}

TEST_F(RemoteAccessTokensTest, SaysUnavailableBeforeTheFirstKeys) {
    settings_.verify_url.reset();
    accounts_.set_keys("", 500);
    EXPECT_EQ(outcome(one_.token(claims())), "503 keys_unavailable");
    EXPECT_EQ(outcome(one_.token(claims())), "503 keys_unavailable");
    EXPECT_EQ(accounts_.fetches(), 1);
    accounts_.set_keys(one_.key_set());
    clock_.advance_ms(10'000);
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
}

TEST_F(RemoteAccessTokensTest, FetchesOnceForAllWhoWait) {
    accounts_.set_keys(one_.key_set());
    accounts_.set_delay(100);
    int left = 5;
    for (int i = 0; i < 5; ++i) {
        base::spawn(tokens().verify(home_, one_.token(claims()), oldsync_scope), [&](auto verdict) {
            EXPECT_TRUE(verdict && verdict->has_value());
            if (--left == 0) home_.stop();
        });
    }
    home_.run();
    EXPECT_EQ(left, 0);
    EXPECT_EQ(accounts_.fetches(), 1);
}

TEST_F(RemoteAccessTokensTest, AsksTheVerifyEndpointAboutOpaqueTokens) {
    accounts_.set_verdict(200,
                          fmt::format(R"({{"user":"def","scope":["{}"],"generation":9}})", oldsync_scope));
    const auto grant = verify("opaque \"token\"");
    ASSERT_TRUE(grant) << grant.error().reason;
    EXPECT_EQ(grant->account, "def");
    EXPECT_EQ(grant->generation, 9);
    EXPECT_EQ(grant->email_domain, "accounts.example");
    EXPECT_EQ(accounts_.questions(), std::vector<std::string>{R"({"token":"opaque \"token\""})"});
    EXPECT_EQ(accounts_.fetches(), 0);
    // A minute from memory, then anew.
    accounts_.set_verdict(400, "{}");
    EXPECT_EQ(outcome("opaque \"token\""), "def");
    EXPECT_EQ(outcome("another"), "401 verify_refused");
    clock_.advance_ms(60'000);
    EXPECT_EQ(outcome("opaque \"token\""), "401 verify_refused");
}

TEST_F(RemoteAccessTokensTest, AsksTheVerifyEndpointAboutUnknownKeys) {
    accounts_.set_keys(one_.key_set());
    accounts_.set_verdict(200, fmt::format(R"({{"user":"def","scope":["{}"]}})", oldsync_scope));
    EXPECT_EQ(outcome(two_.token(claims())), "def");
    accounts_.set_keys(R"({"keys":[{"fake":"RSA key"}]})");
    tokens_.reset();
    EXPECT_EQ(outcome(one_.token(claims())), "def");
    EXPECT_EQ(accounts_.questions().size(), 2U);
    // But not about what is refused whatever key it has.
    EXPECT_EQ(outcome(one_.sign(R"({"alg":"HS256","kid":"two"})", "{}")), "401 jwt_algorithm");
    EXPECT_EQ(accounts_.questions().size(), 2U);
}

TEST_F(RemoteAccessTokensTest, AsksAFewQuestionsAtATime) {
    accounts_.set_verdict(400, "{}");
    accounts_.set_delay(300);
    constexpr int many = RemoteAccessTokens::most_questions + 8;
    std::map<std::string_view, int> reasons;
    int left = many;
    for (int i = 0; i < many; ++i) {
        base::spawn(tokens().verify(home_, fmt::format("opaque {}", i), oldsync_scope), [&](auto verdict) {
            ++reasons[verdict->error().reason];
            if (--left == 0) home_.stop();
        });
    }
    home_.run();
    EXPECT_EQ(reasons["verify_refused"], RemoteAccessTokens::most_questions);
    EXPECT_EQ(reasons["verify_busy"], 8);
    accounts_.set_delay(0);
    EXPECT_EQ(outcome("one more"), "401 verify_refused");  // the places are free again
}

TEST_F(RemoteAccessTokensTest, TellsRefusalsFromSilence) {
    for (const int status : {400, 401, 403, 404}) {
        accounts_.set_verdict(status, "{}");
        EXPECT_EQ(outcome("opaque"), "401 verify_refused") << status;
    }
    EXPECT_EQ(log_.count("verify_failed"), 2) << log_.text();  // 403 and 404 say that we ask wrongly
    for (const int status : {302, 429, 500, 503}) {
        accounts_.set_verdict(status, "{}");
        EXPECT_EQ(outcome("opaque"), "503 verify_unavailable") << status;
    }
    accounts_.set_verdict(200, "<html>");
    EXPECT_EQ(outcome("opaque"), "401 verify_answer");
    accounts_.set_verdict(200, R"({"user":"abc","scope":["profile"]})");
    EXPECT_EQ(outcome("opaque"), "401 verify_scope");
    EXPECT_EQ(outcome("\xff"), "401 jwt_expected");
    EXPECT_EQ(outcome(""), "401 jwt_expected");
    tokens_.reset();
    settings_.verify_url = *net::http::Url::parse("http://127.0.0.1:1/verify");
    EXPECT_EQ(outcome("opaque"), "503 verify_unavailable");
    tokens_.reset();
    settings_.verify_url.reset();
    EXPECT_EQ(outcome("opaque"), "401 jwt_expected");
}

TEST_F(RemoteAccessTokensTest, TakesKeysFromTheConfiguration) {
    settings_.verify_url.reset();
    settings_.keys.text = one_.jwk();
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    EXPECT_EQ(outcome(two_.token(claims())), "401 jwt_unknown_key");
    EXPECT_EQ(accounts_.fetches(), 0);
    settings_.keys.text = "{}";
    EXPECT_FALSE(RemoteAccessTokens::open(settings_, threads_[1], clock_, log_));
}

TEST_F(RemoteAccessTokensTest, ReadsAFileAnewWhenItChanges) {
    const sys::ScratchFolder folder;
    settings_.verify_url.reset();
    settings_.keys.file = folder / "keys.json";
    const auto missing = RemoteAccessTokens::open(settings_, threads_[1], clock_, log_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message, "cannot read " + settings_.keys.file + ": No such file or directory");
    const auto write = [&](std::string_view text) { std::ofstream(settings_.keys.file) << text; };
    write(one_.key_set());
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    write(two_.jwk() + " ");
    EXPECT_EQ(outcome(two_.token(claims())), "abc");
    EXPECT_EQ(outcome(one_.token(claims())), "401 jwt_unknown_key");
    write("half a fi");  // being written, or spoilt: the keys before it stay
    EXPECT_EQ(outcome(two_.token(claims())), "abc");
    EXPECT_EQ(outcome(one_.token(claims())), "503 keys_unavailable");  // the good file may have it
    EXPECT_EQ(log_.count("keys_not_read"), 1) << log_.text();
    std::filesystem::remove(settings_.keys.file);
    EXPECT_EQ(outcome(two_.token(claims())), "abc");
    EXPECT_EQ(outcome(one_.token(claims())), "503 keys_unavailable");
    EXPECT_EQ(log_.count("keys_not_read"), 2) << log_.text();
    write(one_.key_set());
    EXPECT_EQ(outcome(two_.token(claims())), "401 jwt_unknown_key");
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    EXPECT_EQ(log_.count("keys_not_read"), 2) << log_.text();
    EXPECT_EQ(accounts_.fetches(), 0);
}

TEST_F(RemoteAccessTokensTest, SeesAChangeThatKeepsSizeAndTime) {
    // As a copy that keeps times does, or a chmod that lets us read it at last.
    const sys::ScratchFolder folder;
    settings_.verify_url.reset();
    settings_.keys.file = folder / "keys.json";
    const auto write = [&](const Signer& signer) { std::ofstream(settings_.keys.file) << signer.key_set(); };
    write(one_);
    const auto time = std::filesystem::last_write_time(settings_.keys.file);
    EXPECT_EQ(outcome(one_.token(claims())), "abc");
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // the kernel's clock of files ticks coarsely
    ASSERT_EQ(one_.key_set().size(), two_.key_set().size());
    write(two_);
    std::filesystem::last_write_time(settings_.keys.file, time);
    EXPECT_EQ(outcome(two_.token(claims())), "abc");
}

TEST_F(RemoteAccessTokensTest, ReadsEvents) {
    accounts_.set_keys(one_.key_set());
    const auto events = [&](const std::string& token) {
        return net::run_here(home_, tokens().events(home_, token));
    };
    const std::string_view facts =
        R"({"iss":"https://accounts.example","aud":"us","sub":"abc","events":{"https://schemas.accounts.firefox.com/event/delete-user":{}}})";
    const auto deleted = events(one_.token(facts, "secevent+jwt"));
    ASSERT_TRUE(deleted) << deleted.error().reason;
    ASSERT_EQ(deleted->size(), 1U);
    EXPECT_EQ(deleted->at(0).account, "abc");
    EXPECT_EQ(events(Signer::ec("one").token(facts, "secevent+jwt")).error().reason, "jwt_signature");
    EXPECT_EQ(events(two_.token(facts, "secevent+jwt")).error().reason, "keys_not_asked_again");
    EXPECT_EQ(events(one_.token(claims())).error().reason, "jwt_type");
    EXPECT_EQ(events("opaque").error().reason, "jwt_expected");
    EXPECT_TRUE(accounts_.questions().empty());
}

/// Knows one token.
class OneToken final : public AccessTokenVerifier {
  public:
    explicit OneToken(std::string token, AccessFailure otherwise = AccessFailure::invalid)
        : token_(std::move(token)), otherwise_(otherwise) {}
    base::Task<AccessVerdict> verify(base::Executor&, std::string token, std::string_view) override {
        ++asked;
        if (token != token_) co_return std::unexpected(AccessRefusal{otherwise_, "unknown"});
        AccessGrant grant;
        grant.account = token.substr(0, 1);
        co_return grant;
    }
    int asked = 0;

  private:
    std::string token_;
    AccessFailure otherwise_;
};

TEST(EitherAccessTokensTest, AsksOurOwnFirst) {
    net::Loop loop;
    const std::string a(64, 'a'), b(64, 'b'), c(64, 'c');
    OneToken own(a), remote(b);
    EitherAccessTokens either(own, remote);
    const auto verify = [&](AccessTokenVerifier& verifier, const std::string& token) {
        return net::run_here(loop, verifier.verify(loop, token, oldsync_scope));
    };
    EXPECT_EQ(verify(either, a)->account, "a");
    EXPECT_EQ(remote.asked, 0);
    EXPECT_EQ(verify(either, b)->account, "b");
    EXPECT_EQ(verify(either, c).error().failure, AccessFailure::invalid);
    own.asked = 0;
    EXPECT_FALSE(verify(either, "a.b.c"));  // none of ours looks like that
    EXPECT_EQ(own.asked, 0);
    OneToken ill(a, AccessFailure::unavailable);
    EitherAccessTokens with_ill(ill, remote);
    EXPECT_EQ(verify(with_ill, b).error().failure, AccessFailure::unavailable);
}

}  // namespace
}  // namespace homespun::sync::auth
