#include "sync/protocol/token.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/hawk.hpp"

namespace homespun::sync::protocol {
namespace {

// Vectors of the sync-1.5 sheet, 4.4.
constexpr std::string_view vector_id =
    "eyJ1aWQiOiA0MiwgIm5vZGUiOiAiaHR0cDovLzEyNy4wLjAuMTo4MDAwIiwgImV4cGlyZXMiOiA0MTAyNDQ0ODAwLCAiZnhhX3VpZCI6"
    "ICIwMTIz"
    "NDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiIsICJmeGFfa2lkIjogIjAwMDAwMDAwMDEyMzQtcXFvIiwgImhhc2hlZF9meGFfdWlk"
    "IjogIjRk"
    "MDBlY2FlNjRiOThkZDdkYzdkZWE2OGQwZGQ2MTVkIiwgImhhc2hlZF9kZXZpY2VfaWQiOiAiM2E0MWNjY2JkZDY2NmViYzQxOTlmMWY5"
    "ZDEyNDlk"
    "NDQiLCAic2FsdCI6ICJhMWIyYzMiLCAidG9rZW5zZXJ2ZXJfb3JpZ2luIjogInJ1c3QifT0AmV9X7rOtu9WYy3iJb8gLKqpo2spwYuba"
    "SJE3vTmv";
constexpr std::string_view vector_key = "ps7ePdEV24J5W45Sq22xGMpcyuRGclLmRItVD6QLBdI=";

TEST(TokensTest, VerifiesTheSheetsVector) {
    const Tokens tokens({"other", "secret0"});
    const auto verified = tokens.verify(vector_id);
    ASSERT_TRUE(verified);
    EXPECT_EQ((*verified)->key, vector_key);
    EXPECT_EQ((*verified)->payload.uid, 42U);
    EXPECT_EQ((*verified)->payload.expires, 4102444800);
    EXPECT_EQ((*verified)->payload.fxa_kid, "0000000001234-qqo");
}

TEST(TokensTest, SignsTheSheetsHawkRequest) {
    base::hawk::Header header;
    header.ts = "1700000000";
    header.nonce = "abc123";
    EXPECT_EQ(base::hawk::mac(vector_key, header,
                              {"GET", "/1.5/42/storage/bookmarks?full=1&ids=a%2Cb", "127.0.0.1", 8000}),
              "zvylBXvpLp4rZ90y9evzEhRQPS2DKU+hRGXJ0Yqygao=");
    EXPECT_EQ(base::hawk::payload_hash("application/json", R"([{"id":"a","payload":"x"}])"),
              "GiNvSH/+UHArHV6/jj4KSpkCFmH4lRxRlm4UmCNLIcM=");
}

TEST(TokensTest, ReadsBackWhatItMade) {
    const Tokens tokens({"new", "old"});
    TokenPayload payload;
    payload.uid = 7;
    payload.expires = 1'800'000'000;
    payload.salt = "abcdef";
    payload.node = "http://x/storage";
    payload.fxa_uid = std::string(32, 'a');
    const auto pair = tokens.make(payload);
    const auto verified = tokens.verify(pair.id);
    ASSERT_TRUE(verified);
    EXPECT_EQ((*verified)->key, pair.key);
    EXPECT_EQ((*verified)->payload.fxa_uid, payload.fxa_uid);
    EXPECT_EQ(Tokens({"old"}).verify(pair.id).error(), TokenFailure::bad_signature);
    EXPECT_TRUE(Tokens({"x", "new"}).verify(pair.id));
}

TEST(TokensTest, RefusesWhatIsNoToken) {
    const Tokens tokens({"secret0"});
    EXPECT_EQ(tokens.verify("").error(), TokenFailure::malformed);
    EXPECT_EQ(tokens.verify("!!!!").error(), TokenFailure::malformed);
    EXPECT_EQ(tokens.verify("AAAA").error(), TokenFailure::malformed);
    std::string changed(vector_id);
    changed[8] = 'X';
    EXPECT_EQ(tokens.verify(changed).error(), TokenFailure::bad_signature);
}

TEST(TokensTest, HashesIds) {
    EXPECT_EQ(hashed_fxa_uid("", "test123"), "4d00ecae64b98dd7dc7dea68d0dd615d");
    EXPECT_EQ(hashed_device_id("", "4d00ecae64b98dd7dc7dea68d0dd615d"), "3a41cccbdd666ebc4199f1f9d1249d44");
    EXPECT_EQ(hashed_fxa_uid("secret0", "test"), "b6102c6841b19b45ca50b29a19405b22");
    EXPECT_EQ(hashed_device_id("secret0", "b6102c6841b19b45ca50b29a19405b22"),
              "a4cac3c6304850b7362970bd9173f5a4");
}

TEST(KeyIdTest, ParsesAndFormats) {
    const auto id = KeyId::parse("0000000001234-qqo");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->keys_changed_at, 1234);
    EXPECT_EQ(id->client_state, "aaaa");
    EXPECT_EQ(KeyId::format(2345, "bbbb"), "0000000002345-u7s");
    for (const auto bad : {"", "-", "12", "x-qqo", "1-!!", "1-qqo=", "99999999999999999999-qqo"}) {
        EXPECT_FALSE(KeyId::parse(bad)) << bad;
    }
    EXPECT_EQ(KeyId::parse("9223372036854775807-qqo")->keys_changed_at, 9223372036854775807);
}

}  // namespace
}  // namespace homespun::sync::protocol
