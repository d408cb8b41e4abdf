#include "sync/accounts/accounts_fixture.hpp"
#include "sync/accounts/oauth_rules.hpp"

namespace homespun::sync::accounts {
namespace {

const std::string verifier = "3l3nJY5xhGTNv6Qo3f3xOsgYHHMnMYl5yIFvaZIxm6U";
const std::string jwe = "eyJhbGciOiJFQ0RILUVTIn0..iv_-.text.tag";

std::string json(std::initializer_list<std::pair<std::string, std::string>> members) {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object();
    for (const auto& [name, value] : members)
        writer.member(name, value);
    writer.end_object();
    return text;
}

class OauthTest : public AccountsTest {
  protected:
    void SetUp() override {
        AccountsTest::SetUp();
        session_ = sign_up();
    }

    /// A good request for a code, with one member changed (to nothing: left out).
    Answer authorize(const std::string& name = {}, const std::string& value = {}) {
        std::vector<std::pair<std::string, std::string>> members{{"client_id", firefox_id},
                                                                 {"response_type", "code"},
                                                                 {"state", "st"},
                                                                 {"scope", oldsync + " profile"},
                                                                 {"access_type", "offline"},
                                                                 {"code_challenge", pkce_challenge(verifier)},
                                                                 {"code_challenge_method", "S256"},
                                                                 {"keys_jwe", jwe}};
        std::string text;
        base::json::Writer writer(text);
        writer.begin_object();
        for (const auto& [member, content] : members) {
            const auto& now = member == name ? value : content;
            if (!now.empty()) writer.member(member, now);
        }
        writer.end_object();
        return post("/auth/v1/oauth/authorization", text, bearer(session_));
    }
    std::string code(const std::string& name = {}, const std::string& value = {}) {
        const auto answer = authorize(name, value);
        EXPECT_EQ(answer.status, 200) << answer.text;
        return answer.string("code");
    }
    Answer redeem(const std::string& text, const std::string& authorization,
                  const std::string& client = firefox_id, const std::string& with = verifier) {
        return post("/auth/v1/oauth/token",
                    json({{"grant_type", "authorization_code"},
                          {"client_id", client},
                          {"code", text},
                          {"code_verifier", with}}),
                    authorization);
    }
    Answer grant(const std::string& scope, const std::string& more = {}) {
        return post("/auth/v1/oauth/token",
                    R"({"grant_type":"fxa-credentials","client_id":")" + firefox_id + R"(","scope":")" +
                        scope + "\"" + more + "}",
                    bearer(session_));
    }
    Answer refresh(const std::string& token, const std::string& scope = {},
                   const std::string& client = phone_id) {
        return post(
            "/auth/v1/oauth/token",
            scope.empty()
                ? json({{"grant_type", "refresh_token"}, {"client_id", client}, {"refresh_token", token}})
                : json({{"grant_type", "refresh_token"},
                        {"client_id", client},
                        {"refresh_token", token},
                        {"scope", scope}}));
    }
    auth::AccessVerdict verify(const std::string& token, std::string_view scope) {
        return loop_.run(accounts_->access_tokens().verify(loop_, token, scope));
    }
    Answer profile(const std::string& token) { return get("/profile/v1/profile", "Bearer " + token); }
    bool active(const std::string& token) {
        return post("/oauth/v1/introspect", json({{"token", token}, {"token_type_hint", "access_token"}}))
            .boolean("active");
    }

    ClientSession session_;
};

TEST_F(OauthTest, CodeForTokens) {
    const auto asked = authorize();
    EXPECT_EQ(asked.string("state"), "st");
    EXPECT_EQ(asked.string("redirect"), "https://sync.example/fxa/oauth/success/" + firefox_id);
    const auto given = redeem(asked.string("code"), bearer(session_));
    ASSERT_EQ(given.status, 200) << given.text;
    EXPECT_EQ(given.string("scope"), oldsync + " profile");
    EXPECT_EQ(given.string("token_type"), "bearer");
    EXPECT_EQ(given.integer("expires_in"), longest_access_token_s);
    EXPECT_EQ(given.integer("auth_at"), clock_.now_ms() / 1000);
    EXPECT_EQ(given.string("keys_jwe"), jwe);
    EXPECT_EQ(given.string("refresh_token").size(), 64U);
    const auto grant = verify(given.string("access_token"), auth::oldsync_scope);
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->account, session_.uid);
    EXPECT_EQ(grant->client_id, firefox_id);
    EXPECT_EQ(grant->generation, clock_.now_ms());
    EXPECT_EQ(redeem(asked.string("code"), bearer(session_)).refusal(), "400/172") << "once";
}

