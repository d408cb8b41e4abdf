#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "barrel/rbr/parser.hpp"
#include "barrel/server/application.hpp"
#include "barrel/server/assets.hpp"
#include "barrel/server/service.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/hawk.hpp"
#include "base/json.hpp"
#include "base/keeping_logger_fixture.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/accounts/service.hpp"
#include "sync/accounts/test_loop.hpp"
#include "sync/auth/public_url.hpp"
#include "sync/store/sqlite/accounts_sqlite.hpp"
#include "sys/blocking_pool.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::accounts {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;
constexpr std::int64_t day_ms = 24 * hour_ms;
inline const std::string firefox_id = "5882386c6d801776";
inline const std::string phone_id = "a2270f727f45f648";
inline const std::string oldsync{auth::oldsync_scope};

/// An answer as tests look at it.
struct Answer {
    int status = 0;
    std::string type, text;
    net::http::Headers headers;
    base::json::Value body;

    [[nodiscard]] std::string string(std::string_view name) const {
        const auto* found = body.string(name);
        return found ? *found : std::string();
    }
    [[nodiscard]] std::int64_t integer(std::string_view name) const {
        const auto* found = body.integer(name);
        return found ? *found : -1;
    }
    [[nodiscard]] bool boolean(std::string_view name) const {
        const auto* found = body.boolean(name);
        return found && *found;
    }
    [[nodiscard]] bool has(std::string_view name) const { return body.member(name) != nullptr; }
    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(headers.find(name).value_or(""));
    }
    /// "400/103"
    [[nodiscard]] std::string refusal() const {
        return std::to_string(status) + "/" + std::to_string(integer("errno"));
    }
};

using base::KeepingLogger;

struct Sent {
    std::string method, target, body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string remote = "192.0.2.1";
};

/// A session as its client knows it.
struct ClientSession {
    std::string uid, token, id, key, key_fetch_token;
};

/// The four services on a real database in a folder of its own, without sockets.
class AccountsTest : public testing::Test {
  protected:
    void SetUp() override { start(); }

    virtual AccountsSettings settings() {
        AccountsSettings made;
        made.sign_up = SignUp::open;
        made.decoy_secret = std::string(32, 'd');
        made.stretch_cost = {.passes = 1, .memory_kib = 64, .lanes = 1};
        return made;
    }
    virtual auth::PublicUrls public_urls() {
        return auth::PublicUrls({*auth::PublicUrl::parse("https://sync.example/fxa")});
    }

    void start() {
        app_.reset();
        accounts_.reset();
        store_pool_.reset();
        store_.reset();
        urls_ = public_urls();
        auto opened = store::sqlite::open_accounts(folder_ / "accounts.db", {});
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
        store_pool_ = std::make_unique<sys::BlockingPool>(1, 16);
        const AccountsParts parts{*store_, *store_pool_, password_pool_, clock_, random_, logger_, urls_};
        accounts_ = std::make_unique<Accounts>(parts, settings());
        std::vector<barrel::Application::Mounted> services;
        services.push_back(bind("accounts", &Accounts::register_accounts));
        services.push_back(bind("oauth", &Accounts::register_oauth));
        services.push_back(bind("profile", &Accounts::register_profile));
        services.push_back(bind("pages", &Accounts::register_pages));
        auto built = barrel::Application::build(std::move(services), logger_);
        ASSERT_TRUE(built);
        app_ = std::move(*built);
    }

    barrel::Application::Mounted bind(const std::string& name, void (Accounts::*fill)(barrel::Natives&)) {
        const std::string path = std::string(HOMESPUN_SOURCE_DIR) + "/services/" + name + ".rbr";
        std::ifstream file(path);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        auto parsed = barrel::rbr::parse(text, path);
        if (!parsed) throw std::runtime_error(path + ": " + parsed.error().message);
        barrel::Natives natives;
        (accounts_.get()->*fill)(natives);
        auto bound = barrel::Service::bind(std::move(*parsed), natives, &assets_);
        if (!bound) throw std::runtime_error(path + ": " + bound.error().front().message);
        return {name, std::move(*bound), {}};
    }

    // --- requests

    Answer send(const Sent& sent) {
        net::http::Request request;
        request.method = sent.method;
        request.target = sent.target;
        request.body = sent.body;
        request.remote = sent.remote;
        request.executor = &loop_;
        bool has_host = false;
        for (const auto& [name, value] : sent.headers) {
            request.headers.add(name, value);
            has_host = has_host || name == "Host";
        }
        if (!has_host) request.headers.add("Host", "sync.example");
        if (!sent.body.empty() && !request.headers.has("Content-Type")) {
            request.headers.add("Content-Type", "application/json; charset=utf-8");
        }
        const auto plan = app_->plan(request);
        auto response = request.body.size() > plan.max_body
                            ? app_->refuse(request, net::http::Refusal::body_too_large)
                            : loop_.run(app_->handle(request));
        Answer answer{response.status, response.content_type, {}, std::move(response.headers), {}};
        if (auto* text = std::get_if<std::string>(&response.body)) answer.text = std::move(*text);
        if (auto parsed = base::json::parse(answer.text)) answer.body = std::move(*parsed);
        return answer;
    }

