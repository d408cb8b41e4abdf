#include "sync/accounts/accounts_fixture.hpp"

namespace homespun::sync::accounts {
namespace {

class PagesTest : public AccountsTest {};

TEST_F(PagesTest, EveryPageFirefoxOpensIsThereAndGuarded) {
    for (const auto* path :
         {"/", "/?context=oauth_webchannel_v1&service=sync", "/authorization", "/oauth/force_auth",
          "/settings", "/settings/clients", "/settings/avatar/change", "/connect_another_device", "/pair",
          "/pair/supp", "/post_verify/third_party_auth/set_password"}) {
        const auto page = get(path);
        EXPECT_EQ(page.status, 200) << path;
        EXPECT_TRUE(page.type.starts_with("text/html")) << path << ": " << page.type;
        EXPECT_EQ(
            page.header("Content-Security-Policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
            << path;
        EXPECT_EQ(page.header("Cache-Control"), "no-store") << path;
        EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer") << path;
        EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff") << path;
    }
}

TEST_F(PagesTest, ThePageOfRecordsLetsNoTextBecomeMarkup) {
    const auto page = get("/records");
    EXPECT_EQ(page.status, 200);
    EXPECT_TRUE(page.type.starts_with("text/html")) << page.type;
    EXPECT_EQ(page.header("Content-Security-Policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
              "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for "
              "'script'; trusted-types 'none'");
    EXPECT_EQ(page.header("Cache-Control"), "no-store");
    EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff");
}

TEST_F(PagesTest, AssetsAreServedAndNothingElse) {
    EXPECT_EQ(get("/assets/page.css").status, 200);
    const auto icon = get("/favicon.ico");
    EXPECT_EQ(icon.status, 200);
    EXPECT_EQ(icon.type, "image/svg+xml");
    EXPECT_EQ(get("/assets/no-such-thing.js").status, 404);
    EXPECT_EQ(get("/assets/..%2f..%2fCMakeLists.txt").status, 404);
    const auto nothing = get("/nothing");
    EXPECT_EQ(nothing.status, 404);
    EXPECT_EQ(nothing.text, "Not Found\n");
    EXPECT_EQ(post("/settings", "{}").status, 405);
}

TEST_F(PagesTest, ClientConfiguration) {
    const auto answer = get("/.well-known/fxa-client-configuration");
    EXPECT_EQ(answer.type, "application/json");
    EXPECT_EQ(answer.string("auth_server_base_url"), "https://sync.example/fxa/auth");
    EXPECT_EQ(answer.string("oauth_server_base_url"), "https://sync.example/fxa/oauth");
    EXPECT_EQ(answer.string("profile_server_base_url"), "https://sync.example/fxa/profile");
    EXPECT_EQ(answer.string("sync_tokenserver_base_url"), "https://sync.example/fxa/token");
}

TEST_F(PagesTest, OpenidConfiguration) {
    const auto answer = get("/.well-known/openid-configuration");
    EXPECT_EQ(answer.string("issuer"), "https://sync.example/fxa");
    EXPECT_EQ(answer.string("authorization_endpoint"), "https://sync.example/fxa/authorization");
    EXPECT_EQ(answer.string("token_endpoint"), "https://sync.example/fxa/auth/v1/oauth/token");
    EXPECT_EQ(answer.string("introspection_endpoint"), "https://sync.example/fxa/oauth/v1/introspect");
    EXPECT_EQ(answer.string("jwks_uri"), "https://sync.example/fxa/oauth/v1/jwks");
    EXPECT_EQ(answer.string("userinfo_endpoint"), "https://sync.example/fxa/profile/v1/profile");
}

class ElsewhereTest : public AccountsTest {
  protected:
    AccountsSettings settings() override {
        auto made = AccountsTest::settings();
        made.addresses.token = "https://token.example/t";
        made.addresses.auth = "/a\"&/accounts";
        return made;
    }
    auth::PublicUrls public_urls() override { return {}; }
};

TEST_F(ElsewhereTest, OtherServersAndOwnHost) {
    const auto answer =
        send({"GET", "/.well-known/fxa-client-configuration", "", {{"Host", "localhost:5000"}}});
    EXPECT_EQ(answer.string("sync_tokenserver_base_url"), "https://token.example/t");
    EXPECT_EQ(answer.string("auth_server_base_url"), "http://localhost:5000/a\"&/accounts");
    EXPECT_EQ(get("/.well-known/fxa-client-configuration").status, 400) << "no name of this machine";
    EXPECT_EQ(send({"GET", "/.well-known/fxa-client-configuration", "", {{"Host", "a b"}}}).status, 400);
}

TEST_F(ElsewhereTest, ThePagesKnowWhereTheAccountsAre) {
    for (const auto* path : {"/", "/authorization", "/oauth/force_auth", "/settings", "/settings/clients",
                             "/pair", "/records"}) {
        const auto page = get(path).text;
        EXPECT_NE(page.find(R"( data-accounts="/a&quot;&amp;/accounts/v1")"), std::string::npos) << path;
        EXPECT_EQ(page.find("/auth/v1"), std::string::npos) << path;
    }
}
TEST_F(PagesTest, TheUsualPlaceOfTheAccounts) {
    EXPECT_NE(get("/").text.find(R"(<html lang="en" data-mode="signin" data-accounts="/auth/v1">)"),
              std::string::npos);
}

class ProfileTest : public AccountsTest {};

TEST_F(ProfileTest, ProfileAndItsTag) {
    const auto session = sign_up("Ann@example.org");
    const auto token =
        post("/auth/v1/oauth/token",
             R"({"grant_type":"fxa-credentials","client_id":")" + firefox_id + R"(","scope":"profile"})",
             bearer(session))
            .string("access_token");
    const auto answer = get("/profile/v1/profile", "Bearer " + token);
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.string("uid"), session.uid);
    EXPECT_EQ(answer.string("email"), "Ann@example.org");
    EXPECT_TRUE(answer.body.member("displayName")->is_null());
    EXPECT_TRUE(answer.boolean("avatarDefault"));
    EXPECT_EQ(answer.string("avatar"), "https://sync.example/fxa/assets/logo.svg");
    const auto tag = answer.header("ETag");
    EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"'));

    const auto again = [&](const std::string& known) {
        return send({"GET",
                     "/profile/v1/profile",
                     "",
                     {{"Authorization", "Bearer " + token}, {"If-None-Match", known}}});
    };
    const auto same = again(tag);
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.text, "");
    EXPECT_EQ(same.header("ETag"), tag);
    EXPECT_EQ(again("\"other\", W/" + tag).status, 304);
    EXPECT_EQ(again("*").status, 304);
    EXPECT_EQ(again("\"other\"").status, 200);
    clock_.advance_ms(longest_access_token_s * 1000);
    EXPECT_EQ(again(tag).refusal(), "401/110");
}

TEST_F(ProfileTest, Refusals) {
    const auto nobody = get("/profile/v1/profile");
    EXPECT_EQ(nobody.refusal(), "401/110");
    EXPECT_EQ(nobody.header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(get("/profile/v1/profile", "Bearer x").refusal(), "401/110");
    EXPECT_EQ(get("/profile/v1/profile", bearer(sign_up())).refusal(), "401/110");
    EXPECT_EQ(get("/profile/v1/avatar").refusal(), "404/999");
}

}  // namespace
}  // namespace homespun::sync::accounts
