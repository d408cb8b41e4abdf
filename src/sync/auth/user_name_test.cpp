#include "sync/auth/user_name.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::auth {
namespace {

// The vectors are the sheet's (sync-legacy, 2.1), observed on the reference server.

TEST(UserName, APlainNameIsItself) {
    EXPECT_EQ(user_name("Some_user-1.x"), "Some_user-1.x");
    EXPECT_EQ(user_name("A"), "A");  // case is kept
}

TEST(UserName, AnAddressIsHashed) {
    EXPECT_EQ(user_name("test@example.com"), "kzyvtvrc765vbmi3b36ta67dlbreujxo");
    EXPECT_EQ(user_name("Test@Example.COM"), "kzyvtvrc765vbmi3b36ta67dlbreujxo");
}

TEST(UserName, AnAddressMayBePercentEncoded) {
    EXPECT_EQ(user_name("t%65st@example.com"), "kzyvtvrc765vbmi3b36ta67dlbreujxo");
    EXPECT_EQ(user_name("j%C3%B6e@ex%C3%A4mple.com"), "iscadkojpgezzyh2xmzxngibgsjavke3");
}

TEST(UserName, AnAddressWithOtherLettersGoesThroughIdna) {
    EXPECT_EQ(user_name("j\u00f6e@ex\u00e4mple.com"), "iscadkojpgezzyh2xmzxngibgsjavke3");
    EXPECT_EQ(user_name("J\u00d6E@EX\u00c4MPLE.com"), "iscadkojpgezzyh2xmzxngibgsjavke3");
}

TEST(UserName, WhatIsNeitherIsRefused) {
    for (const std::string_view bad : {"", "a b", "a/b", "j\u00f6e", "a\\b", "\xff@example.com",
                                       "%zz@example.com", "a@b@c.de", "abcdefghijklmnopqrstuvwxyz1234567"})
        EXPECT_FALSE(user_name(bad)) << bad;
    EXPECT_FALSE(user_name(std::string_view("a\0@b.cd", 7)));
}

TEST(MailAddress, TheOldRule) {
    for (const std::string_view good : {"a@b.cd", "some.body+x@mail.example.org",
                                        "\"quoted text\"@example.com", "a@1.2.3.4", "o'neil@x-y.museum"})
        EXPECT_TRUE(is_mail_address(good)) << good;
    for (const std::string_view bad : {"",
                                       "a",
                                       "a@",
                                       "@b.cd",
                                       "a@b",
                                       "a@b.c",
                                       "a@b.c1",
                                       "a..b@c.de",
                                       ".a@c.de",
                                       "a.@c.de",
                                       "a b@c.de",
                                       "a@b@c.de",
                                       "a@[1.2.3.4]",
                                       "a@1.2.3.4.5",
                                       "a@b..cd",
                                       "a<b@c.de",
                                       "a@b.cd\r\nBcc: x@y.zz",
                                       "a\r\n@b.cd",
                                       "\"a\nb\"@c.de",
                                       "\"a<b\"@c.de",
                                       "\"a> X=\"@c.de",
                                       "\"a\\\"@c.de",
                                       "j\u00f6e@c.de"})
        EXPECT_FALSE(is_mail_address(bad)) << bad;
    EXPECT_TRUE(is_mail_address(std::string(58, 'a') + "@bc.de"));
    EXPECT_FALSE(is_mail_address(std::string(59, 'a') + "@bc.de"));
}

TEST(Password, EightBytesAndNotTheName) {
    EXPECT_TRUE(is_strong_password("12345678", "name"));
    EXPECT_FALSE(is_strong_password("1234567", "name"));
    EXPECT_TRUE(is_strong_password("\u00e9\u00e9\u00e9\u00e9", "name"));  // bytes count, not letters
    EXPECT_FALSE(is_strong_password("LongName", "longname"));
    EXPECT_FALSE(is_strong_password(" longname\n", "longname"));
    EXPECT_TRUE(is_strong_password("longname1", "longname"));
    EXPECT_FALSE(is_strong_password("1234567\xff", "name"));
    EXPECT_FALSE(is_strong_password(std::string(1025, 'x'), "name"));
}

}  // namespace
}  // namespace homespun::sync::auth