    Answer get(const std::string& target, const std::string& authorization = {}) {
        Sent sent{"GET", target};
        if (!authorization.empty()) sent.headers.emplace_back("Authorization", authorization);
        return send(sent);
    }
    Answer post(const std::string& target, const std::string& body, const std::string& authorization = {}) {
        Sent sent{"POST", target, body};
        if (!authorization.empty()) sent.headers.emplace_back("Authorization", authorization);
        return send(sent);
    }

    static std::string bearer(const ClientSession& session) {
        return "Bearer fxs_" + base::hex_encode(session.id);
    }

    /// A Hawk header for the public address of `sent`.
    std::string hawk(std::string_view id, std::string_view key, const Sent& sent, const std::string& nonce) {
        base::hawk::Header header;
        header.id = base::hex_encode(id);
        header.ts = std::to_string(clock_.now_ms() / 1000);
        header.nonce = nonce;
        if (!sent.body.empty()) header.hash = base::hawk::payload_hash("application/json", sent.body);
        const std::string target = "/fxa" + sent.target;
        return base::hawk::sign(key, header, {sent.method, target, "sync.example", 443});
    }

    // --- people

    /// What a client would have stretched; how is tested with the keys.
    static std::string auth_pw(std::string_view password) { return base::hex_encode(base::sha256(password)); }
    static std::string client_salt() { return client_salt_text("00112233445566778899aabbccddeeff"); }

    static std::string create_body(std::string_view email, std::string_view password,
                                   std::string_view invite = {}) {
        std::string body;
        base::json::Writer json(body);
        json.begin_object().member("email", email).member("authPW", auth_pw(password));
        json.member("version", 2).member("clientSalt", client_salt());
        if (!invite.empty()) json.member("invite", invite);
        json.end_object();
        return body;
    }
    static std::string login_body(std::string_view email, std::string_view password) {
        std::string body;
        base::json::Writer json(body);
        json.begin_object()
            .member("email", email)
            .member("authPW", auth_pw(password))
            .member("version", 2)
            .end_object();
        return body;
    }

    static ClientSession session_of(const Answer& answer) {
        ClientSession session;
        session.uid = answer.string("uid");
        session.token = answer.string("sessionToken");
        const auto derived = derive_session_token(base::hex_decode(session.token).value_or(""));
        session.id = derived.id;
        session.key = derived.key;
        session.key_fetch_token = answer.string("keyFetchToken");
        return session;
    }
    ClientSession sign_up(std::string_view email = "ann@example.org", std::string_view password = "secret") {
        const auto answer = post("/auth/v1/account/create?keys=true", create_body(email, password));
        EXPECT_EQ(answer.status, 200) << answer.text;
        return session_of(answer);
    }
    ClientSession sign_in(std::string_view email = "ann@example.org", std::string_view password = "secret") {
        const auto answer = post("/auth/v1/account/login?keys=true", login_body(email, password));
        EXPECT_EQ(answer.status, 200) << answer.text;
        return session_of(answer);
    }

    // --- faults

    /// While it lives, the pool's threads are busy and its queue is full.
    class Jam {
      public:
        Jam(sys::BlockingPool& pool, std::size_t threads) : pool_(pool) {
            for (std::size_t i = 0; i < threads; ++i) {
                // What an earlier jam left may still be in the queue.
                while (!pool.submit([state = state_] {
                    ++state->started;
                    state->over.wait(false);
                })) {
                    std::this_thread::yield();
                }
            }
            while (state_->started < threads)
                std::this_thread::yield();
            while (pool.submit([] {})) {
            }
        }
        ~Jam() {
            state_->over = true;
            state_->over.notify_all();
            // Gone only when the queue is empty again.
            while (!pool_.submit([state = state_] { state->drained = true; }))
                std::this_thread::yield();
            while (!state_->drained)
                std::this_thread::yield();
        }
        Jam(const Jam&) = delete;
        Jam& operator=(const Jam&) = delete;

      private:
        struct State {
            std::atomic<std::size_t> started = 0;
            std::atomic<bool> over = false;
            std::atomic<bool> drained = false;
        };
        sys::BlockingPool& pool_;
        std::shared_ptr<State> state_ = std::make_shared<State>();
    };

    sys::ScratchFolder folder_;
    TestLoop loop_;
    base::ManualClock clock_{1'700'000'000'000};
    base::SystemRandom random_;
    KeepingLogger logger_;
    auth::PublicUrls urls_;
    barrel::DirectoryAssets assets_ = *barrel::DirectoryAssets::open(HOMESPUN_SOURCE_DIR);
    sys::BlockingPool password_pool_{Passwords::threads, 4};
    std::unique_ptr<AccountsStore> store_;
    std::unique_ptr<sys::BlockingPool> store_pool_;
    std::unique_ptr<Accounts> accounts_;
    std::unique_ptr<barrel::Application> app_;
};

}  // namespace homespun::sync::accounts
