#include "seism/wire/ldap_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/every_way_fixture.hpp"
#include "seism/wire/ldap_messages.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;

std::string octets(const std::string& text) {
    return ber_element(0x04, text);
}
std::string message(int id, int tag, const std::string& content) {
    return ber_element(0x30, ber_element(0x02, std::string(1, static_cast<char>(id))) +
                                 ber_element(static_cast<unsigned char>(tag), content));
}
std::string result(int id, int tag, int code = 0, const std::string& text = {}) {
    return message(id, tag, "\x0a\x01"s + static_cast<char>(code) + octets("") + octets(text));
}
std::string bind(int id) {
    return message(id, 0x60, "\2\1\3"s + octets("cn=root") + ber_element(0x80, "secret"));
}
const std::string filter = "\xa3\x09\x04\x03uid\x04\x02me"s;
std::string search(int id) {
    return message(id, 0x63, octets("dc=a") + "\x0a\x01\2\x0a\x01\0\2\1\0\2\1\0\1\1\0"s + filter + "\x30\0"s);
}
std::string modify(int id) {
    return message(id, 0x66, octets("cn=p") + "\x30\0"s);
}
std::string extended(int id, std::string_view oid) {
    return message(id, 0x77, ber_element(0x80, oid));
}
std::string entry(int id) {
    return message(id, 0x64, octets("cn=p") + "\x30\0"s);
}
std::string reference(int id) {
    return message(id, 0x73, octets("ldap://other/"));
}
const std::string notice =
    "\x30\x24\x02\x01\0\x78\x1f\x0a\x01\x34\x04\0\x04\0\x8a\x16"
    "1.3.6.1.4.1.1466.20036"s;

Outcome play(const std::string& verb, const Fault& fault, const std::vector<Line>& script,
             bool strip = false) {
    return play_every_way(with({.strip_tls = strip}, make_ldap_conversation), script, fault, {verb});
}
/// Where TLS ends in the middle.
Outcome play_ending_tls(const std::string& verb, const Fault& fault, const std::vector<Line>& script) {
    return play_every_way(with({.terminate_tls = true}, make_ldap_conversation), script, fault, {verb});
}

