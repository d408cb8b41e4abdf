#include "sync/auth/jwt.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "sync/auth/jwks.hpp"
#include "sync/auth/signer_fixture.hpp"

namespace homespun::sync::auth {
namespace {

// RFC 7515, A.2 and A.3: the same claims, signed by an RSA and by an EC key.
constexpr std::string_view rfc_rsa_token =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
    "mNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWz"
    "O75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES"
    "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlU"
    "PQGe77Rw";
constexpr std::string_view rfc_rsa_key =
    R"({"kty":"RSA","e":"AQAB","n":")"
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
    "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"
    "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    R"("})";
constexpr std::string_view rfc_ec_token =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
    "mNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
    "pmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view rfc_ec_key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

std::expected<void, JwtProblem> check(std::string_view token, const KeySet& keys) {
    const auto parsed = parse_jwt(token);
    if (!parsed) return std::unexpected(parsed.error());
    return check_signature(*parsed, keys);
}

JwtProblem problem(std::string_view token, const KeySet& keys) {
    const auto checked = check(token, keys);
    EXPECT_FALSE(checked) << token << " was taken";
    return checked ? JwtProblem::not_a_jwt : checked.error();
}

std::string base64url(std::string_view bytes) {
    return base::base64_encode(bytes, base::Base64::url_nopad);
}

class JwtTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        one = new Signer(Signer::rsa("one"));
        two = new Signer(Signer::ec("two"));
    }
    static void TearDownTestSuite() {
        delete one;
        delete two;
    }
    static KeySet both() { return *parse_key_set(R"({"keys":[)" + one->jwk() + "," + two->jwk() + "]}"); }
    static inline Signer* one = nullptr;
    static inline Signer* two = nullptr;
};

TEST_F(JwtTest, TakesTheVectorsOfTheRfc) {
    EXPECT_TRUE(check(rfc_rsa_token, *parse_key_set(rfc_rsa_key)));
    EXPECT_TRUE(check(rfc_ec_token, *parse_key_set(rfc_ec_key)));
    const auto token = parse_jwt(rfc_ec_token);
    EXPECT_EQ(*token->claims.string("iss"), "joe");
    EXPECT_EQ(*token->claims.integer("exp"), 1300819380);
    EXPECT_EQ(token->algorithm, "ES256");
    EXPECT_FALSE(token->key_id);
}

TEST_F(JwtTest, ChoosesTheKeyByItsName) {
    EXPECT_TRUE(check(one->token("{}"), both()));
    EXPECT_TRUE(check(two->token("{}"), both()));
    EXPECT_EQ(problem(Signer::rsa("three").token("{}"), both()), JwtProblem::unknown_key);
    EXPECT_EQ(problem(Signer::rsa("one").token("{}"), both()), JwtProblem::signature);
    EXPECT_EQ(problem(Signer::ec("two").token("{}"), both()), JwtProblem::signature);
    EXPECT_EQ(problem(one->token("{}"), {}), JwtProblem::unknown_key);
}

TEST_F(JwtTest, DemandsANameWhereThereAreSeveralKeys) {
    const auto token = one->sign(R"({"alg":"RS256"})", "{}");
    EXPECT_EQ(problem(token, both()), JwtProblem::no_key_id);
    EXPECT_TRUE(check(token, *parse_key_set(one->key_set())));
    EXPECT_EQ(problem(R"(e30)", both()), JwtProblem::not_a_jwt);
}

TEST_F(JwtTest, LetsTheKeySayTheAlgorithm) {
    // Each is signed by the key it names; only the header says something else.
    EXPECT_EQ(problem(one->sign(R"({"alg":"ES256","kid":"one"})", "{}"), both()), JwtProblem::algorithm);
    EXPECT_EQ(problem(two->sign(R"({"alg":"RS256","kid":"two"})", "{}"), both()), JwtProblem::algorithm);
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS512","kid":"one"})", "{}"), both()), JwtProblem::algorithm);
    EXPECT_EQ(problem(one->sign(R"({"alg":"PS256","kid":"one"})", "{}"), both()), JwtProblem::algorithm);
    EXPECT_EQ(problem(one->sign(R"({"alg":"rs256","kid":"one"})", "{}"), both()), JwtProblem::algorithm);
    EXPECT_EQ(problem(one->sign(R"({"kid":"one"})", "{}"), both()), JwtProblem::malformed);
    EXPECT_EQ(problem(one->sign(R"({"alg":["RS256"],"kid":"one"})", "{}"), both()), JwtProblem::malformed);
}