TEST_F(OauthTest, OnlineCodeGivesNoRefreshToken) {
    EXPECT_FALSE(redeem(code("access_type", "online"), bearer(session_)).has("refresh_token"));
    const auto without_keys = redeem(code("keys_jwe", ""), bearer(session_));
    EXPECT_EQ(without_keys.status, 200);
    EXPECT_FALSE(without_keys.has("keys_jwe"));
}

TEST_F(OauthTest, AuthorizationParameters) {
    EXPECT_EQ(authorize("client_id", "0123456789abcdef").refusal(), "400/162");
    EXPECT_EQ(authorize("client_id", "").refusal(), "400/108");
    EXPECT_EQ(authorize("response_type", "token").refusal(), "400/107");
    EXPECT_EQ(authorize("state", "").refusal(), "400/108");
    EXPECT_EQ(authorize("scope", "").refusal(), "400/108");
    EXPECT_EQ(authorize("scope", "profile:everything").refusal(), "400/163");
    EXPECT_EQ(authorize("access_type", "forever").refusal(), "400/107");
    EXPECT_EQ(authorize("code_challenge", "").refusal(), "400/108");
    EXPECT_EQ(authorize("code_challenge", "short").refusal(), "400/107");
    EXPECT_EQ(authorize("code_challenge_method", "plain").refusal(), "400/107");
    EXPECT_EQ(authorize("code_challenge_method", "").refusal(), "400/108");
    EXPECT_EQ(authorize("keys_jwe", "no jwe").refusal(), "400/107");
    EXPECT_EQ(post("/auth/v1/oauth/authorization", "{}").refusal(), "401/110");
}

TEST_F(OauthTest, UnknownScopesAreLeftOut) {
    const auto given = redeem(code("scope", "https://identity.mozilla.com/tokens/session profile profile"),
                              bearer(session_));
    EXPECT_EQ(given.string("scope"), "profile");
}

TEST_F(OauthTest, CodeIsBound) {
    const auto bob = sign_up("bob@example.org");
    EXPECT_EQ(redeem(code(), bearer(bob)).refusal(), "400/173");
    EXPECT_EQ(redeem(code(), bearer(session_), phone_id).refusal(), "400/173");
    EXPECT_EQ(redeem(code(), bearer(session_), "0123456789abcdef").refusal(), "400/162");
    EXPECT_EQ(redeem(code(), bearer(session_), firefox_id, std::string(43, 'a')).refusal(), "400/175");
    EXPECT_EQ(redeem(code(), bearer(session_), firefox_id, "short").refusal(), "400/107");
    EXPECT_EQ(redeem("unknown", bearer(session_)).refusal(), "400/172");
    const auto once = code();
    EXPECT_EQ(redeem(once, "", firefox_id, std::string(43, 'a')).refusal(), "400/175");
    EXPECT_EQ(redeem(once, "").refusal(), "400/172") << "a wrong verifier uses it up";
}

TEST_F(OauthTest, CodeExpiresAndEndsWithItsSession) {
    const auto late = code();
    clock_.advance_ms(code_lifetime_ms);
    EXPECT_EQ(redeem(late, bearer(session_)).refusal(), "400/172");
    const auto orphan = code();
    post("/auth/v1/session/destroy", "{}", bearer(session_));
    EXPECT_EQ(redeem(orphan, "").refusal(), "400/172");
}

TEST_F(OauthTest, BadSessionIsNotTheSameAsNone) {
    EXPECT_EQ(redeem(code(), "Bearer fxs_" + std::string(64, '0')).refusal(), "401/110");
    EXPECT_EQ(redeem(code(), "").status, 200);
}

