#include "sync/accounts/keys.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace homespun::sync::accounts {
namespace {

std::string hex(std::string_view bytes) {
    return base::hex_encode(bytes);
}

/// `count` bytes that count up from `first`.
std::string rising(int first, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i)
        bytes += static_cast<char>(first + i);
    return bytes;
}

// The vectors of the older stretching, the tokens and the bundle equal the published "onepw" vectors.
constexpr std::string_view email = "andr\xc3\xa9@example.org";
constexpr std::string_view password = "p\xc3\xa4ssw\xc3\xb6rd";

TEST(Keys, OlderStretch) {
    const auto stretched = quick_stretch_v1(password, email);
    EXPECT_EQ(hex(stretched), "e4e8889bd8bd61ad6de6b95c059d56e7b50dacdaf62bd84644af7e2add84345d");
    const auto halves = split_password(stretched);
    EXPECT_EQ(hex(halves.auth), "247b675ffb4c46310bc87e26d712153abe5e1c90ef00a4784594f97ef54f2375");
    EXPECT_EQ(hex(halves.unwrap), "de6a2648b78284fcb9ffa81ba95803309cfba7af583c01a8a1a63e567234dd28");
}

TEST(Keys, NewerStretch) {
    const auto stretched = quick_stretch_v2(password, client_salt_text("0123456789abcdef0123456789abcdef"));
    EXPECT_EQ(hex(stretched), "1962d132874d2be60129f21229c42205e75661b08b7e657c4997972475459e41");
    const auto halves = split_password(stretched);
    EXPECT_EQ(hex(halves.auth), "d278c764bd1852a14bfc4e9d8c1682b4f1a57edb9a9372bf8c370cc41592155b");
    EXPECT_EQ(hex(halves.unwrap), "616616095eff30032abf6a47df30d9a3fc799d8af5e8519905c1601170553493");
}

TEST(Keys, SessionToken) {
    const auto counted = derive_session_token(rising(0xa0, 32));
    EXPECT_EQ(hex(counted.id), "c0a29dcf46174973da1378696e4c82ae10f723cf4f4d9f75e39f4ae3851595ab");
    EXPECT_EQ(hex(counted.key), "9d8f22998ee7f5798b887042466b72d53e56ab0c094388bf65831f702d2febc0");
    const auto same = derive_session_token(std::string(32, '\x0f'));
    EXPECT_EQ(hex(same.id), "923ee512d6153af6796ecb3aaddb1e8a48a713ef79cf0dbcfcc124456fd3ed6a");
}

TEST(Keys, KeyFetchTokenAndBundle) {
    const auto token = derive_key_fetch_token(rising(0x80, 32));
    EXPECT_EQ(hex(token.id), "3d0a7c02a15a62a2882f76e39b6494b500c022a8816e048625a495718998ba60");
    EXPECT_EQ(hex(token.key), "87b8937f61d38d0e29cd2d5600b3f4da0aa48ac41de36a0efe84bb4a9872ceb7");
    EXPECT_EQ(hex(token.request_key), "14f338a9e8c6324d9e102d4e6ee83b209796d5c74bb734a410e729e014a4a546");

    const AccountKeys keys{rising(0x20, 32), rising(0x40, 32)};
    const auto bundle = make_key_bundle(token.request_key, keys);
    EXPECT_EQ(hex(bundle),
              "ee5c58845c7c9412b11bbd20920c2fddd83c33c9cd2c2de2d66b222613364636"
              "c2c0f8cfbb7c630472c0bd88451342c6c05b14ce342c5ad46ad89e84464c993c"
              "3927d30230157d0817a077eef4b20d976f7a97363faf3f064c003ada7d01aa70");
    const auto opened = open_key_bundle(token.request_key, bundle);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->key_a, keys.key_a);
    EXPECT_EQ(opened->wrapped_key_b, keys.wrapped_key_b);
}

TEST(Keys, BundleThatWasTouchedDoesNotOpen) {
    const auto token = derive_key_fetch_token(rising(0x80, 32));
    const auto bundle = make_key_bundle(token.request_key, {rising(0x20, 32), rising(0x40, 32)});
    for (const std::size_t at : {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{95}}) {
        auto touched = bundle;
        touched[at] = static_cast<char>(touched[at] ^ 1);
        EXPECT_FALSE(open_key_bundle(token.request_key, touched)) << at;
    }
    EXPECT_FALSE(open_key_bundle(token.request_key, bundle.substr(1)));
    EXPECT_FALSE(open_key_bundle(token.request_key, ""));
}

TEST(Keys, SyncKey) {
    const auto wrapped = rising(0x40, 32);
    const auto key_b = base::exclusive_or(wrapped, split_password(quick_stretch_v1(password, email)).unwrap);
    EXPECT_EQ(hex(key_b), "9e2b640bf3c7c2bbf1b6e250e5154d7fccaaf5fc0c6957fff9ff640d2e698377");
    const auto key = sync_scoped_key(key_b, 1'700'000'000'123);
    EXPECT_EQ(key.kid, "1700000000123-6RAnWPgsVlcAHkXU9-kTng");
    EXPECT_EQ(key.k,
              "LKbuhCCuNa8cPdiBqnGzJMO_mqh5K6yUkfOKRL3X07kZ35YHuAItwvgAfMQoV_n7WmxidLzweBWh-bQxgXYsfQ");
}

TEST(Keys, PkceChallenge) {
    EXPECT_EQ(pkce_challenge("3l3nJY5xhGTNv6Qo3f3xOsgYHHMnMYl5yIFvaZIxm6U"),
              "tXSR5HrbSGL6zFehcxvT_YLmxSgYjOUWMmsxz-0Iqig");
}

TEST(Keys, ServerHalvesDifferFromEachOtherAndTheirSource) {
    const auto halves = split_server_stretch(std::string(32, 'x'));
    EXPECT_EQ(halves.verify_hash.size(), key_size);
    EXPECT_EQ(halves.wrapwrap_key.size(), key_size);
    EXPECT_NE(halves.verify_hash, halves.wrapwrap_key);
}

TEST(Keys, ClientSalt) {
    const auto good = client_salt_text("0123456789abcdef0123456789abcdef");
    EXPECT_EQ(good, "identity.mozilla.com/picl/v1/quickStretchV2:0123456789abcdef0123456789abcdef");
    EXPECT_TRUE(is_client_salt(good));
    EXPECT_FALSE(is_client_salt("0123456789abcdef0123456789abcdef"));
    EXPECT_FALSE(is_client_salt(client_salt_text("0123456789ABCDEF0123456789abcdef")));
    EXPECT_FALSE(is_client_salt(client_salt_text("0123456789abcdef0123456789abcde")));
    EXPECT_FALSE(is_client_salt(good + "0"));
    EXPECT_FALSE(is_client_salt(""));
}

}  // namespace
}  // namespace homespun::sync::accounts
