#include "sync/auth/jwks.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sync/auth/signer_fixture.hpp"

namespace homespun::sync::auth {
namespace {

std::string why(std::string_view text) {
    const auto keys = parse_key_set(text);
    return keys ? "taken" : keys.error().message;
}

std::string set_of(std::string_view keys) {
    return fmt::format(R"({{"keys":[{}]}})", keys);
}

TEST(JwksTest, ReadsRsaAndEcKeys) {
    const auto one = Signer::rsa("one"), two = Signer::ec("two");
    const auto keys = parse_key_set(set_of(one.jwk(R"(,"use":"sig","alg":"RS256","fxa-createdAt":1)") + "," +
                                           two.jwk(R"(,"alg":"ES256")")));
    ASSERT_TRUE(keys) << keys.error().message;
    ASSERT_EQ(keys->size(), 2U);
    EXPECT_EQ(keys->at(0).id, "one");
    EXPECT_EQ(keys->at(0).key.algorithm(), JwtAlgorithm::rs256);
    EXPECT_EQ(keys->at(1).id, "two");
    EXPECT_EQ(keys->at(1).key.algorithm(), JwtAlgorithm::es256);
}

TEST(JwksTest, ReadsASingleKey) {
    const auto keys = parse_key_set(Signer::ec("only").jwk());
    ASSERT_TRUE(keys) << keys.error().message;
    EXPECT_EQ(keys->at(0).id, "only");
}

TEST(JwksTest, PassesOverWhatItCannotUse) {
    const auto good = Signer::ec("good");
    for (const auto& useless :
         {std::string(R"({"fake":"RSA key"})"), std::string("1"),
          std::string(R"({"kty":"oct","kid":"x","k":"c2VjcmV0"})"),
          std::string(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"),
          Signer::rsa("small", 1024).jwk(), Signer::rsa("x").jwk(R"(,"use":"enc")"),
          Signer::rsa("x").jwk(R"(,"alg":"RS512")"), Signer::ec("x").jwk(R"(,"alg":"RS256")"),
          Signer::ec("x", "P-384").jwk(), Signer::ec("good").jwk()}) {
        const auto keys = parse_key_set(set_of(good.jwk() + "," + useless));
        ASSERT_TRUE(keys) << useless;
        ASSERT_EQ(keys->size(), 1U) << useless;
        const auto token = good.token("{}");
        EXPECT_TRUE(check_signature(*parse_jwt(token), *keys)) << useless;
    }
}

TEST(JwksTest, SaysWhyNothingIsLeft) {
    EXPECT_NE(why(set_of("")).find("it is empty"), std::string::npos);
    EXPECT_NE(why(set_of(Signer::rsa("small", 1024).jwk())).find("1024 bits"), std::string::npos);
    EXPECT_NE(why(set_of(R"({"kty":"RSA","n":"AQAB"})")).find("without n and e"), std::string::npos);
    EXPECT_NE(why(set_of(R"({"kty":"RSA","n":"AQAB+/","e":"AQAB"})")).find("without n and e"),
              std::string::npos);
    // On no curve: x = y = 1
    const std::string one(42, 'A');
    EXPECT_NE(why(set_of(fmt::format(R"({{"kty":"EC","crv":"P-256","x":"{0}E","y":"{0}E"}})", one)))
                  .find("no point of P-256"),
              std::string::npos);
    EXPECT_NE(why("{}").find("no list called keys"), std::string::npos);
    EXPECT_NE(why(R"({"keys":{}})").find("no list called keys"), std::string::npos);
    EXPECT_NE(why("<html>").find("no JSON"), std::string::npos);
    std::string many = "1";
    for (int i = 0; i < 100; ++i)
        many += ",1";
    EXPECT_NE(why(set_of(many)).find("more than 100"), std::string::npos);
}

}  // namespace
}  // namespace homespun::sync::auth
