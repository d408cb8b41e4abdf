#include "sync/easysetup/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace homespun::sync::easysetup {
namespace {

using base::jpake::Round1;
using base::jpake::Round2;
using testing::HasSubstr;

Round1 round1() {
    return {
        "\x01\x23", "\xab", {"\x04", "\x05", "receiver"}, {"\x06", std::string("\x00\x07", 2), "receiver"}};
}

constexpr std::string_view round1_text =
    R"({"type":"receiver1","version":3,"payload":{"gx1":"0123","gx2":"ab",)"
    R"("zkp_x1":{"gr":"04","b":"05","id":"receiver"},"zkp_x2":{"gr":"06","b":"0007","id":"receiver"}}})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string changed(text);
    const auto at = changed.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? changed : changed.replace(at, what.size(), with);
}

/// `parsed` fails with this code, and a detail that holds `detail`.
void expect_failure(const auto& parsed, ErrorCode code, std::string_view detail) {
    ASSERT_FALSE(parsed) << detail;
    EXPECT_EQ(parsed.error().code, code) << parsed.error().detail;
    EXPECT_THAT(parsed.error().detail, HasSubstr(detail));
}

TEST(MessagesTest, AreWrittenAsTheSheetHasThem) {
    EXPECT_EQ(write_message(Role::receiver, 3, round1()), round1_text);
    EXPECT_EQ(
        write_message(Role::sender, 2, Round2{"\xff", {"\x01", "\x02", "sender"}}),
        R"({"type":"sender2","version":2,"payload":{"A":"ff","zkp_A":{"gr":"01","b":"02","id":"sender"}}})");
    EXPECT_EQ(write_message(Role::receiver, 3, Sealed{"Yw==", "aQ==", ""}),
              R"({"type":"receiver3","version":3,"payload":{"ciphertext":"Yw==","IV":"aQ=="}})");
    EXPECT_EQ(write_message(Role::sender, 1, Sealed{"Yw==", "aQ==", "0a"}),
              R"({"type":"sender3","payload":{"ciphertext":"Yw==","IV":"aQ==","hmac":"0a"}})")
        << "the first version did not name itself";
}

TEST(MessagesTest, ComeBack) {
    const auto message = parse_round1(round1_text, Role::receiver).value();
    EXPECT_EQ(message.version, 3);
    EXPECT_EQ(message.payload.gx1, "\x01\x23");
    EXPECT_EQ(message.payload.gx2, "\xab");
    EXPECT_EQ(message.payload.zkp_x1.gr, "\x04");
    EXPECT_EQ(message.payload.zkp_x1.b, "\x05");
    EXPECT_EQ(message.payload.zkp_x1.id, "receiver");
    EXPECT_EQ(message.payload.zkp_x2.gr, "\x06");
    EXPECT_EQ(message.payload.zkp_x2.b, std::string("\x00\x07", 2));
    const auto second =
        parse_round2(write_message(Role::sender, 1, Round2{"\xff", {"\x01", "\x02", "sender"}}), Role::sender)
            .value();
    EXPECT_EQ(second.version, 1);
    EXPECT_EQ(second.payload.a, "\xff");
    EXPECT_EQ(second.payload.zkp_a.b, "\x02");
    const Sealed sealed{"Yw==", "aQ==", "0a"};
    EXPECT_EQ(parse_sealed(write_message(Role::sender, 3, sealed), Role::sender)->payload, sealed);
    EXPECT_EQ(parse_sealed(write_message(Role::receiver, 3, sealed), Role::receiver)->payload, sealed)
        << "Android signs its third message too";
}

TEST(MessagesTest, EitherCaseOfHexAndMoreMembersAreTaken) {
    auto text = replaced(round1_text, "\"ab\"", "\"AB\"");
    text = replaced(text, "\"payload\":{", "\"more\":[1],\"payload\":{\"extra\":null,");
    EXPECT_EQ(parse_round1(text, Role::receiver)->payload.gx2, "\xab");
}

TEST(MessagesTest, VersionsAreNumbers) {
    const auto version = [](std::string_view with) {
        return parse_round1(replaced(round1_text, "\"version\":3", with), Role::receiver);
    };
    EXPECT_EQ(version("\"version\":1")->version, 1);
    EXPECT_EQ(version("\"version\":null")->version, 1);
    EXPECT_EQ(version("\"other\":3")->version, 1);
    EXPECT_EQ(version("\"version\":7")->version, 7) << "what comes after us";
    for (const auto bad : {"\"version\":\"3\"", "\"version\":0", "\"version\":-1", "\"version\":2.5",
                           "\"version\":99999999999", "\"version\":[3]"}) {
        expect_failure(version(bad), ErrorCode::invalid, "receiver1: version");
    }
}

TEST(MessagesTest, AnotherMessageIsRefusedByName) {
    expect_failure(parse_round1(round1_text, Role::sender), ErrorCode::wrongmessage,
                   "sender1 is due, but receiver1 came");
    expect_failure(parse_round2(round1_text, Role::receiver), ErrorCode::wrongmessage,
                   "receiver2 is due, but receiver1 came");
    expect_failure(parse_sealed("{}", Role::sender), ErrorCode::wrongmessage, "something else");
    expect_failure(parse_sealed("[]", Role::sender), ErrorCode::wrongmessage, "something else");
    const auto foreign = parse_sealed(R"({"type":"<script>","payload":{}})", Role::sender);
    expect_failure(foreign, ErrorCode::wrongmessage, "sender3 is due, but something else came");
}

