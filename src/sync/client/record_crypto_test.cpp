#include "sync/client/record_crypto.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/sealed_text.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/client/keyring.hpp"
#include "sync/client/legacy_sync_key.hpp"

namespace homespun::sync::client {
namespace {

// Of the sheet.
constexpr std::string_view sync_key = "q7ynpwq7vsc9m34hankbyi3s3i";
constexpr std::string_view user = "st3fan";

// Made by another implementation (Python's cryptography) under the keys of that user.
constexpr std::string_view crypto_keys =
    R"({"ciphertext":"jMTUUBfPwG8VAJMjTmTEBhQkZwsUcLFqY0p7051zBWlwVGM3UHIDdQDBQB1HCFV5eiNvXLW0oQYVb3p6Mc9w3Saidu0QeJUwOo3DSB7vC8xODlW4AKazR7kQxxau5Ea1FdSEFcIfV5VySKCEuWK9/iWhBFd4l4crLOJAkDshqmLIxr42I+XKBotgheSXFoN6cTS/UtoPEB4+6iDXlseXgNZpuWtYbfTCX6jyFD0voF2vYatWsFwgpNhWatJ8YHkYxI4iOgNCG86cmMxwu4Oxx4Xd9pyWIUft154idsnYex3mjXIdPngnLiZlatBms1SbgVeDxoQwg0jMoLvd7Fuv4gliS+BKGSBixdoCqVM6RQk=","IV":"AAECAwQFBgcICQoLDA0ODw==","hmac":"e6f67db51f030d63b8d53e276bb34bb03f6f9b010193294f16b5efd7373df276"})";
constexpr std::string_view bookmark =
    R"({"ciphertext":"hm1GUeGoJZDG9YS4CcvMb6UIFqoDbEBUO0EthyXARSM64kh+ry7XDTjvJMmIL7HM0ESYmRZ5RHDWZ83SmNYMQ/K+BJbHcGvVPS+7887a9wtW3esKlhGCs7uHKxptE6ak","IV":"EBESExQVFhcYGRobHB0eHw==","hmac":"1674c51744a37db4716a65ce5725380b3d22ad435ab61eeb9639dd2975243fca"})";
constexpr std::string_view login =
    R"({"ciphertext":"bGs2WJ6OAfj+kcNhLZCj4Azi6SXJy/Y7xTsWBDRaY686G3BnvY8weItPlxsIb+9BkafwaauqootAflkclm08bP44bf/l8bERL0UDylqQHR3Sd2BQ4iH/e46yrZu3CXmzNhNubsCdXQZogBLgGHD2Ug==","IV":"ICEiIyQlJicoKSorLC0uLw==","hmac":"14f782606f49184a40da48fd065d348e5dfacef88a0f43107ec283d180824ae0"})";
constexpr std::string_view bookmark_id = "p2sRBVMpEPbl";
constexpr std::string_view login_id = "{5d1c7a3e-7f3f-4f3a-9d2d-000000000001}";

base::KeyPair person() {
    return LegacySyncKey::parse(sync_key).value().bundle(user);
}

Keyring keyring() {
    Keyring keys(person());
    EXPECT_TRUE(keys.learn(crypto_keys));
    return keys;
}

/// Sealed well, so that what is behind the signature is reached.
std::string sealed(const base::KeyPair& keys, std::string_view text) {
    base::SystemRandom random;
    const auto made = base::seal(keys, text, random);
    return R"({"ciphertext":")" + made.ciphertext + R"(","IV":")" + made.iv + R"(","hmac":")" + made.hmac +
           "\"}";
}

TEST(LegacySyncKeyTest, VectorOfTheSheet) {
    const auto pair = person();
    EXPECT_EQ(base::hex_encode(pair.encryption()),
              "14b8c09fa84e92729ee695160af6e0385f8f6215a25d14906e1747bdaa2de426");
    EXPECT_EQ(base::hex_encode(pair.authentication()),
              "370e3566245d79fe602a3adb5137e42439cd2a571235197e0469d7d541b07875");
}

TEST(LegacySyncKeyTest, IsReadAsPeopleTypeIt) {
    const auto key = LegacySyncKey::parse(" Q-7ynpw-Q7VSC-9m34h-ankby-i3s3I\n").value();
    EXPECT_EQ(key.text(), sync_key);
    EXPECT_EQ(key.shown(), "q-7ynpw-q7vsc-9m34h-ankby-i3s3i");
    for (int i = 0; i < 50; ++i) {
        base::SystemRandom random;
        const auto fresh = LegacySyncKey::make(random);
        EXPECT_EQ(fresh.text().size(), 26U);
        EXPECT_EQ(fresh.text().find_first_of("lo01"), std::string::npos);
        EXPECT_EQ(LegacySyncKey::parse(fresh.shown()).value().text(), fresh.text());
    }
}

TEST(LegacySyncKeyTest, WrongOnesAreRefused) {
    const auto message = [](std::string_view text) {
        const auto key = LegacySyncKey::parse(text);
        return key ? std::string() : key.error().message;
    };
    EXPECT_NE(message("").find("0 letters"), std::string::npos);
    EXPECT_NE(message("q7ynpwq7vsc9m34hankbyi3s3").find("25 letters"), std::string::npos);
    EXPECT_NE(message("q7ynpwq7vsc9m34hankbyi3s3ii").find("27 letters"), std::string::npos);
    EXPECT_NE(message("q7ynpwl7vsc9m34hankbyi3s3i").find("letter 7"), std::string::npos);
    EXPECT_NE(message("q7ynpwq7vsc9m34hankbyi3s3j").find("last letter"), std::string::npos);
}

/// Of the accounts sheet, section 4.
TEST(AccountKeysTest, VectorOfTheSheet) {
    const auto key_b =
        base::hex_decode("9e2b640bf3c7c2bbf1b6e250e5154d7fccaaf5fc0c6957fff9ff640d2e698377").value();
    const auto wanted = base::base64_decode(
        "LKbuhCCuNa8cPdiBqnGzJMO_mqh5K6yUkfOKRL3X07kZ35YHuAItwvgAfMQoV_n7WmxidLzweBWh-bQxgXYsfQ",
        base::Base64::url_nopad);
    const auto pair = base::KeyPair::from_bytes(accounts::sync_key(key_b));
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->bytes(), wanted);
}