TEST_F(OauthTest, TokensFromTheSession) {
    const auto profile_only = grant("profile");
    ASSERT_EQ(profile_only.status, 200) << profile_only.text;
    EXPECT_EQ(profile_only.integer("expires_in"), longest_access_token_s);
    EXPECT_FALSE(profile_only.has("refresh_token"));
    EXPECT_FALSE(verify(profile_only.string("access_token"), auth::oldsync_scope));
    EXPECT_EQ(profile(profile_only.string("access_token")).status, 200);

    const auto sync = grant(oldsync, R"(,"ttl":600)");
    EXPECT_EQ(sync.integer("expires_in"), 600);
    EXPECT_TRUE(verify(sync.string("access_token"), auth::oldsync_scope));
    EXPECT_EQ(profile(sync.string("access_token")).refusal(), "401/110");
    clock_.advance_ms(600'000);
    EXPECT_EQ(verify(sync.string("access_token"), auth::oldsync_scope).error().failure,
              auth::AccessFailure::invalid);

    EXPECT_EQ(grant(oldsync, R"(,"ttl":9999999)").integer("expires_in"), longest_access_token_s);
    EXPECT_EQ(grant(oldsync, R"(,"ttl":0)").refusal(), "400/107");
    EXPECT_EQ(grant(oldsync, R"(,"ttl":"soon")").refusal(), "400/107");
    EXPECT_EQ(grant("nothing").refusal(), "400/163");
    EXPECT_EQ(grant(oldsync, R"(,"access_type":"offline")").string("refresh_token").size(), 64U);
    EXPECT_EQ(post("/auth/v1/oauth/token", R"({"grant_type":"fxa-credentials","client_id":"a","scope":"b"})")
                  .refusal(),
              "401/110");
    EXPECT_EQ(post("/auth/v1/oauth/token", R"({"grant_type":"magic"})").refusal(), "400/107");
}

TEST_F(OauthTest, AccessTokenEndsWithItsSession) {
    const auto token = grant(oldsync).string("access_token");
    EXPECT_TRUE(verify(token, auth::oldsync_scope));
    post("/auth/v1/session/destroy", "{}", bearer(session_));
    EXPECT_FALSE(verify(token, auth::oldsync_scope));
}

TEST_F(OauthTest, UnavailableIsNotInvalid) {
    const auto token = grant(oldsync).string("access_token");
    const Jam jam(*store_pool_, 1);
    EXPECT_EQ(verify(token, auth::oldsync_scope).error().failure, auth::AccessFailure::unavailable);
    EXPECT_EQ(profile(token).refusal(), "503/201");
}

TEST_F(OauthTest, PhoneLivesByItsRefreshToken) {
    const auto given = redeem(code("client_id", phone_id), "", phone_id);
    ASSERT_EQ(given.status, 200) << given.text;
    const auto token = given.string("refresh_token");
    post("/auth/v1/session/destroy", "{}", bearer(session_));
    EXPECT_TRUE(verify(given.string("access_token"), auth::oldsync_scope))
        << "it does not hang on the page's session";

    const auto narrowed = refresh(token, oldsync);
    EXPECT_EQ(narrowed.string("scope"), oldsync);
    EXPECT_FALSE(narrowed.has("refresh_token"));
    EXPECT_TRUE(verify(narrowed.string("access_token"), auth::oldsync_scope));
    EXPECT_EQ(refresh(token).string("scope"), oldsync + " profile");
    EXPECT_EQ(refresh(token, "other").refusal(), "400/163");
    EXPECT_EQ(refresh(token, oldsync, firefox_id).refusal(), "401/110");
    EXPECT_EQ(refresh("unknown").refusal(), "401/110");

    const auto device =
        post("/auth/v1/account/device", R"({"name":"Phone","type":"mobile"})", "Bearer " + token);
    ASSERT_EQ(device.status, 200) << device.text;
    EXPECT_EQ(get("/auth/v1/account/devices", "Bearer " + token).body.array()->size(), 1U);
    EXPECT_EQ(get("/auth/v1/account/device/commands?index=0", "Bearer " + token).status, 200);
    EXPECT_EQ(get("/auth/v1/session/status", "Bearer " + token).refusal(), "401/110") << "it is no session";
    const auto clients = get("/auth/v1/account/attached_clients", bearer(sign_in()));
    EXPECT_EQ(clients.body.array()->size(), 2U) << clients.text;

    EXPECT_TRUE(active(token));
    EXPECT_EQ(post("/oauth/v1/destroy", json({{"refresh_token", token}})).text, "{}");
    EXPECT_FALSE(active(token));
    EXPECT_FALSE(verify(narrowed.string("access_token"), auth::oldsync_scope));
    EXPECT_EQ(get("/auth/v1/account/devices", "Bearer " + token).refusal(), "401/110");
}

TEST_F(OauthTest, PhoneDeviceIsDisconnectedFromElsewhere) {
    const auto token = redeem(code("client_id", phone_id), "", phone_id).string("refresh_token");
    const auto id = post("/auth/v1/account/device", R"({"name":"Phone","type":"mobile"})", "Bearer " + token)
                        .string("id");
    EXPECT_EQ(post("/auth/v1/account/device/destroy", json({{"id", id}}), bearer(session_)).text, "{}");
    EXPECT_EQ(refresh(token).refusal(), "401/110");
}

TEST_F(OauthTest, RefreshTokenWithoutSyncOpensNoDevices) {
    const auto token = grant("profile", R"(,"access_type":"offline")").string("refresh_token");
    const auto authorization = "Bearer " + token;
    EXPECT_EQ(refresh(token, {}, firefox_id).status, 200) << "it is good for what it is made for";
    EXPECT_EQ(get("/auth/v1/account/devices", authorization).refusal(), "401/110");
    EXPECT_EQ(post("/auth/v1/account/device", R"({"name":"Phone","type":"mobile"})", authorization).refusal(),
              "401/110");
    EXPECT_EQ(get("/auth/v1/account/devices", bearer(session_)).text, "[]");
}

TEST_F(OauthTest, RefreshTokenMadeBySessionEndsWithIt) {
    const auto granted = grant(oldsync, R"(,"access_type":"offline")").string("refresh_token");
    const auto redeemed = redeem(code(), bearer(session_)).string("refresh_token");
    const auto independent = redeem(code(), "").string("refresh_token");
    EXPECT_TRUE(active(granted) && active(redeemed) && active(independent));
    post("/auth/v1/session/destroy", "{}", bearer(session_));
    EXPECT_FALSE(active(granted));
    EXPECT_FALSE(active(redeemed));
    EXPECT_TRUE(active(independent)) << "the page may end its session";
}

TEST_F(OauthTest, RefreshTokenMadeBySessionEndsWithItsDevice) {
    const auto device = post("/auth/v1/account/device", R"({"name":"A","type":"desktop"})", bearer(session_));
    const auto token = grant(oldsync, R"(,"access_type":"offline")").string("refresh_token");
    EXPECT_EQ(refresh(token, {}, firefox_id).status, 200);
    const auto other = sign_in();
    post("/auth/v1/account/device/destroy", json({{"id", device.string("id")}}), bearer(other));
    EXPECT_EQ(refresh(token, {}, firefox_id).refusal(), "401/110");
}

TEST_F(OauthTest, DestroyAlwaysSucceeds) {
    const auto token = grant(oldsync).string("access_token");
    EXPECT_EQ(post("/auth/v1/oauth/destroy", json({{"client_id", firefox_id}, {"token", token}})).text, "{}");
    EXPECT_FALSE(verify(token, auth::oldsync_scope));
    EXPECT_EQ(post("/auth/v1/oauth/destroy", json({{"client_id", firefox_id}, {"token", token}})).text, "{}");
    EXPECT_EQ(post("/oauth/v1/destroy", json({{"token", "x"}})).text, "{}");
    EXPECT_EQ(post("/auth/v1/oauth/destroy", "{}").refusal(), "400/108");
    EXPECT_EQ(post("/auth/v1/oauth/destroy", "{").refusal(), "400/106");
}

TEST_F(OauthTest, Introspection) {
    const auto token = grant(oldsync).string("access_token");
    const auto answer = post("/oauth/v1/introspect", json({{"token", token}}));
    EXPECT_TRUE(answer.boolean("active"));
    EXPECT_EQ(answer.string("sub"), session_.uid);
    EXPECT_EQ(answer.string("scope"), oldsync);
    EXPECT_EQ(post("/oauth/v1/introspect", json({{"token", "x"}})).text, R"({"active":false})");
    EXPECT_EQ(post("/oauth/v1/introspect", "{}").refusal(), "400/108");
    EXPECT_EQ(get("/oauth/v1/jwks").text, R"({"keys":[]})");
}

TEST_F(OauthTest, TokensAreKeptAsHashesOnly) {
    const auto text = code();
    const auto given = redeem(code(), bearer(session_));
    std::string bytes;
    for (const auto* name : {"accounts.db", "accounts.db-wal"}) {
        std::ifstream file(folder_ / name, std::ios::binary);
        bytes.append(std::istreambuf_iterator<char>(file), {});
    }
    ASSERT_FALSE(bytes.empty());
    for (const auto& secret : {text, given.string("access_token"), given.string("refresh_token"),
                               session_.token, base::hex_encode(session_.id), session_.id}) {
        EXPECT_EQ(bytes.find(secret), std::string::npos);
    }
    EXPECT_NE(bytes.find(handle_of(given.string("access_token"))), std::string::npos);
}

TEST(OauthRules, Scopes) {
    EXPECT_EQ(grantable_scopes("  profile   x profile "), "profile");
    EXPECT_EQ(grantable_scopes(""), "");
    EXPECT_EQ(narrowed_scopes("a b c", "c a"), "a c");
}

TEST(OauthRules, Pkce) {
    EXPECT_TRUE(is_pkce_challenge(pkce_challenge(verifier)));
    EXPECT_FALSE(is_pkce_challenge(pkce_challenge(verifier) + "="));
    EXPECT_FALSE(is_pkce_challenge(""));
    EXPECT_TRUE(is_pkce_verifier(verifier));
    EXPECT_TRUE(is_pkce_verifier(std::string(128, '~')));
    EXPECT_FALSE(is_pkce_verifier(std::string(129, 'a')));
    EXPECT_FALSE(is_pkce_verifier(std::string(42, 'a')));
    EXPECT_FALSE(is_pkce_verifier(std::string(43, ' ')));
}

}  // namespace
}  // namespace homespun::sync::accounts