TEST_F(JwtTest, RefusesTokensWithoutSignatureAndWithASharedSecret) {
    for (const auto* algorithm : {"none", "None", "HS256", "HS512"}) {
        const auto header = std::string(R"({"kid":"one","alg":")") + algorithm + "\"}";
        EXPECT_EQ(problem(base64url(header) + "." + base64url("{}") + ".", both()), JwtProblem::algorithm);
        EXPECT_EQ(problem(base64url(header) + "." + base64url("{}") + ".c2ln", both()),
                  JwtProblem::algorithm);
    }
    const auto header = base64url(R"({"alg":"RS256","kid":"one"})");
    EXPECT_EQ(problem(header + "." + base64url("{}") + ".", both()), JwtProblem::malformed);
    EXPECT_EQ(problem(header + "." + base64url("{}") + ".c2ln", both()), JwtProblem::signature);
}

TEST_F(JwtTest, RefusesChangedTokens) {
    for (const auto* signer : {one, two}) {
        const auto token = signer->token(R"({"sub":"a"})");
        const auto first = token.find('.');
        const auto last = token.rfind('.');
        const auto other = token.substr(0, first + 1) + base64url(R"({"sub":"b"})") + token.substr(last);
        EXPECT_EQ(problem(other, both()), JwtProblem::signature);
        auto signature = *base::base64_decode(token.substr(last + 1), base::Base64::url_nopad);
        for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
            auto changed = signature;
            changed[at] = static_cast<char>(changed[at] ^ 1);
            EXPECT_EQ(problem(token.substr(0, last + 1) + base64url(changed), both()), JwtProblem::signature);
        }
        for (const auto& wrong :
             {signature.substr(1), signature + "x", std::string(64, '\0'), std::string("\0", 1)})
            EXPECT_EQ(problem(token.substr(0, last + 1) + base64url(wrong), both()), JwtProblem::signature);
    }
}

TEST_F(JwtTest, RefusesDemandsItDoesNotKnow) {
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS256","kid":"one","crit":["exp"],"exp":1})", "{}"), both()),
              JwtProblem::critical);
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS256","kid":"one","crit":[]})", "{}"), both()),
              JwtProblem::critical);
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS256","kid":1})", "{}"), both()), JwtProblem::malformed);
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS256","kid":"one","typ":1})", "{}"), both()),
              JwtProblem::malformed);
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS256","kid":"one"})", "[]"), both()), JwtProblem::malformed);
    EXPECT_EQ(problem(one->sign(R"({"alg":"RS256","kid":"one","kid":"two"})", "{}"), both()),
              JwtProblem::not_a_jwt);
}

TEST_F(JwtTest, TellsOpaqueTokensAndBoundsTheSize) {
    for (const auto* text : {"", ".", "..", "...", "a.b.c", "e30.e30", "e30.e30.e30.e30",
                             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "W10.e30.AA",
                             "e30=.e30.AA", "{\"body\": {}}"}) {
        const auto parsed = parse_jwt(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error(),
                  text == std::string_view("e30.e30.e30") ? JwtProblem::malformed : JwtProblem::not_a_jwt)
            << text;
    }
    const auto large = one->token("{\"a\":\"" + std::string(max_jwt_size, 'x') + "\"}");
    EXPECT_EQ(problem(large, both()), JwtProblem::too_large);
}

TEST_F(JwtTest, ReadsTheType) {
    EXPECT_EQ(parse_jwt(one->token("{}", "AT+JWT"))->type, "at+jwt");
    EXPECT_EQ(parse_jwt(one->token("{}", "application/at+JWT"))->type, "at+jwt");
    EXPECT_EQ(parse_jwt(rfc_rsa_token)->type, "");
}

}  // namespace
}  // namespace homespun::sync::auth