TEST(MessagesTest, WhatIsNoJsonIsRefused) {
    for (const auto text : {"", "{", "not", "{\"type\":\"sender3\"} x", "\xff\xfe"})
        expect_failure(parse_sealed(text, Role::sender), ErrorCode::invalid, "sender3: ");
    const auto huge = std::string(max_message_bytes + 1, ' ');
    expect_failure(parse_round1(huge, Role::sender), ErrorCode::invalid, "65537 bytes");
}

TEST(MessagesTest, EveryMemberIsWanted) {
    for (const auto name : {"payload", "gx1", "gx2", "zkp_x1", "zkp_x2"}) {
        const auto text = replaced(round1_text, '"' + std::string(name) + '"', "\"gone\"");
        expect_failure(parse_round1(text, Role::receiver), ErrorCode::wrongmessage,
                       "receiver1: " + std::string(name) + " is missing");
    }
    for (const auto name : {"gr", "b", "id"}) {
        const auto text = replaced(round1_text, '"' + std::string(name) + "\":\"", "\"gone\":\"");
        expect_failure(parse_round1(text, Role::receiver), ErrorCode::wrongmessage,
                       "receiver1: zkp_x1." + std::string(name) + " is missing");
    }
    const auto second = write_message(Role::sender, 3, Round2{"\xff", {"\x01", "\x02", "sender"}});
    for (const auto name : {"A", "zkp_A"}) {
        expect_failure(
            parse_round2(replaced(second, '"' + std::string(name) + '"', "\"gone\""), Role::sender),
            ErrorCode::wrongmessage, "sender2: " + std::string(name));
    }
    const auto third = write_message(Role::sender, 3, Sealed{"Yw==", "aQ==", "0a"});
    for (const auto name : {"ciphertext", "IV", "hmac"}) {
        expect_failure(parse_sealed(replaced(third, '"' + std::string(name) + '"', "\"gone\""), Role::sender),
                       ErrorCode::wrongmessage, "sender3: " + std::string(name));
    }
}

TEST(MessagesTest, MembersOfAnotherKindAreRefused) {
    expect_failure(parse_round1(replaced(round1_text, "\"0123\"", "291"), Role::receiver),
                   ErrorCode::wrongmessage, "receiver1: gx1");
    expect_failure(
        parse_round1(replaced(round1_text, "\"payload\":{", "\"payload\":[],\"x\":{"), Role::receiver),
        ErrorCode::wrongmessage, "payload");
    expect_failure(parse_round1(replaced(round1_text, "{\"gr\"", "[],\"x\":{\"gr\""), Role::receiver),
                   ErrorCode::wrongmessage, "zkp_x1");
}

TEST(MessagesTest, GarbageForHexIsRefused) {
    for (const auto bad : {"\"123\"", "\"\"", "\"01 3\"", "\"xy\"", "\"0x12\"", "\"-123\""}) {
        expect_failure(parse_round1(replaced(round1_text, "\"0123\"", bad), Role::receiver),
                       ErrorCode::invalid, "receiver1: gx1 is not hex");
        expect_failure(parse_round1(replaced(round1_text, "\"0007\"", bad), Role::receiver),
                       ErrorCode::invalid, "receiver1: zkp_x2.b is not hex");
    }
}

TEST(MessagesTest, AProofUnderAnotherNameIsRefused) {
    const auto text = replaced(round1_text, R"("b":"0007","id":"receiver")", R"("b":"0007","id":"sender")");
    expect_failure(parse_round1(text, Role::receiver), ErrorCode::wrongmessage,
                   "zkp_x2 is not signed by the receiver");
}

TEST(CredentialsTest, ComeBack) {
    const Credentials credentials{"jane", "p\"\\\n\xc3\xa4", "q7ynpwq7vsc9m34hankbyi3s3i",
                                  "https://example.org/"};
    const auto text = write_credentials(credentials);
    EXPECT_EQ(text,
              "{\"account\":\"jane\",\"password\":\"p\\\"\\\\\\n\xc3\xa4\",\"synckey\":"
              "\"q7ynpwq7vsc9m34hankbyi3s3i\",\"serverURL\":\"https://example.org/\"}");
    EXPECT_EQ(parse_credentials(text).value(), credentials);
}

TEST(CredentialsTest, NothingMayBeMissing) {
    const auto text = write_credentials({"a", "p", "k", "u"});
    for (const auto name : {"account", "password", "synckey", "serverURL"}) {
        expect_failure(parse_credentials(replaced(text, name, "gone")), ErrorCode::invalid,
                       "lack " + std::string(name));
    }
    expect_failure(parse_credentials("{"), ErrorCode::invalid, "no JSON");
    expect_failure(parse_credentials("[]"), ErrorCode::invalid, "lack account");
}

TEST(FailureTest, NamesAreThoseOfTheReports) {
    using enum ErrorCode;
    std::string all;
    for (const auto code : {channel, network, server, timeout, internal, invalid, nodata, keymismatch,
                            wrongmessage, userabort, delayunsupported}) {
        all += std::string(name_of(code)) + (is_reported(code) ? "!" : "") + ' ';
    }
    EXPECT_EQ(all,
              "jpake.error.channel jpake.error.network jpake.error.server! jpake.error.timeout! "
              "jpake.error.internal! "
              "jpake.error.invalid! jpake.error.nodata jpake.error.keymismatch! jpake.error.wrongmessage! "
              "jpake.error.userabort! jpake.error.delayunsupported! ");
}

}  // namespace
}  // namespace homespun::sync::easysetup
