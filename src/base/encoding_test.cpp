#include "base/encoding.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <utility>

namespace homespun::base {
namespace {

using namespace std::string_view_literals;

constexpr Base64 alphabets[] = {Base64::standard, Base64::url, Base64::url_nopad};

TEST(HexTest, KnowsTheVectors) {
    // RFC 4648, 10.
    EXPECT_EQ(hex_encode("foobar"), "666f6f626172");
    EXPECT_EQ(hex_encode("\0\xFF"sv), "00ff");
    EXPECT_EQ(hex_decode("666F6f626172"), "foobar");
    EXPECT_EQ(hex_decode(""), "");
}

TEST(HexTest, Refuses) {
    for (const auto bad : {"0", "0g", "g0", " 00", "0x00", "00\n", ":0", "@@", "``"}) {
        EXPECT_FALSE(hex_decode(bad)) << bad;
    }
}

TEST(HexTest, DecodesWhatItEncoded) {
    EXPECT_TRUE(
        rc::check([](const std::string& bytes) { RC_ASSERT(hex_decode(hex_encode(bytes)) == bytes); }));
}

TEST(Base64Test, KnowsTheVectors) {
    // RFC 4648, 10.
    const std::pair<std::string_view, std::string_view> vectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(base64_encode(bytes, Base64::standard), text);
        EXPECT_EQ(base64_decode(text, Base64::standard), bytes);
        const auto bare = text.substr(0, text.find('='));
        EXPECT_EQ(base64_encode(bytes, Base64::url_nopad), bare);
        EXPECT_EQ(base64_decode(bare, Base64::url_nopad), bytes);
    }
}

TEST(Base64Test, KeepsTheAlphabetsApart) {
    EXPECT_EQ(base64_encode("\xFB\xFF\xBF", Base64::standard), "+/+/");
    EXPECT_EQ(base64_encode("\xFB\xFF\xBF", Base64::url), "-_-_");
    EXPECT_FALSE(base64_decode("-_-_", Base64::standard));
    EXPECT_FALSE(base64_decode("+/+/", Base64::url));
    EXPECT_FALSE(base64_decode("+/+/", Base64::url_nopad));
}

TEST(Base64Test, RefusesBadPadding) {
    for (const auto bad :
         {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Zm9v====", "Zm8=Zg==", "Zg=a", "Z"}) {
        EXPECT_FALSE(base64_decode(bad, Base64::standard)) << bad;
        EXPECT_FALSE(base64_decode(bad, Base64::url)) << bad;
    }
    for (const auto bad : {"Zg==", "Zm8=", "Z", "Zm9vY"}) {
        EXPECT_FALSE(base64_decode(bad, Base64::url_nopad)) << bad;
    }
}

TEST(Base64Test, RefusesOtherCharactersAndSpareBits) {
    for (const auto bad : {"Zm9v\n", "Zm 9", " Zm9", "Zm9*", "Zm9\xC3"}) {
        EXPECT_FALSE(base64_decode(bad, Base64::standard)) << bad;
    }
    EXPECT_FALSE(base64_decode("Zm\0v"sv, Base64::standard));
    EXPECT_FALSE(base64_decode("Zh==", Base64::standard)) << "the last four bits must be zero";
    EXPECT_FALSE(base64_decode("Zm9=", Base64::standard)) << "the last two bits must be zero";
    EXPECT_FALSE(base64_decode("Zh", Base64::url_nopad));
}

TEST(Base64Test, DecodesWhatItEncoded) {
    EXPECT_TRUE(rc::check([](const std::string& bytes) {
        for (const auto alphabet : alphabets)
            RC_ASSERT(base64_decode(base64_encode(bytes, alphabet), alphabet) == bytes);
    }));
}

TEST(Base64Test, HasOneTextForEachValue) {
    EXPECT_TRUE(rc::check([] {
        const auto text =
            *rc::gen::container<std::string>(rc::gen::element('A', 'g', 'Z', '9', '+', '_', '='));
        for (const auto alphabet : alphabets) {
            if (const auto bytes = base64_decode(text, alphabet))
                RC_ASSERT(base64_encode(*bytes, alphabet) == text);
        }
    }));
}

}  // namespace
}  // namespace homespun::base
