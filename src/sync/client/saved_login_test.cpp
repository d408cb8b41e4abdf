#include "sync/client/saved_login.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace homespun::sync::client {
namespace {

SavedLogin of_account() {
    SavedLogin login;
    login.server = "https://sync.example";
    login.account = "anna@example.org";
    login.session_token = std::string(32, '\x91');
    login.key_id = "1234-6RAnWPgsVlcAHkXU9-kTng";
    login.key_bytes = std::string(32, '\x01') + std::string(32, '\xfe');
    login.crypto_keys = "{\"ciphertext\":\"\"}";
    return login;
}

SavedLogin of_user() {
    SavedLogin login;
    login.protocol = Protocol::users;
    login.server = "http://127.0.0.1:5000";
    login.account = login.user = "st3fan";
    login.password = "pässwörd \"\\";
    login.sync_key = "q7ynpwq7vsc9m34hankbyi3s3i";
    return login;
}

TEST(SavedLoginTest, IsReadAsItWasWritten) {
    const auto account = SavedLogin::parse(of_account().to_json()).value();
    EXPECT_EQ(account.protocol, Protocol::accounts);
    EXPECT_EQ(account.server, "https://sync.example");
    EXPECT_EQ(account.account, "anna@example.org");
    EXPECT_EQ(account.session_token, of_account().session_token);
    EXPECT_EQ(account.key_id, of_account().key_id);
    EXPECT_EQ(account.person_keys().value().bytes(), of_account().key_bytes);
    EXPECT_EQ(account.crypto_keys, of_account().crypto_keys);

    const auto user = SavedLogin::parse(of_user().to_json()).value();
    EXPECT_EQ(user.protocol, Protocol::users);
    EXPECT_EQ(user.password, of_user().password);
    EXPECT_EQ(base::hex_encode(user.person_keys().value().encryption()),
              "14b8c09fa84e92729ee695160af6e0385f8f6215a25d14906e1747bdaa2de426");
}

TEST(SavedLoginTest, ThePasswordOfAnAccountIsNeverWritten) {
    auto login = of_account();
    login.password = "of the account";
    EXPECT_EQ(login.to_json().find("of the account"), std::string::npos);
}

TEST(SavedLoginTest, WhatIsNotWholeIsRefused) {
    const auto refused = [](std::string text) { return !SavedLogin::parse(text); };
    for (const char* const text : {"", "{}", "[]", R"({"homespun_client":2})", R"({"homespun_client":1})"})
        EXPECT_TRUE(refused(text)) << text;
    for (const auto& whole : {of_account().to_json(), of_user().to_json()}) {
        for (const char* const name : {"protocol", "server", "account", "session_token", "key_id", "keys",
                                       "user", "password", "sync_key"}) {
            auto changed = whole;
            const auto at = changed.find("\"" + std::string(name) + "\"");
            if (at == std::string::npos) continue;
            changed.replace(at + 1, 1, "X");
            EXPECT_TRUE(refused(changed)) << changed;
        }
    }
}

}  // namespace
}  // namespace homespun::sync::client
