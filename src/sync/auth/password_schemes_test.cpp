#include "sync/auth/password_schemes.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::auth {
namespace {

// The vectors are the sheet's (sync-legacy, 10.3), observed on the reference server.
struct Vector {
    PasswordScheme scheme;
    std::string_view password, stored;
};
constexpr Vector vectors[] = {
    {PasswordScheme::ssha, "password", "{SSHA}mLoUnWoB6xapRmPO2lAiF0vdaBNhYmNkZWZnaA=="},
    {PasswordScheme::ssha_256, "password",
     "{SSHA-256}hG7Ffh1tOZl5i/3bOd4ZwI5qdOwXcF2ItzFN1KdpTkhhYmNkZWZnaA=="},
    {PasswordScheme::sscrypt, "password",
     "{SSCRYPT}isIi/SpTGXc4eJuC7+ogX/i56IRH9/"
     "tizsRRhF8DKJOdpaXQHoLplm3iprxhot1WjcxOuSnJK7FV+KKy9rMBp2FiY2RlZmdo"},
    {PasswordScheme::ssha_256, "p\u00e9ss",
     "{SSHA-256}YRLhBhXTcsxhQSWf2U6aYOpLDVM09XCuvrAc4OK4PPZhYmNkZWZnaA=="},
};

TEST(PasswordSchemes, FitWhatTheyWereMadeOf) {
    for (const auto& [scheme, password, stored] : vectors) {
        EXPECT_TRUE(fits_old_hash(password, stored)) << stored;
        EXPECT_EQ(scheme_of(stored), scheme) << stored;
        EXPECT_EQ(make_old_hash(scheme, password, "abcdefgh"), stored);
    }
}

TEST(PasswordSchemes, FitNothingElse) {
    for (const auto& [scheme, password, stored] : vectors) {
        EXPECT_FALSE(fits_old_hash("Password", stored)) << stored;
        EXPECT_FALSE(fits_old_hash("", stored)) << stored;
        auto other_salt = make_old_hash(scheme, password, "abcdefgi");
        ASSERT_TRUE(other_salt);
        EXPECT_NE(*other_salt, stored);
        EXPECT_TRUE(fits_old_hash(password, *other_salt));
    }
}

TEST(PasswordSchemes, WithoutAPrefixItIsSsha) {
    EXPECT_TRUE(fits_old_hash("password", "mLoUnWoB6xapRmPO2lAiF0vdaBNhYmNkZWZnaA=="));
    EXPECT_EQ(scheme_of("mLoUnWoB6xapRmPO2lAiF0vdaBNhYmNkZWZnaA=="), PasswordScheme::ssha);
}

TEST(PasswordSchemes, PlainMd5InHex) {
    EXPECT_TRUE(fits_old_hash("password", "5f4dcc3b5aa765d61d8327deb882cf99"));
    EXPECT_TRUE(fits_old_hash("password", "5F4DCC3B5AA765D61D8327DEB882CF99"));
    EXPECT_FALSE(fits_old_hash("passwort", "5f4dcc3b5aa765d61d8327deb882cf99"));
    EXPECT_EQ(scheme_of("5f4dcc3b5aa765d61d8327deb882cf99"), PasswordScheme::md5_hex);
    EXPECT_FALSE(make_old_hash(PasswordScheme::md5_hex, "password", ""));
}

TEST(PasswordSchemes, WhatIsNoHashFitsNothing) {
    for (const std::string_view bad :
         {"", "password", "{SSHA}", "{SSHA}AAAA", "{MD5}X03MO1qnZdYdgyfeuILPmQ==",
          "{SSHA-256}mLoUnWoB6xapRmPO2lAiF0vdaBNhYmNkZWZnaA==", "{SSHA}!!!"}) {
        EXPECT_FALSE(fits_old_hash("password", bad)) << bad;
        EXPECT_FALSE(fits_old_hash(bad, bad)) << bad;
        EXPECT_FALSE(scheme_of(bad)) << bad;
    }
}

}  // namespace
}  // namespace homespun::sync::auth
