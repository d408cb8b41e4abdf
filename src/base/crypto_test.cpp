#include "base/crypto.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <thread>

#include "base/encoding.hpp"

namespace homespun::base {
namespace {

using namespace std::string_view_literals;

/// The bytes from `first` to `last`.
std::string range(int first, int last) {
    std::string bytes;
    for (int byte = first; byte <= last; ++byte)
        bytes += static_cast<char>(byte);
    return bytes;
}

TEST(Md5Test, KnowsTheVectors) {
    // RFC 1321, A.5
    EXPECT_EQ(hex_encode(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hex_encode(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Sha256Test, KnowsTheVectors) {
    // FIPS 180-4 examples.
    EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex_encode(sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha1Test, KnowsTheVectors) {
    // FIPS 180-4 examples.
    EXPECT_EQ(hex_encode(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(hex_encode(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(HmacTest, KnowsTheVectors) {
    // RFC 4231, 4.
    struct Vector {
        std::string key, data, mac;
    };
    const Vector vectors[] = {
        {std::string(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(20, '\xaa'), std::string(50, '\xdd'),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {range(1, 25), std::string(50, '\xcd'),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {std::string(131, '\xaa'),
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
         "to be "
         "hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (const auto& [key, data, mac] : vectors) {
        EXPECT_EQ(hex_encode(hmac_sha256(key, data)), mac) << data;
    }
}

TEST(HmacTest, HashesOnlyKeysBeyondABlock) {
    EXPECT_EQ(hmac_sha256(std::string(65, 'k'), "x"), hmac_sha256(sha256(std::string(65, 'k')), "x"));
    EXPECT_NE(hmac_sha256(std::string(64, 'k'), "x"), hmac_sha256(sha256(std::string(64, 'k')), "x"));
    EXPECT_EQ(hmac_sha256("", "x"), hmac_sha256("\0"sv, "x")) << "keys are padded with zeros";
}

TEST(HkdfTest, KnowsTheVectors) {
    // RFC 5869, A.1 to A.3.
    EXPECT_EQ(hex_encode(hkdf_sha256(std::string(22, '\x0b'), range(0, 12), range(0xf0, 0xf9), 42)),
              "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    EXPECT_EQ(
        hex_encode(hkdf_sha256(range(0, 0x4f), range(0x60, 0xaf), range(0xb0, 0xff), 82)),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    EXPECT_EQ(hex_encode(hkdf_sha256(std::string(22, '\x0b'), "", "", 42)),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfTest, ShortIsTheBeginningOfLong) {
    const auto longest = hkdf_sha256("key", "salt", "info", 8160);
    ASSERT_EQ(longest.size(), 8160U);
    for (const std::size_t length : {0U, 1U, 31U, 32U, 33U, 64U, 8159U}) {
        EXPECT_EQ(hkdf_sha256("key", "salt", "info", length), longest.substr(0, length));
    }
    EXPECT_NE(longest.substr(8128), longest.substr(0, 32));
}

TEST(HkdfTest, DerivesTheKeysOfTheAccountsProtocol) {
    const std::string names = "identity.mozilla.com/picl/v1/";
    const auto session = hkdf_sha256(range(0xa0, 0xbf), "", names + "sessionToken", 96);
    EXPECT_EQ(hex_encode(session.substr(0, 32)),
              "c0a29dcf46174973da1378696e4c82ae10f723cf4f4d9f75e39f4ae3851595ab");
    EXPECT_EQ(hex_encode(session.substr(32, 32)),
              "9d8f22998ee7f5798b887042466b72d53e56ab0c094388bf65831f702d2febc0");
    const auto stretched =
        pbkdf2_sha256("p\xC3\xA4ssw\xC3\xB6rd", names + "quickStretch:andr\xC3\xA9@example.org", 1000, 32);
    EXPECT_EQ(hex_encode(stretched), "e4e8889bd8bd61ad6de6b95c059d56e7b50dacdaf62bd84644af7e2add84345d");
    EXPECT_EQ(hex_encode(hkdf_sha256(stretched, "", names + "authPW", 32)),
              "247b675ffb4c46310bc87e26d712153abe5e1c90ef00a4784594f97ef54f2375");
}

TEST(Pbkdf2Test, KnowsTheVectors) {
    // The inputs of RFC 6070 under SHA-256.
    EXPECT_EQ(hex_encode(pbkdf2_sha256("password", "salt", 1, 32)),
              "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b");
    EXPECT_EQ(hex_encode(pbkdf2_sha256("password", "salt", 2, 32)),
              "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43");
    EXPECT_EQ(hex_encode(pbkdf2_sha256("password", "salt", 4096, 32)),
              "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
    EXPECT_EQ(hex_encode(pbkdf2_sha256("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt",
                                       4096, 40)),
              "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9");
    EXPECT_EQ(hex_encode(pbkdf2_sha256("pass\0word"sv, "sa\0lt"sv, 4096, 16)),
              "89b69d0516f829893c696226650a8687");
}

TEST(ExclusiveOrTest, UndoesItself) {
    EXPECT_EQ(exclusive_or("\x0f\xf0", "\xff\xff"), "\xf0\x0f");
    EXPECT_EQ(exclusive_or("abc", "a"), "\0"sv) << "the shorter side decides";
    EXPECT_TRUE(rc::check([](const std::string& a) {
        const auto key = hkdf_sha256("key", "", "", a.size());
        RC_ASSERT(exclusive_or(exclusive_or(a, key), key) == a);
    }));
}

TEST(EqualConstantTimeTest, ComparesAllBytes) {
    EXPECT_TRUE(equal_constant_time("", ""));
    EXPECT_TRUE(equal_constant_time("a\0b"sv, "a\0b"sv));
    EXPECT_FALSE(equal_constant_time("a\0b"sv, "a\0c"sv));
    EXPECT_FALSE(equal_constant_time("a", "ab"));
    EXPECT_FALSE(equal_constant_time("", "a"));
}

TEST(CryptoTest, ThreadsDoNotDisturbEachOther) {
    const auto expected = hkdf_sha256("key", "salt", "info", 1000);
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int round = 0; round < 200; ++round)
                    wrong += hkdf_sha256("key", "salt", "info", 1000) == expected ? 0 : 1;
            });
        }
    }
    EXPECT_EQ(wrong, 0);
}

TEST(Sha256Test, PiecesGiveWhatTheWholeGives) {
    Sha256 hash;
    for (const char* piece : {"abc", "", "def"})
        hash.add(piece);
    EXPECT_EQ(hash.finish(), sha256("abcdef"));
    EXPECT_EQ(Sha256().finish(), sha256(""));
}

}  // namespace
}  // namespace homespun::base
