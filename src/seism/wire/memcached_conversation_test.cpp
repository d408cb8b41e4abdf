#include "seism/wire/memcached_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/every_way_fixture.hpp"
#include "seism/wire/memcached_binary.hpp"

namespace homespun::seism::wire {
namespace {

using Lines = std::vector<Line>;
using Names = std::vector<std::string>;

std::unique_ptr<Conversation> memcached(Judge& judge) {
    return make_memcached_conversation(judge, {});
}

Outcome meet(const Lines& lines, const Fault& fault = {}, const Names& met = {}) {
    return play_every_way(memcached, lines, fault, met);
}

Fault fault(std::string kind, Mode mode = Mode::instead) {
    return {.kind = std::move(kind), .mode = mode};
}

const std::string get_a = "get a b\r\n", set_a = "set a 0 0 7\r\nx\r\nget \r\n", version = "version\r\n";
const std::string value_a = "VALUE a 0 5\r\nEND\r\n\r\nEND\r\n";

TEST(MemcachedTextTest, PassesWhatIsNotMet) {
    const std::string asked = get_a + set_a +
                              "stats\r\nmg a v\r\nincr n 1\r\ndelete d noreply\r\ngat 5 g\r\n\r\n" +
                              "ms m 2 T0\r\nab\r\nlru_crawler metadump all\r\n" + version;
    const std::string said =
        value_a + "STORED\r\nSTAT a 1\r\nSTAT b 2\r\nEND\r\nVA 2 f1\r\nMN\r\n7\r\nEND\r\nERROR\r\nHD\r\n" +
        "key=a exp=1\r\nEND\r\nVERSION 1.6.18\r\n";
    const auto outcome = meet({C(asked), S(said)});
    EXPECT_EQ(outcome.server, asked);
    EXPECT_EQ(outcome.client, said);
    EXPECT_EQ(outcome.judged, (Names{"1 get a", "2 set a!", "3 stats", "4 mg a", "5 incr n!", "6 delete d!",
                                     "7 gat g!", "8 ", "9 ms m!", "10 lru_crawler metadump", "11 version"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(MemcachedTextTest, KeepsPipelinesAlignedAndSwallowsTheBlock) {
    const Lines lines = {C(get_a + set_a + "get c\r\n" + version), S(value_a + "END\r\nVERSION 1\r\n")};
    auto outcome = meet(lines, fault("out_of_memory"), {"2 set a!"});
    EXPECT_EQ(outcome.server, get_a + "get c\r\n" + version);
    EXPECT_EQ(outcome.client, value_a + "SERVER_ERROR out of memory storing object\r\nEND\r\nVERSION 1\r\n");
    EXPECT_EQ(outcome.bitten, Names{"2 set a by out_of_memory"});

    outcome = meet({C(get_a + set_a + version), S(value_a + "STORED\r\nVERSION 1\r\n")},
                   fault("temporary", Mode::after), {"2 set a!"});
    EXPECT_EQ(outcome.server, get_a + set_a + version);
    EXPECT_EQ(outcome.client, value_a + "SERVER_ERROR temporary failure\r\nVERSION 1\r\n");
    outcome =
        meet({C(get_a + version), S(value_a + "VERSION 1\r\n")}, fault("miss", Mode::after), {"1 get a"});
    EXPECT_EQ(outcome.client, "END\r\nVERSION 1\r\n");

    outcome = meet(lines, fault("busy", Mode::before_close), {"2 set a!"});
    EXPECT_EQ(outcome.server, get_a);
    EXPECT_EQ(outcome.client, value_a + "SERVER_ERROR busy\r\n");
    EXPECT_EQ(outcome.ending, "close");
}

TEST(MemcachedTextTest, HasTheWordsOfEachKind) {
    const auto told = [](const std::string& text, const Fault& met) {
        auto outcome = play(memcached, {C("version\r\n" + text), S("VERSION 1\r\n")}, met,
                            {"2 get a", "2 set a!", "2 cas a!", "2 incr a!", "2 mg a", "2 ms a!", "2 md a!"});
        EXPECT_EQ(outcome.server, "version\r\n");
        return outcome.client.substr(11);
    };
    EXPECT_EQ(told(get_a, fault("error")), "SERVER_ERROR temporary failure\r\n");
    EXPECT_EQ(told(get_a, {.state = "ERROR"}), "ERROR\r\n");
    EXPECT_EQ(told(get_a, {.state = "CLIENT_ERROR"}), "CLIENT_ERROR bad data chunk\r\n");
    EXPECT_EQ(told(get_a, {.state = "CLIENT_ERROR", .message = "no\r\nSTORED"}),
              "CLIENT_ERROR no  STORED\r\n");
    EXPECT_EQ(told(get_a, {.message = "own"}), "SERVER_ERROR own\r\n");
    EXPECT_EQ(told(set_a, fault("too_large")), "SERVER_ERROR object too large for cache\r\n");
    EXPECT_EQ(told(get_a, fault("too_many")), "ERROR Too many open connections\r\n");
    EXPECT_EQ(told(get_a, {.kind = "garbage", .bytes = 2}), "\x80\x80\r\n");
    EXPECT_EQ(told(get_a, fault("miss")), "END\r\n");
    EXPECT_EQ(told(set_a, fault("not_stored")), "NOT_STORED\r\n");
    EXPECT_EQ(told("cas a 0 0 1 9\r\nx\r\n", fault("miss")), "NOT_FOUND\r\n");
    EXPECT_EQ(told("incr a 1\r\n", fault("miss")), "NOT_FOUND\r\n");
    EXPECT_EQ(told("mg a v\r\n", fault("miss")), "EN\r\n");
    EXPECT_EQ(told("ms a 1 Oxy k\r\nz\r\n", fault("not_stored")), "NS Oxy ka\r\n");
    EXPECT_EQ(told("md a O9\r\n", fault("miss")), "NF O9\r\n");
}

TEST(MemcachedTextTest, NoreplyGetsNothing) {
    const std::string silent = "set a 0 0 3 noreply\r\nabc\r\n";
    auto outcome = meet({C(silent + version), S("VERSION 1\r\n")}, fault("error"), {"1 set a!"});
    EXPECT_EQ(outcome.server, version);
    EXPECT_EQ(outcome.client, "VERSION 1\r\n");
    EXPECT_EQ(outcome.bitten.size(), 1U);
    outcome = meet({C(silent + version), S("VERSION 1\r\n")}, fault("error", Mode::after), {"1 set a!"});
    EXPECT_EQ(outcome.server, silent + version);
    EXPECT_TRUE(outcome.bitten.empty());
    outcome = meet({C(silent + version)}, fault("reset"), {"1 set a!"});
    EXPECT_EQ(outcome.ending, "reset");
    EXPECT_EQ(outcome.server, "");
}

TEST(MemcachedTextTest, QuietMetaCommandsMayBeAnsweredOrNot) {
    const std::string asked = "mg a v q\r\nmg b v q\r\nmg c v q\r\nmn\r\nget a b\r\n",
                      miss = "MN\r\n" + value_a;
    const std::string hit = "VA 2\r\nxy\r\n";
    EXPECT_EQ(meet({C(asked), S(miss)}, fault("busy"), {"5 get a"}).client,
              "MN\r\nSERVER_ERROR busy\r\n" + value_a)
        << "what comes unasked passes";
    auto outcome = meet({C(asked), S(hit + hit + miss)}, fault("miss"), {"2 mg b"});
    EXPECT_EQ(outcome.server, "mg a v q\r\nmg c v q\r\nmn\r\nget a b\r\n");
    EXPECT_EQ(outcome.client, hit + hit + miss);
    outcome = meet({C("mg a v q\r\nmg b v q\r\n"), S(hit), C("mn\r\nget a b\r\n"), S("MN\r\n" + value_a)},
                   fault("busy", Mode::after), {"2 mg b"});
    EXPECT_EQ(outcome.server, "mg a v q\r\nmn\r\nget a b\r\n");
    EXPECT_EQ(outcome.client, "SERVER_ERROR busy\r\n" + hit + "MN\r\n" + value_a);
    outcome = meet({C("mg a v q\r\nmg b v q\r\nmg c v q\r\nmg d v q\r\nmn\r\n"), S("MN\r\n")}, fault("busy"),
                   {"2 mg b", "4 mg d"});
    EXPECT_EQ(outcome.client, "SERVER_ERROR busy\r\nSERVER_ERROR busy\r\nMN\r\n");
    outcome = meet({C(asked), S(hit + miss)}, fault("miss", Mode::after), {"5 get a"});
    EXPECT_EQ(outcome.client, hit + "MN\r\nEND\r\n");
}

TEST(MemcachedTextTest, MeetsTheConnectionItself) {
    const auto outcome = meet({}, fault("too_many"), {"0 connect"});
    EXPECT_EQ(outcome.client, "ERROR Too many open connections\r\n");
    EXPECT_EQ(outcome.ending, "close");
    EXPECT_EQ(meet({}, fault("hang"), {"0 connect"}).ending, "hold");
}

TEST(MemcachedTextTest, EndsAbruptly) {
    for (const auto& [kind, ending] : {std::pair{"reset", "reset"}, {"hang", "hold"}, {"close", "close"}}) {
        auto outcome = meet({C(get_a + set_a + version), S(value_a)}, fault(kind), {"2 set a!"});
        EXPECT_EQ(outcome.server, get_a);
        EXPECT_EQ(outcome.client, value_a);
        EXPECT_EQ(outcome.ending, ending);
        outcome = meet({C(get_a + set_a + version), S(value_a + "STORED\r\n")}, fault(kind, Mode::after),
                       {"2 set a!"});
        EXPECT_EQ(outcome.server, get_a + set_a);
        EXPECT_EQ(outcome.client, value_a);
        EXPECT_EQ(outcome.ending, ending);
    }
    EXPECT_EQ(
        meet({C(get_a), S(value_a)}, {.kind = "close", .mode = Mode::after, .bytes = 15}, {"1 get a"}).client,
        value_a.substr(0, 15));
}

TEST(MemcachedTextTest, OpaqueWhereOrderIsLost) {
    auto outcome = meet({C(get_a + "watch fetchers\r\nget c\r\n"), S(value_a + "OK\r\nts=1\r\n")},
                        fault("busy"), {"3 get c"});
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, value_a + "OK\r\nts=1\r\n");
    outcome = meet({C("set a 0 0 1\r\nxyz\r\n"), S("CLIENT_ERROR bad data chunk\r\nERROR\r\n"), C(get_a)},
                   fault("busy"), {"3 get a"});
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, "CLIENT_ERROR bad data chunk\r\nERROR\r\n");
    const std::string tls("\x16\x03\x01\r\nget a\r\n");
    outcome = meet({C(tls), S("any")});
    EXPECT_TRUE(outcome.opaque && outcome.judged.empty() && outcome.server == tls && outcome.client == "any");
    const std::string endless(200'000, 'x');
    outcome = play(memcached, {C(endless), C(endless)}, {}, {}, 1000);
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.server, endless + endless);
}

std::string packet(char magic, int opcode, const std::string& key, const std::string& value, char opaque,
                   const std::string& extras = "", int status = 0) {
    const auto body = extras.size() + key.size() + value.size();
    return std::string{magic,
                       static_cast<char>(opcode),
                       0,
                       static_cast<char>(key.size()),
                       static_cast<char>(extras.size()),
                       0,
                       0,
                       static_cast<char>(status),
                       0,
                       0,
                       static_cast<char>(body >> 8),
                       static_cast<char>(body),
                       9,
                       9,
                       9,
                       opaque} +
           std::string(8, '\0') + extras + key + value;
}
std::string ask(int opcode, const std::string& key, char opaque, const std::string& value = "",
                const std::string& extras = "") {
    return packet('\x80', opcode, key, value, opaque, extras);
}
std::string answer(int opcode, char opaque, const std::string& value = "", int status = 0,
                   const std::string& key = "") {
    return packet('\x81', opcode, key, value, opaque, "", status);
}

TEST(MemcachedBinaryTest, PassesWhatIsNotMet) {
    const auto asked = ask(0x01, "a", 1, "value", std::string(8, '\0')) + ask(0x0d, "a", 2) +
                       ask(0x0d, "b", 3) + ask(0x0a, "", 4) + ask(0x10, "", 5) + ask(0x04, "d", 6) +
                       ask(0x99, "", 7);
    const auto said = answer(0x01, 1) + answer(0x0d, 2, "value") + answer(0x0a, 4) +
                      answer(0x10, 5, "1", 0, "pid") + answer(0x10, 5) + answer(0x04, 6) +
                      answer(0x99, 7, "Unknown command", 0x81);
    const auto outcome = meet({C(asked), S(said)});
    EXPECT_EQ(outcome.server, asked);
    EXPECT_EQ(outcome.client, said);
    EXPECT_EQ(outcome.judged,
              (Names{"1 set a!", "2 get a", "3 get b", "4 noop", "5 stats", "6 delete d!", "7 unknown"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(MemcachedBinaryTest, AnswersWithOpcodeAndOpaqueOfTheRequest) {
    const auto get = ask(0x00, "a", 1), set = ask(0x01, "a", 2, "value", std::string(8, '\0')),
               noop = ask(0x0a, "", 3);
    const std::pair<Fault, std::string> cases[] = {
        {fault("error"), answer(1, 2, "Internal error", 0x84)},
        {{.code = 6, .message = "m"}, answer(1, 2, "m", 6)},
        {fault("miss"), answer(1, 2, "Not found", 1)},
        {fault("not_stored"), answer(1, 2, "Not stored.", 5)},
        {fault("too_large"), answer(1, 2, "Too large.", 3)},
        {fault("out_of_memory"), answer(1, 2, "Out of memory", 0x82)},
        {fault("busy"), answer(1, 2, "Busy", 0x85)},
        {fault("temporary"), answer(1, 2, "Temporary failure", 0x86)}};
    for (auto [met, words] : cases) {
        auto outcome = meet({C(get + set + noop), S(answer(0, 1, "v") + answer(0x0a, 3))}, met, {"2 set a!"});
        EXPECT_EQ(outcome.client, answer(0, 1, "v") + words + answer(0x0a, 3)) << met.kind;
        EXPECT_EQ(outcome.server, get + noop);
        met.mode = Mode::after;
        outcome = meet({C(get + set + noop), S(answer(0, 1, "v") + answer(1, 2) + answer(0x0a, 3))}, met,
                       {"2 set a!"});
        EXPECT_EQ(outcome.client, answer(0, 1, "v") + words + answer(0x0a, 3)) << met.kind;
        EXPECT_EQ(outcome.server, get + set + noop);
        met.mode = Mode::before_close;
        outcome = meet({C(get + set + noop), S(answer(0, 1, "v"))}, met, {"2 set a!"});
        EXPECT_EQ(outcome.client, answer(0, 1, "v") + words);
        EXPECT_EQ(outcome.ending, "close");
    }
}

TEST(MemcachedBinaryTest, OfQuietCommandsOnlyErrorsAreTold) {
    const auto asked = ask(0x0d, "a", 1) + ask(0x0d, "b", 2) + ask(0x0a, "", 3);
    const auto said = answer(0x0d, 1, "v") + answer(0x0a, 3);
    auto outcome = meet({C(asked), S(said)}, fault("miss"), {"2 get b"});
    EXPECT_EQ(outcome.server, ask(0x0d, "a", 1) + ask(0x0a, "", 3));
    EXPECT_EQ(outcome.client, said);
    outcome = meet({C(asked), S(said)}, fault("busy", Mode::after), {"2 get b"});
    EXPECT_EQ(outcome.server, ask(0x0d, "a", 1) + ask(0x0a, "", 3));
    EXPECT_EQ(outcome.client, answer(0x0d, 2, "Busy", 0x85) + said);
}

TEST(MemcachedBinaryTest, OfQuietCommandsThatWriteAMissIsAnError) {
    const auto asked = ask(0x14, "a", 1) + ask(0x11, "s", 2, "v", std::string(8, '\0')) + ask(0x0a, "", 3);
    const auto outcome =
        meet({C(asked), S(answer(0x0a, 3))}, fault("not_stored"), {"1 delete a!", "2 set s!"});
    EXPECT_EQ(outcome.server, ask(0x0a, "", 3));
    EXPECT_EQ(outcome.client,
              answer(0x14, 1, "Not found", 0x01) + answer(0x11, 2, "Not stored.", 0x05) + answer(0x0a, 3));
}

TEST(MemcachedBinaryTest, AQuietAnswerPassesBeforeASwallowedOne) {
    const auto outcome = meet({C(ask(0x0d, "a", 1) + ask(0x01, "s", 2, "v", std::string(8, '\0'))),
                               S(answer(0x0d, 1, "v") + answer(0x01, 2))},
                              fault("busy", Mode::after), {"2 set s!"});
    EXPECT_EQ(outcome.client, answer(0x0d, 1, "v") + answer(0x01, 2, "Busy", 0x85));
}

TEST(MemcachedBinaryTest, ASwallowedStatIsSwallowedWhole) {
    const auto outcome = meet({C(ask(0x10, "", 5) + ask(0x0a, "", 6)),
                               S(answer(0x10, 5, "1", 0, "pid") + answer(0x10, 5) + answer(0x0a, 6))},
                              fault("busy", Mode::after), {"1 stats"});
    EXPECT_EQ(outcome.client, answer(0x10, 5, "Busy", 0x85) + answer(0x0a, 6));
}

TEST(MemcachedBinaryTest, OpaqueWhereASideLeavesTheProtocol) {
    auto outcome = meet({C(ask(0x0a, "", 6) + "get a\r\n"), S(answer(0x0a, 6) + "ERROR\r\n")});
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, answer(0x0a, 6) + "ERROR\r\n");
    EXPECT_EQ(outcome.server, ask(0x0a, "", 6) + "get a\r\n");
    auto lies = ask(0x00, "a", 1);
    lies[11] = 0;  // a body shorter than its key
    EXPECT_EQ(meet({C(lies + get_a)}).server, lies + get_a);
    EXPECT_TRUE(meet({C(lies + get_a)}).opaque);
}

}  // namespace
}  // namespace homespun::seism::wire