TEST(LdapConversation, WithoutFaultAllPassesAndIsJudged) {
    const std::vector<Line> script = {C(bind(1)),
                                      S(result(1, 0x61)),
                                      C(search(2)),
                                      S(entry(2) + reference(2) + result(2, 0x65)),
                                      C(modify(3)),
                                      S(result(3, 0x67)),
                                      C(message(4, 0x4a, "cn=gone")),
                                      S(result(4, 0x6b)),
                                      C(message(5, 0x68, octets("cn=new") + "\x30\0"s)),
                                      C(message(6, 0x6c, octets("cn=p") + octets("cn=q"))),
                                      C(message(7, 0x6e, octets("cn=p") + "\x30\0"s)),
                                      C(extended(8, password_modify)),
                                      C(message(9, 0x50, "\7")),
                                      C(message(10, 0x42, ""))};
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
    EXPECT_EQ(outcome.judged,
              (std::vector<std::string>{"1 bind cn=root", "2 search dc=a " + filter, "3 modify cn=p!",
                                        "4 delete cn=gone!", "5 add cn=new!", "6 modrdn cn=p!",
                                        "7 compare cn=p", "8 extended 1.3.6.1.4.1.4203.1.11.1!"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(LdapConversation, EachCodeInEachMode) {
    for (const int code : {1, 2, 3, 4, 11, 32, 49, 50, 51, 52, 53, 80}) {
        const Fault fault{.code = code};
        const auto told = "\x30\x0c\x02\x01\x02\x65\x07\x0a\x01"s + static_cast<char>(code) + "\x04\0\x04\0"s;
        const auto instead = play("search", fault, {C(search(2)), C(modify(3)), S(result(3, 0x67))});
        EXPECT_EQ(instead.client, told + result(3, 0x67));
        EXPECT_EQ(instead.server, modify(3));
        EXPECT_EQ(instead.bitten, std::vector<std::string>{"1 search dc=a " + filter + " by error"});

        auto changed = fault;
        changed.mode = Mode::after;
        const std::vector<Line> script = {
            C(search(2) + modify(3)),
            S(entry(2) + result(3, 0x67) + reference(2) + result(2, 0x65) + entry(4))};
        const auto after = play("search", changed, script);
        EXPECT_EQ(after.client, result(3, 0x67) + told + entry(4));
        EXPECT_EQ(after.server, search(2) + modify(3));

        changed.mode = Mode::before_close;
        const auto closing = play("search", changed, {C(search(2)), C(modify(3))});
        EXPECT_EQ(closing.client, told);
        EXPECT_EQ(closing.server, "");
        EXPECT_EQ(closing.ending, "close");
    }
}

TEST(LdapConversation, EachOperationHasItsAnswer) {
    const std::pair<std::string, int> requests[] = {{"bind", 0x60},    {"search", 0x63},  {"modify", 0x66},
                                                    {"add", 0x68},     {"delete", 0x4a},  {"modrdn", 0x6c},
                                                    {"compare", 0x6e}, {"extended", 0x77}};
    const int answers[] = {0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78};
    for (std::size_t i = 0; i < 8; ++i) {
        const auto outcome =
            play(requests[i].first, {.message = "why"}, {C(message(5, requests[i].second, octets("x")))});
        EXPECT_EQ(outcome.client, result(5, answers[i], 51, "why"));
    }
}

TEST(LdapConversation, LargeNumbersAndCodes) {
    const auto request = ber_element(0x30, "\x02\x04\x7f\xff\xff\xff"s + ber_element(0x4a, "cn=x"));
    const auto outcome = play("delete", {.code = 4096, .message = std::string(200, 'm')}, {C(request)});
    EXPECT_EQ(outcome.client, ber_element(0x30, "\x02\x04\x7f\xff\xff\xff"s +
                                                    ber_element(0x6b, "\x0a\x02\x10\0"s + octets("") +
                                                                          octets(std::string(200, 'm')))));
    EXPECT_EQ(play("delete", {.code = 128}, {C(request)}).client.substr(10, 4), "\x0a\x02\0\x80"s);
}

TEST(LdapConversation, SearchFailsAfterSomeEntries) {
    const Fault fault{.code = 3, .bytes = 2};
    const auto told = result(2, 0x65, 3);
    const auto more =
        play("search", fault,
             {C(search(2)), S(entry(2) + reference(2) + entry(2) + entry(2) + result(2, 0x65) + entry(9))});
    EXPECT_EQ(more.client, entry(2) + reference(2) + entry(2) + told + entry(9));
    EXPECT_EQ(more.server, search(2));
    const auto fewer = play("search", fault, {C(search(2)), S(entry(2) + result(2, 0x65))});
    EXPECT_EQ(fewer.client, entry(2) + told);
    EXPECT_EQ(fewer.bitten.size(), 1U);
    const auto cut = play("search", {.kind = "reset", .bytes = 1}, {C(search(2)), S(entry(2) + entry(2))});
    EXPECT_EQ(cut.client, entry(2));
    EXPECT_EQ(cut.ending, "reset");
}

TEST(LdapConversation, KindsThatAreNoError) {
    for (const auto mode : {Mode::instead, Mode::after}) {
        for (const auto* kind : {"disconnect", "close", "reset", "hang", "garbage"}) {
            const auto outcome =
                play("modify", {.kind = kind, .mode = mode}, {C(modify(2)), S(result(2, 0x67))});
            EXPECT_EQ(outcome.server, mode == Mode::after ? modify(2) : "");
            EXPECT_EQ(outcome.client, kind == "disconnect"s ? notice
                                      : kind == "garbage"s  ? std::string(64, '\x80')
                                                            : "");
            EXPECT_EQ(outcome.ending, kind == "hang"s ? "hold" : kind == "reset"s ? "reset" : "close");
        }
    }
}

TEST(LdapConversation, ConnectionMeetsTheNotice) {
    const auto outcome = play("connect", {}, {C(bind(1))});
    EXPECT_EQ(outcome.client, notice);
    EXPECT_EQ(outcome.ending, "close");
    EXPECT_EQ(outcome.bitten, std::vector<std::string>{"0 connect by error"});
    EXPECT_EQ(play("connect", {.kind = "reset"}, {}).ending, "reset");
}

TEST(LdapConversation, AbandonedOperationIsNotTold) {
    const auto outcome =
        play("search", {.mode = Mode::after}, {C(search(2)), C(message(3, 0x50, "\2")), S(entry(2))});
    EXPECT_EQ(outcome.client, entry(2));
    EXPECT_TRUE(outcome.bitten.empty());
}

TEST(LdapConversation, NothingIsToldInTheMidstOfAMessage) {
    const auto long_entry = message(2, 0x64, octets("cn=p") + octets(std::string(60, 'x')));
    const auto outcome = play(
        "modify", {}, {C(search(2)), S(long_entry.substr(0, 50)), C(modify(3)), S(long_entry.substr(50))});
    EXPECT_EQ(outcome.client, long_entry + result(3, 0x67, 51));
}

TEST(LdapConversation, StartTls) {
    const std::vector<Line> refused = {C(extended(1, start_tls)), S(result(1, 0x78, 52)), C(bind(2))};
    const auto stays = play("", {}, refused);
    EXPECT_FALSE(stays.opaque);
    EXPECT_EQ(stays.judged.size(), 2U);
    const std::vector<Line> script = {C(extended(1, start_tls)), S(result(1, 0x78)), C("\x16\3\1"s),
                                      S("\x16\3\3"s)};
    const auto outcome = play("bind", {}, script);
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
    const auto stripped = play("", {}, {C(extended(1, start_tls)), C(bind(2))}, true);
    EXPECT_EQ(stripped.client, result(1, 0x78, 2, "unsupported extended operation"));
    EXPECT_EQ(stripped.server, bind(2));
    EXPECT_FALSE(stripped.opaque);
}

TEST(LdapConversation, TlsThatEndsHereBeginsBehindTheYes) {
    const auto asked = extended(1, start_tls);
    const auto outcome = play_ending_tls(
        "search", {}, {C(asked), S(result(1, 0x78)), C(bind(2)), S(result(2, 0x61)), C(search(3))});
    EXPECT_FALSE(outcome.opaque);
    EXPECT_EQ(outcome.client, result(1, 0x78) + "<tls>" + result(2, 0x61) + result(3, 0x65, 51));
    EXPECT_EQ(outcome.server, asked + "<tls>" + bind(2));
    const auto refused = play_ending_tls("", {}, {C(asked), S(result(1, 0x78, 52)), C(bind(2))});
    EXPECT_EQ(refused.server, asked + bind(2));
    const std::vector<Line> nested = {C(asked), S(result(1, 0x78)), C(asked), S(result(1, 0x78))};
    const auto twice = play_ending_tls("", {}, nested);
    EXPECT_EQ(twice.client, result(1, 0x78) + "<tls>" + result(1, 0x78)) << "once";
    EXPECT_TRUE(twice.opaque);
    const auto met = play_ending_tls("extended", {.mode = Mode::after}, {C(asked), C(bind(2))});
    EXPECT_EQ(met.client, result(1, 0x78, 51))
        << "the server must not begin with TLS when the client does not";
    EXPECT_EQ(met.server, bind(2));
}

TEST(LdapConversation, WhatIsNoLdapIsOpaque) {
    for (const auto& nonsense :
         {"GET / HTTP/1.1\r\n"s, "\x16\3\1"s, "\x30\x80\x02\x01\1"s, "\x30\x85\1\2\3\4\5"s, "\x30\3\x04\1x"s,
          "\x30\0"s, "\x30\x07\x02\x05\1\1\1\1\1"s}) {
        const auto from_client = play("bind", {}, {C(nonsense), C(bind(1)), S("x")});
        EXPECT_TRUE(from_client.opaque);
        EXPECT_EQ(from_client.server, nonsense + bind(1));
        EXPECT_EQ(from_client.client, "x");
        const auto from_server = play("", {}, {S(nonsense), C(bind(1))});
        EXPECT_TRUE(from_server.opaque);
        EXPECT_EQ(from_server.client, nonsense);
        EXPECT_EQ(play("bind", {.mode = Mode::after}, {C(bind(1)), S(nonsense)}).ending, "close");
    }
}

TEST(LdapConversation, LongRequestIsReadInPart) {
    const auto huge =
        "\x30\x83\x03\x0d\x47\x02\x01\2\x66\x83\x03\x0d\x3f"s + octets("cn=p") + std::string(199993, 'x');
    ASSERT_EQ(huge.size(), 5 + 0x30d47U);
    Outcome heard;
    KeepingEffects effects(heard);
    NamedJudge judge(heard, {}, {"modify"});
    const auto conversation = make_ldap_conversation(judge, {});
    for (std::size_t at = 0; at < huge.size(); at += 1000)
        conversation->from_client(std::string_view(huge).substr(at, 1000), effects);
    EXPECT_EQ(heard.client, result(2, 0x67, 51));
    EXPECT_EQ(heard.server, "");
    EXPECT_EQ(heard.judged.back(), "1 modify cn=p!");
}

TEST(LdapConversation, FaultsThatWaitAreBounded) {
    std::string requests;
    for (int i = 1; i <= 100; ++i)
        requests += modify(i);
    const auto outcome = play("modify", {.mode = Mode::after}, {C(requests)});
    EXPECT_EQ(outcome.server, requests);
    EXPECT_EQ(outcome.judged.size(), 64U);
}

}  // namespace
}  // namespace homespun::seism::wire
