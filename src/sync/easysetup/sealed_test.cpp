#include "sync/easysetup/sealed.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/jpake.hpp"
#include "base/jpake_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

using base::jpake::Keys;
using base::jpake::SeededRandom;

const Keys& keys() {
    static const auto it = Keys::derive("shared");
    return it;
}

std::string base64(std::string_view bytes) {
    return base::base64_encode(bytes, base::Base64::standard);
}

/// Signed well, so that what is behind the signature is reached.
Sealed sealed_as(std::string ciphertext, std::string iv) {
    auto hmac = base::hex_encode(base::hmac_sha256(keys().authentication(), ciphertext));
    return {std::move(ciphertext), std::move(iv), std::move(hmac)};
}

void expect_fault(const Sealed& sealed, SealFault fault) {
    const auto opened = open(keys(), sealed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), fault);
}

/// Computed with the openssl command from the same keys.
TEST(SealedTest, OpensWhatAnotherProgramEncrypted) {
    ASSERT_EQ(base::hex_encode(keys().encryption()),
              "5d8e48e88d8f707a8a2dcd319c0bbf4d294cd0f65b7133d5abc1c0297ba0e4ac");
    ASSERT_EQ(base::hex_encode(keys().authentication()),
              "66d6d72425746e5e019f6a991df04efb9736866801891bf72d0bae4d7632655e");
    const Sealed foreign{"HJ13il5jwZOjXXOMW+MMfqqA3XrvxU2odE5QBPF8Yzs=", "AAECAwQFBgcICQoLDA0ODw==",
                         "3dba17ea0f68a4b68c7f86ffd228a52af7133aee8d9a8ebb026c44455062ae61"};
    EXPECT_EQ(open(keys(), foreign).value(), "{\"account\":\"jane\"}");
}

TEST(SealedTest, OpensWhatItSealed) {
    EXPECT_TRUE(rc::check("every text comes back, in as few blocks as it needs", [](const std::string& text) {
        base::SystemRandom random;
        const auto sealed = seal(keys(), text, random);
        RC_ASSERT(open(keys(), sealed).value() == text);
        const auto cipher = base::base64_decode(sealed.ciphertext, base::Base64::standard).value();
        RC_ASSERT(cipher.size() == text.size() / 16 * 16 + 16);
        RC_ASSERT(sealed.hmac.size() == 64U);
    }));
}

TEST(SealedTest, EachTimeWithAnotherIv) {
    SeededRandom random("iv");
    const auto one = seal(keys(), "text", random);
    const auto two = seal(keys(), "text", random);
    EXPECT_NE(one.iv, two.iv);
    EXPECT_NE(one.ciphertext, two.ciphertext);
}

TEST(SealedTest, OtherKeysDoNotOpen) {
    SeededRandom random("iv");
    const auto opened = open(Keys::derive("other"), seal(keys(), "text", random));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), SealFault::wrong_hmac);
}

TEST(SealedTest, ChangesAreNoticed) {
    SeededRandom random("iv");
    const auto whole = seal(keys(), "some longer text, of three blocks", random);
    for (std::size_t i = 0; i < whole.ciphertext.size(); ++i) {
        auto changed = whole;
        changed.ciphertext[i] = changed.ciphertext[i] == 'A' ? 'B' : 'A';
        expect_fault(changed, SealFault::wrong_hmac);
    }
    for (const auto& hmac : {std::string(), whole.hmac.substr(1), whole.hmac + "0", std::string(64, '0')}) {
        auto changed = whole;
        changed.hmac = hmac;
        expect_fault(changed, SealFault::wrong_hmac);
    }
}

TEST(SealedTest, ATextThatIsSignedButNoCipherIsRefused) {
    const auto iv = base64(std::string(16, 'i'));
    for (const auto& cipher : {std::string(), std::string("?"), std::string("AAA"), base64("15 bytes, no 16"),
                               base64(std::string(17, 'x')), base64(std::string(32, 'x'))}) {
        expect_fault(sealed_as(cipher, iv), SealFault::bad_ciphertext);
    }
    SeededRandom random("iv");
    const auto good = seal(keys(), "text", random);
    for (const auto& bad :
         {std::string(), std::string("?"), base64(std::string(15, 'i')), base64(std::string(17, 'i'))})
        expect_fault(sealed_as(good.ciphertext, bad), SealFault::bad_iv);
}

TEST(SealedTest, ConfirmsEqualKeysOnly) {
    SeededRandom random("iv");
    const auto sealed = confirmation(keys(), random);
    EXPECT_TRUE(sealed.hmac.empty()) << "as Firefox sends it";
    EXPECT_TRUE(confirms(keys(), sealed).value());
    EXPECT_FALSE(confirms(Keys::derive("other"), sealed).value());
    auto changed = sealed;
    changed.ciphertext.front() ^= 1;
    EXPECT_FALSE(confirms(keys(), changed).value());
    auto signed_too = sealed;
    signed_too.hmac = "whatever";
    EXPECT_TRUE(confirms(keys(), signed_too).value()) << "Android signs, which nobody checks";
    changed = sealed;
    changed.iv = base64(std::string(8, 'i'));
    EXPECT_EQ(confirms(keys(), changed).error(), SealFault::bad_iv);
}

TEST(SealedTest, TheKnownValueIsSixteenDigits) {
    SeededRandom random("iv");
    auto sealed = confirmation(keys(), random);
    sealed = sealed_as(sealed.ciphertext, sealed.iv);
    EXPECT_EQ(open(keys(), sealed).value(), "0123456789ABCDEF");
}

TEST(SealedTest, FaultsNameTheMessage) {
    EXPECT_EQ(describe(SealFault::wrong_hmac, "sender3"),
              (Failure{ErrorCode::keymismatch, "sender3: not signed with our key"}));
    EXPECT_EQ(describe(SealFault::bad_iv, "sender3").code, ErrorCode::invalid);
    EXPECT_EQ(describe(SealFault::bad_ciphertext, "receiver3").detail,
              "receiver3: ciphertext is not base64 of padded blocks");
}

}  // namespace
}  // namespace homespun::sync::easysetup
