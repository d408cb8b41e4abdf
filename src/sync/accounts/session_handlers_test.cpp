#include "sync/accounts/accounts_fixture.hpp"

namespace homespun::sync::accounts {
namespace {

class SessionTest : public AccountsTest {
  protected:
    void SetUp() override {
        AccountsTest::SetUp();
        session_ = sign_up();
    }

    /// A request of the session by Hawk, after `change` had a go at the header before it is signed.
    template <class Change>
    Answer by_hawk(Sent sent, Change change) {
        base::hawk::Header header;
        header.id = base::hex_encode(session_.id);
        header.ts = std::to_string(clock_.now_ms() / 1000);
        header.nonce = "n" + std::to_string(++nonce_);
        if (!sent.body.empty()) header.hash = base::hawk::payload_hash("application/json", sent.body);
        std::string host = "sync.example";
        std::string target = "/fxa" + sent.target;
        std::uint16_t port = 443;
        change(header, host, port, target);
        sent.headers.emplace_back("Authorization",
                                  base::hawk::sign(session_.key, header, {sent.method, target, host, port}));
        return send(sent);
    }
    Answer by_hawk(Sent sent) {
        return by_hawk(std::move(sent), [](auto&, auto&, auto&, auto&) {});
    }
    Answer status(const std::string& authorization) { return get("/auth/v1/session/status", authorization); }

