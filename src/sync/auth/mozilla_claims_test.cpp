#include "sync/auth/mozilla_claims.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

namespace homespun::sync::auth {
namespace {

constexpr std::string_view issuer = "https://accounts.example";
constexpr std::int64_t now_s = 1'700'000'000;
constexpr TokenDemands demands{issuer, oldsync_scope, now_s * 1000};

Jwt token_of(std::string_view claims, std::string type) {
    Jwt token;
    token.type = std::move(type);
    token.claims = base::json::parse(claims).value();
    return token;
}

/// The claims of a good token with `more`, which comes first, in place of those of the same names.
std::string claims(std::string_view more = "", std::string_view without = "") {
    std::string text = "{";
    const std::pair<std::string_view, std::string> usual[] = {
        {"iss", R"("https://accounts.example")"},
        {"sub", R"("0123456789abcdef0123456789abcdef")"},
        {"client_id", R"("5882386c6d801776")"},
        {"scope", R"("profile https://identity.mozilla.com/apps/oldsync")"},
        {"exp", std::to_string(now_s + 100)},
        {"fxa-generation", "1700000000123"}};
    for (const auto& [name, value] : usual) {
        const auto key = fmt::format("\"{}\":", name);
        if (name == without || more.find(key) != std::string_view::npos) continue;
        text += key + value + ",";
    }
    text += more;
    if (text.ends_with(',')) text.pop_back();
    return text + "}";
}

std::string_view why(std::string_view text, std::string type = "at+jwt") {
    const auto grant = read_access_claims(token_of(text, std::move(type)), demands);
    return grant ? "taken" : grant.error();
}

TEST(MozillaClaimsTest, ReadsAnAccessToken) {
    const auto grant = read_access_claims(token_of(claims(), "at+jwt"), demands);
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->account, "0123456789abcdef0123456789abcdef");
    EXPECT_EQ(grant->client_id, "5882386c6d801776");
    EXPECT_EQ(grant->generation, 1'700'000'000'123);
    EXPECT_EQ(grant->scope, "profile https://identity.mozilla.com/apps/oldsync");
}

TEST(MozillaClaimsTest, KeepsGenerationsExact) {
    const auto largest =
        read_access_claims(token_of(claims(R"("fxa-generation":9223372036854775807)"), "at+jwt"), demands);
    EXPECT_EQ(largest->generation, std::numeric_limits<std::int64_t>::max());
    EXPECT_FALSE(read_access_claims(token_of(claims("", "fxa-generation"), "at+jwt"), demands)->generation);
    EXPECT_FALSE(
        read_access_claims(token_of(claims(R"("fxa-generation":null)"), "at+jwt"), demands)->generation);
    EXPECT_EQ(why(claims(R"("fxa-generation":-1)")), "jwt_claims");
    EXPECT_EQ(why(claims(R"("fxa-generation":"1")")), "jwt_claims");
    EXPECT_EQ(why(claims(R"("fxa-generation":1.5)")), "jwt_claims");
}

TEST(MozillaClaimsTest, ChecksTypeAndIssuer) {
    EXPECT_EQ(why(claims()), "taken");
    for (const auto* type : {"", "jwt", "secevent+jwt", "id_token"})
        EXPECT_EQ(why(claims(), type), "jwt_type") << type;
    EXPECT_EQ(why(claims(R"("iss":"https://accounts.example/")")), "jwt_issuer");
    EXPECT_EQ(why(claims(R"("iss":["https://accounts.example"])")), "jwt_issuer");
    EXPECT_EQ(why(claims("", "iss")), "jwt_issuer");
}

TEST(MozillaClaimsTest, ChecksTheTime) {
    EXPECT_EQ(why(claims(fmt::format(R"("exp":{})", now_s - 59))), "taken");
    EXPECT_EQ(why(claims(fmt::format(R"("exp":{})", now_s - 60))), "jwt_expired");
    EXPECT_EQ(why(claims(R"("exp":-9223372036854775808)")), "jwt_expired");
    EXPECT_EQ(why(claims(R"("exp":"1700000100")")), "jwt_claims");
    EXPECT_EQ(why(claims("", "exp")), "jwt_claims");
    EXPECT_EQ(why(claims(fmt::format(R"("nbf":{})", now_s + 60))), "taken");
    EXPECT_EQ(why(claims(fmt::format(R"("nbf":{})", now_s + 61))), "jwt_not_yet_valid");
}

TEST(MozillaClaimsTest, ChecksTheScope) {
    const auto with = [](std::string_view scope) { return why(claims(fmt::format(R"("scope":{})", scope))); };
    EXPECT_EQ(with(R"("https://identity.mozilla.com/apps/oldsync")"), "taken");
    EXPECT_EQ(with(R"("a,https://identity.mozilla.com/apps/oldsync,b")"), "taken");
    EXPECT_EQ(with(R"(["a","https://identity.mozilla.com/apps/oldsync"])"), "taken");
    EXPECT_EQ(with(R"("bad_scope")"), "jwt_scope");
    EXPECT_EQ(with(R"("https://identity.mozilla.com/apps/oldsync2")"), "jwt_scope");
    EXPECT_EQ(with(R"("xhttps://identity.mozilla.com/apps/oldsync")"), "jwt_scope");
    EXPECT_EQ(with(R"("")"), "jwt_scope");
    EXPECT_EQ(with("[1]"), "jwt_scope");
    EXPECT_EQ(with("{}"), "jwt_scope");
    EXPECT_EQ(why(claims("", "scope")), "jwt_scope");
}

TEST(MozillaClaimsTest, LetsNoAccountBecomeAnother) {
    for (const auto* account :
         {R"("")", R"("a@localhost")", R"("a b")", R"("a\u0000")", R"("\u00e4")", R"("a/b")", "1", "null"})
        EXPECT_EQ(why(claims(fmt::format(R"("sub":{})", account))), "jwt_claims") << account;
    EXPECT_EQ(why(claims(fmt::format(R"("sub":"{}")", std::string(129, 'a')))), "jwt_claims");
    EXPECT_EQ(why(claims("", "sub")), "jwt_claims");
}

TEST(MozillaClaimsTest, ReadsTheVerifyEndpoint) {
    const auto grant = read_verdict(
        R"({"user":"abc","client_id":"c","scope":["https://identity.mozilla.com/apps/oldsync"],"generation":null})",
        oldsync_scope);
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->account, "abc");
    EXPECT_FALSE(grant->generation);
    EXPECT_EQ(read_verdict(R"({"user":"abc","scope":["profile"]})", oldsync_scope).error(), "verify_scope");
    EXPECT_EQ(read_verdict(R"({"user":"a@b","scope":[]})", oldsync_scope).error(), "verify_answer");
    for (const auto* body : {"", "[]", "{}", "null", "{\"code\":400}"})
        EXPECT_EQ(read_verdict(body, oldsync_scope).error(), "verify_answer") << body;
}

constexpr std::string_view audience = "our-client";

std::expected<std::vector<AccountEvent>, std::string_view> events_of(std::string_view events,
                                                                     std::string_view more = "",
                                                                     std::string type = "secevent+jwt") {
    auto text = fmt::format(R"({{"sub":"abc","events":{}{})", events, more);
    if (more.find("\"iss\"") == std::string_view::npos) text += R"(,"iss":"https://accounts.example")";
    if (more.find("\"aud\"") == std::string_view::npos) text += R"(,"aud":"our-client")";
    return read_account_events(token_of(text + "}", std::move(type)), issuer, audience, now_s * 1000);
}

TEST(MozillaClaimsTest, ReadsEvents) {
    const auto events = events_of(
        R"({"https://schemas.accounts.firefox.com/event/password-change":{"changeTime":1565721242227},)"
        R"("https://schemas.accounts.firefox.com/event/profile-change":{},)"
        R"("https://schemas.accounts.firefox.com/event/delete-user":{},"urn:other":1})");
    ASSERT_TRUE(events) << events.error();
    ASSERT_EQ(events->size(), 2U);
    EXPECT_EQ(events->at(0).kind, AccountEvent::Kind::password_changed);
    EXPECT_EQ(events->at(0).account, "abc");
    EXPECT_EQ(events->at(0).changed_at_ms, 1'565'721'242'227);
    EXPECT_EQ(events->at(1).kind, AccountEvent::Kind::deleted);
    EXPECT_TRUE(events_of("{}")->empty());
    EXPECT_TRUE(events_of("{}", R"(,"aud":["x","our-client"])"));
    for (const auto* type : {"", "jwt"})
        EXPECT_TRUE(events_of("{}", "", type)) << type;
}

TEST(MozillaClaimsTest, RefusesEventsForOthers) {
    EXPECT_EQ(events_of("{}", R"(,"iss":"https://other.example")").error(), "jwt_issuer");
    EXPECT_EQ(events_of("{}", R"(,"aud":"other")").error(), "jwt_audience");
    EXPECT_EQ(events_of("{}", R"(,"aud":[])").error(), "jwt_audience");
    EXPECT_EQ(events_of("{}", R"(,"exp":1)").error(), "jwt_expired");
    EXPECT_EQ(events_of("{}", "", "at+jwt").error(), "jwt_type");
    EXPECT_EQ(events_of("[]").error(), "jwt_claims");
    EXPECT_EQ(events_of(R"({"https://schemas.accounts.firefox.com/event/password-change":{}})").error(),
              "jwt_claims");
    EXPECT_EQ(events_of(R"({"https://schemas.accounts.firefox.com/event/password-change":{"changeTime":0}})")
                  .error(),
              "jwt_claims");
    // Without a client id of ours nothing is meant for us.
    const auto token = token_of(R"({"sub":"a","events":{},"aud":"","iss":"https://accounts.example"})", "");
    EXPECT_EQ(read_account_events(token, issuer, "", now_s * 1000).error(), "jwt_audience");
}

}  // namespace
}  // namespace homespun::sync::auth