TEST(RecordCryptoTest, OpensWhatAnotherProgramSealed) {
    const auto keys = keyring();
    EXPECT_EQ(keys.open("bookmarks", bookmark_id, bookmark).value(),
              R"({"id":"p2sRBVMpEPbl","type":"bookmark","title":"Zwölf","bmkUri":"http://example.org/"})");
    EXPECT_NE(keys.open("passwords", login_id, login).value().find("geheiß"), std::string::npos);
    EXPECT_NE(keys.open("crypto", "keys", crypto_keys).value().find("\"default\""), std::string::npos);
}

TEST(RecordCryptoTest, EachCollectionHasItsKey) {
    const auto keys = keyring();
    EXPECT_EQ(keys.open("passwords", bookmark_id, bookmark).error(), RecordFault::wrong_key);
    EXPECT_EQ(keys.open("history", login_id, login).error(), RecordFault::wrong_key);
    EXPECT_EQ(keys.open("crypto", bookmark_id, bookmark).error(), RecordFault::wrong_key);
}

TEST(RecordCryptoTest, AnotherSyncKeyOrUserDoesNotOpen) {
    EXPECT_EQ(
        CollectionKeys::open(LegacySyncKey::parse(sync_key).value().bundle("another"), crypto_keys).error(),
        RecordFault::wrong_key);
    base::SystemRandom random;
    Keyring keys(LegacySyncKey::make(random).bundle(user));
    EXPECT_EQ(keys.learn(crypto_keys).error(), RecordFault::wrong_key);
    EXPECT_EQ(keys.open("bookmarks", bookmark_id, bookmark).error(), RecordFault::no_keys);
    EXPECT_EQ(keys.seal("bookmarks", "x", "{}", random).error(), RecordFault::no_keys);
}

TEST(RecordCryptoTest, ARecordInAnotherPlaceIsRefused) {
    EXPECT_EQ(keyring().open("bookmarks", "another", bookmark).error(), RecordFault::other_record);
}

TEST(RecordCryptoTest, WhatIsSealedOpens) {
    base::SystemRandom random;
    Keyring keys(person());
    Keyring peer(person());
    ASSERT_TRUE(peer.learn(keys.make_keys(random)));
    const auto same = [&](std::string_view collection, std::string_view id, std::string_view record) {
        return peer.open(collection, id, keys.seal(collection, id, record, random).value()).value();
    };
    for (const char* const record : {R"({"id":"a"})", R"({"id":"a","n":1.50,"text":"\u0007 ß 😀"})"}) {
        EXPECT_EQ(same("bookmarks", "a", record), record);
        EXPECT_EQ(same("crypto", "a", record), record);
    }
    const auto one = keys.seal("bookmarks", "a", "{}", random);
    EXPECT_NE(one.value(), keys.seal("bookmarks", "a", "{}", random).value()) << "each time another IV";
}

TEST(RecordCryptoTest, TheIdIsWrittenIntoTheRecord) {
    base::SystemRandom random;
    const auto keys = keyring();
    const auto sealed_as = [&](std::string_view id, std::string_view record) {
        const auto payload = keys.seal("bookmarks", id, record, random);
        return payload ? keys.open("bookmarks", id, *payload).value()
                       : std::string(describe(payload.error()));
    };
    EXPECT_EQ(sealed_as("a", R"({"id":"a","n":1.50})"), R"({"id":"a","n":1.50})");
    EXPECT_EQ(sealed_as("a\"b", " {\"n\": 1}\n"), "{\"id\":\"a\\\"b\",\"n\": 1}");
    EXPECT_EQ(sealed_as("a", "{ }"), "{\"id\":\"a\" }");
    EXPECT_EQ(sealed_as("a", R"({"id":"b"})"), describe(RecordFault::other_record));
    for (const char* const wrong : {"", "[]", "1", "{", "\"{}\"", "{\"a\":1} x"})
        EXPECT_EQ(sealed_as("a", wrong), describe(RecordFault::not_json)) << wrong;
}

TEST(RecordCryptoTest, WhatIsNoSealedRecordIsRefused) {
    const auto keys = keyring();
    const auto fault = [&](std::string_view payload) { return keys.open("forms", "a", payload).error(); };
    for (const char* const plain : {"", "{}", "[]", "text", R"({"ciphertext":"a","IV":"b"})",
                                    R"({"ciphertext":1,"IV":"b","hmac":"c"})"})
        EXPECT_EQ(fault(plain), RecordFault::not_sealed) << plain;
    auto changed = std::string(bookmark);
    changed[20] ^= 1;
    EXPECT_EQ(fault(changed), RecordFault::wrong_key);
    changed = std::string(bookmark);
    changed.replace(changed.find("EBES"), 4, "EBE?");
    EXPECT_EQ(fault(changed), RecordFault::bad_iv) << "the IV is not signed";

    const auto pair = CollectionKeys::open(person(), crypto_keys).value();
    for (const char* const text : {"", "no json", "[1]", "{\"id\":\"a\"} {}"})
        EXPECT_EQ(open_payload(pair.of("forms"), sealed(pair.of("forms"), text), "a").error(),
                  RecordFault::not_json)
            << text;
    EXPECT_EQ(open_payload(pair.of("forms"), sealed(pair.of("forms"), R"({"id":7})"), "7").error(),
              RecordFault::other_record);
    EXPECT_TRUE(open_payload(pair.of("forms"), sealed(pair.of("forms"), R"({"no":"id"})"), "a"));
}

TEST(RecordCryptoTest, CryptoKeysWithoutUsablePairsAreRefused) {
    const auto fault = [](std::string_view record) { return CollectionKeys::parse(record).error(); };
    const std::string good = base::base64_encode(std::string(32, 'k'), base::Base64::standard);
    const auto pair = "[\"" + good + "\",\"" + good + "\"]";
    EXPECT_TRUE(CollectionKeys::parse("{\"default\":" + pair + "}"));
    EXPECT_EQ(fault("x"), RecordFault::not_json);
    for (const auto& wrong :
         {std::string("{}"), R"({"default":["a","b"]})" + std::string(), "{\"default\":[\"" + good + "\"]}",
          "{\"default\":" + pair + ",\"collections\":[]}",
          "{\"default\":" + pair + ",\"collections\":{\"tabs\":[\"" + good + "\",\"AAAA\"]}}"})
        EXPECT_EQ(fault(wrong), RecordFault::bad_keys) << wrong;
}

TEST(RecordCryptoTest, MetaIsNotEncrypted) {
    base::SystemRandom random;
    const auto keys = keyring();
    EXPECT_EQ(keys.seal("meta", "global", R"({"storageVersion":5})", random).value(),
              R"({"storageVersion":5})");
    EXPECT_EQ(keys.open("meta", "global", R"({"storageVersion":5})").value(), R"({"storageVersion":5})");
    EXPECT_EQ(keys.open("meta", "global", "[").error(), RecordFault::not_json);
}

TEST(RecordCryptoTest, OnlyUsableKeysAreStored) {
    base::SystemRandom random;
    const auto keys = keyring();
    EXPECT_EQ(keys.seal("crypto", "keys", "{}", random).error(), RecordFault::bad_keys);
    const auto same = keys.open("crypto", "keys", crypto_keys).value();
    EXPECT_EQ(keys.open("crypto", "keys", keys.seal("crypto", "keys", same, random).value()).value(), same);
}

}  // namespace
}  // namespace homespun::sync::client