    const Sent status_{"GET", "/auth/v1/session/status"};
    const Sent notify_{"POST", "/auth/v1/account/devices/notify", R"({"to":"all"})"};
    ClientSession session_;
    int nonce_ = 0;
};

TEST_F(SessionTest, BothSchemes) {
    EXPECT_EQ(by_hawk(status_).string("state"), "verified");
    EXPECT_EQ(by_hawk(notify_).text, "{}");
    EXPECT_EQ(status(bearer(session_)).string("uid"), session_.uid);
    EXPECT_EQ(status("bearer fxs_" + base::hex_encode(session_.id)).status, 200);
}

TEST_F(SessionTest, NotAuthenticated) {
    const auto nobody = get("/auth/v1/session/status");
    EXPECT_EQ(nobody.refusal(), "401/110");
    EXPECT_EQ(nobody.header("WWW-Authenticate"), "Hawk");
    EXPECT_FALSE(nobody.has("retryAfter"));
    EXPECT_EQ(status("Basic abc").refusal(), "401/110");
    EXPECT_EQ(status("Bearer").refusal(), "401/110");
    EXPECT_EQ(status("Bearer fxs_" + std::string(64, '0')).refusal(), "401/110");
    EXPECT_EQ(status("Bearer fxs_short").refusal(), "401/110");
    EXPECT_EQ(status("Bearer fxk_" + base::hex_encode(session_.id)).refusal(), "401/110");
    EXPECT_EQ(status("Bearer " + base::hex_encode(session_.id)).refusal(), "401/110");
    EXPECT_EQ(status("Bearer fxs_" + session_.token).refusal(), "401/110")
        << "the token itself is not the id";
    EXPECT_EQ(status("Hawk id=").refusal(), "401/109");
    EXPECT_EQ(status("Hawk id=\"a\", ts=\"1\", nonce=\"n\", mac=\"m\"").refusal(), "401/110");
}

TEST_F(SessionTest, WrongMac) {
    const auto refusal = [&](auto change) { return by_hawk(status_, change).refusal(); };
    EXPECT_EQ(refusal([](auto&, auto& host, auto&, auto&) { host = "other.example"; }), "401/109");
    EXPECT_EQ(refusal([](auto&, auto&, auto& port, auto&) { port = 5000; }), "401/109");
    EXPECT_EQ(refusal([](auto&, auto&, auto&, auto& target) { target = "/auth/v1/session/status"; }),
              "401/109")
        << "the public path counts";
    const auto good = hawk(session_.id, session_.key, status_, "x");
    Sent other{"GET", "/auth/v1/account/devices", "", {{"Authorization", good}}};
    EXPECT_EQ(send(other).refusal(), "401/109");
}

TEST_F(SessionTest, TimestampWindow) {
    const auto at = [&](std::int64_t offset_s) {
        return by_hawk(status_, [&](auto& header, auto&, auto&,
                                    auto&) { header.ts = std::to_string(clock_.now_ms() / 1000 + offset_s); })
            .refusal();
    };
    EXPECT_EQ(at(60), "200/-1");
    EXPECT_EQ(at(-900), "200/-1");
    EXPECT_EQ(at(900), "200/-1");
    EXPECT_EQ(at(-901), "401/111");
    EXPECT_EQ(at(901), "401/111");
    for (const auto* text : {"abc", "-1", "99999999999999999999", "9223372036854775807"}) {
        EXPECT_EQ(by_hawk(status_, [&](auto& header, auto&, auto&, auto&) { header.ts = text; }).refusal(),
                  "401/111");
    }
}

TEST_F(SessionTest, ReplayIsRefused) {
    Sent sent = status_;
    sent.headers.emplace_back("Authorization", hawk(session_.id, session_.key, status_, "same"));
    EXPECT_EQ(send(sent).status, 200);
    EXPECT_EQ(send(sent).refusal(), "401/115");
    clock_.advance_ms(14 * minute_ms);
    EXPECT_EQ(send(sent).refusal(), "401/115");
    clock_.advance_ms(2 * minute_ms);
    EXPECT_EQ(send(sent).refusal(), "401/111");
}

TEST_F(SessionTest, PayloadHash) {
    const auto none = by_hawk(notify_, [](auto& header, auto&, auto&, auto&) { header.hash.reset(); });
    EXPECT_EQ(none.refusal(), "401/109") << "a body must be signed";
    const auto wrong = by_hawk(notify_, [](auto& header, auto&, auto&, auto&) {
        header.hash = base::hawk::payload_hash("application/json", "other");
    });
    EXPECT_EQ(wrong.refusal(), "401/109");
    Sent plain = status_;
    plain.headers.emplace_back("Content-Type", "text/plain");
    EXPECT_EQ(by_hawk(plain).status, 200) << "as Firefox asks: no body, no hash, a Content-Type";
}

TEST_F(SessionTest, SessionEndsWhenIdle) {
    clock_.advance_ms(179 * day_ms);
    EXPECT_EQ(status(bearer(session_)).status, 200);
    clock_.advance_ms(179 * day_ms);
    EXPECT_EQ(status(bearer(session_)).status, 200) << "that use was noted";
    clock_.advance_ms(181 * day_ms);
    EXPECT_EQ(status(bearer(session_)).refusal(), "401/110");
}

TEST_F(SessionTest, DestroyEndsItWithItsDevice) {
    const auto other = sign_in();
    post("/auth/v1/account/device", R"({"name":"A","type":"desktop"})", bearer(session_));
    EXPECT_EQ(get("/auth/v1/account/devices", bearer(other)).body.array()->size(), 1U);
    EXPECT_EQ(post("/auth/v1/session/destroy?service=sync", "{", bearer(session_)).refusal(), "400/106");
    const auto gone = by_hawk({"POST", "/auth/v1/session/destroy?service=sync", "{}"});
    EXPECT_EQ(gone.text, "{}");
    EXPECT_EQ(status(bearer(session_)).refusal(), "401/110");
    EXPECT_EQ(get("/auth/v1/account/devices", bearer(other)).text, "[]");
    EXPECT_EQ(status(bearer(other)).status, 200);
}

TEST_F(SessionTest, DestroyWithoutBody) {
    EXPECT_EQ(post("/auth/v1/session/destroy", "", bearer(session_)).text, "{}");
}

TEST_F(SessionTest, AttachedClientsNameButDoNotOpen) {
    Sent login{"POST",
               "/auth/v1/account/login",
               login_body("ann@example.org", "secret"),
               {{"User-Agent", "Firefox/153"}}};
    const auto other = session_of(send(login));
    post("/auth/v1/account/device", R"({"name":"Laptop","type":"desktop"})", bearer(other));
    const auto answer = get("/auth/v1/account/attached_clients", bearer(session_));
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("X-Timestamp"), std::to_string(clock_.now_ms() / 1000));
    const auto& list = *answer.body.array();
    ASSERT_EQ(list.size(), 2U);
    const auto& second = *list[0].boolean("isCurrentSession") ? list[1] : list[0];
    EXPECT_EQ(*second.string("name"), "Laptop");
    EXPECT_EQ(*second.string("userAgent"), "Firefox/153");
    EXPECT_EQ(answer.text.find(base::hex_encode(other.id)), std::string::npos);
    EXPECT_EQ(status("Bearer fxs_" + *second.string("sessionTokenId")).refusal(), "401/110");
}

TEST_F(SessionTest, UserAgentThatIsNoTextIsLeftOut) {
    Sent login{"POST",
               "/auth/v1/account/login",
               login_body("ann@example.org", "secret"),
               {{"User-Agent", "\xff\xfe"}}};
    const auto other = session_of(send(login));
    EXPECT_TRUE(get("/auth/v1/account/attached_clients", bearer(other)).body.array());
}

TEST_F(SessionTest, EmailStatus) {
    const auto answer = get("/auth/v1/recovery_email/status", bearer(session_));
    EXPECT_EQ(answer.string("email"), "ann@example.org");
    EXPECT_TRUE(answer.boolean("verified"));
    EXPECT_EQ(post("/auth/v1/recovery_email/resend_code", "{}", bearer(session_)).text, "{}");
    EXPECT_EQ(post("/auth/v1/recovery_email/resend_code", "{}").refusal(), "401/110");
}

/// Without a public URL the request's own Host counts.
class OwnHostTest : public AccountsTest {
  protected:
    auth::PublicUrls public_urls() override { return {}; }

    int status(std::string_view host_header, std::string_view host, std::uint16_t port) {
        const auto session = sign_in();
        base::hawk::Header header;
        header.id = base::hex_encode(session.id);
        header.ts = std::to_string(clock_.now_ms() / 1000);
        header.nonce = "n";
        Sent sent{"GET", "/auth/v1/session/status", "", {{"Host", std::string(host_header)}}};
        sent.headers.emplace_back("Authorization",
                                  base::hawk::sign(session.key, header, {"GET", sent.target, host, port}));
        return send(sent).status;
    }
};

TEST_F(OwnHostTest, HostOfTheRequest) {
    sign_up();
    EXPECT_EQ(status("127.0.0.1:5000", "127.0.0.1", 5000), 200);
    EXPECT_EQ(status("localhost", "localhost", 80), 200);
    EXPECT_EQ(status("LOCALHOST", "localhost", 80), 200);
    EXPECT_EQ(status("[::1]:5000", "[::1]", 5000), 200);
    EXPECT_EQ(status("[::1]:5000", "::1", 5000), 200) << "some clients leave the brackets out";
    EXPECT_EQ(status("127.0.0.1:5000", "127.0.0.1", 5001), 401);
    EXPECT_EQ(status("a b", "a b", 80), 401);
}

}  // namespace
}  // namespace homespun::sync::accounts
