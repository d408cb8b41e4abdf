#include "seism/wire/mysql_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_dialogue.hpp"
#include "seism/wire/mysql_errors.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;
using namespace mysql_dialogue;

// Passing.

TEST(MysqlConversation, WithoutFaultAllPassesAndIsJudged) {
    const auto script =
        then(logged_in(), {C(query("select a, b from t")), S(rows()), C(query("insert into t values (1)")),
                           S(ok(1)), C(command('\x0e')), S(ok(1)), C(command('\2', "d")), S(ok(1)),
                           C(query("bad")), S(error(1064)), C(command('\1'))});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
    EXPECT_EQ(outcome.judged,
              (std::vector<std::string>{"1 SELECT select a, b from t", "2 INSERT insert into t values (1)!",
                                        "3 PING", "4 INIT_DB d", "5 BAD bad"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(MysqlConversation, AttributesOfAQueryAreSkipped) {
    const auto capabilities = plain | capability::query_attributes;
    const auto none = "\0\1select 1"s;
    const auto two = "\2\1\2\1\3\0\1a\xfe\0\1b"s + "\7\0\0\0update t"s;  // the second is NULL
    const auto outcome =
        play("", {}, then(logged_in(capabilities), {C(query(none)), S(ok(1)), C(query(two))}));
    ASSERT_EQ(outcome.judged.size(), 2U);
    EXPECT_EQ(outcome.judged[0], "1 SELECT select 1");
    EXPECT_EQ(outcome.judged[1], "2 UPDATE update t!");
}

// The connection.

TEST(MysqlConversation, ConnectionIsRefusedInsteadOfTheGreeting) {
    const auto outcome = play("connect", {}, {S(greeting(plain))});
    EXPECT_EQ(outcome.client, "\x17\0\0\0\xff\x10\4Too many connections"s);
    EXPECT_EQ(outcome.ending, "close");
    EXPECT_EQ(outcome.bitten, std::vector<std::string>{"0 connect by error"});
    EXPECT_EQ(play("connect", {.state = "08004"}, {}).client,
              packet(0, "\xff\x10\4#08004Too many connections"s));
    for (const auto* kind : {"close", "reset", "hang"}) {
        const auto other = play("connect", {.kind = kind}, {});
        EXPECT_EQ(other.ending, kind == "hang"s ? "hold" : kind);
        EXPECT_EQ(other.client, "");
    }
    EXPECT_EQ(play("connect", {.kind = "garbage"}, {}).client, std::string(64, '\x80'));
    const auto cut = play("connect", {.kind = "reset", .bytes = 7}, {S(greeting(plain))});
    EXPECT_EQ(cut.client, greeting(plain).substr(0, 7));
    EXPECT_EQ(cut.ending, "reset");
}

TEST(MysqlConversation, LoginIsRefusedWhereItsAnswerWouldBe) {
    const auto outcome = play("connect", {.code = 1045}, {S(greeting(plain)), C(login(plain))});
    EXPECT_EQ(outcome.client, greeting(plain) + error(1045, 2));
    EXPECT_EQ(outcome.server, "");
    EXPECT_EQ(outcome.ending, "close");
    const std::vector<Line> script = {S(greeting(plain)), C(login(plain)), S(packet(2, "\xfeplugin")),
                                      C(packet(3, "secret")), S(ok(4))};
    const auto after = play("connect", {.mode = Mode::after, .code = 1203}, script);
    EXPECT_EQ(after.server, of_client(script));
    EXPECT_EQ(after.client, greeting(plain) + packet(2, "\xfeplugin") + error(1203, 4));
    EXPECT_EQ(after.ending, "close");
}

TEST(MysqlConversation, RealRefusalOfTheLoginIsNoBite) {
    const std::vector<Line> script = {S(greeting(plain)), C(login(plain)), S(error(1045, 2))};
    const auto outcome = play("connect", {.mode = Mode::after}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_TRUE(outcome.bitten.empty());
}

// Every code, every mode.

TEST(MysqlConversation, EachCodeInEachMode) {
    for (const std::int64_t code : {1021, 1045, 1047, 1114, 1203, 1205, 1290, 1317, 1969, 3024, 4711}) {
        const Fault fault{.code = code};
        const auto* known = mysql_error(code);
        const auto told = packet(1, "\xff"s + number(static_cast<std::uint64_t>(code), 2) + '#' +
                                        std::string(known != nullptr ? known->state : "HY000") +
                                        std::string(known != nullptr ? known->message : "Unknown error"));
        const auto instead = talk("UPDATE", fault, {C(query("update t")), C(query("select 1")), S(rows())});
        EXPECT_EQ(instead.client, told + rows());
        EXPECT_EQ(instead.server, query("select 1"));
        EXPECT_EQ(instead.bitten, std::vector<std::string>{"1 UPDATE update t by error"});

        auto changed = fault;
        changed.mode = Mode::after;
        const auto after = talk("SELECT", changed, {C(query("select 1")), S(rows())});
        EXPECT_EQ(after.client, told);
        EXPECT_EQ(after.server, query("select 1"));

        changed.mode = Mode::before_close;
        const auto closing = talk("SELECT", changed, {C(query("select 1"))});
        EXPECT_EQ(closing.client, told);
        EXPECT_EQ(closing.server, "");
        EXPECT_EQ(closing.ending, "close");
    }
}

TEST(MysqlConversation, ShutdownClosesAndLostConnectionsAreClosed) {
    const auto shutdown = talk("SELECT", {.code = 1053}, {C(query("select 1"))});
    EXPECT_EQ(shutdown.client, packet(1, "\xff\x1d\4#08S01Server shutdown in progress"s));
    EXPECT_EQ(shutdown.ending, "close");
    const auto lost = talk("SELECT", {.code = 2013}, {C(query("select 1"))});
    EXPECT_EQ(lost.client, "");
    EXPECT_EQ(lost.ending, "close");
}

TEST(MysqlConversation, MessageAndStateOfTheFaultCount) {
    const auto outcome =
        talk("SELECT", {.code = 1, .state = "01234", .message = "no"}, {C(query("select 1"))});
    EXPECT_EQ(outcome.client, packet(1, "\xff\1\0#01234no"s));
}

TEST(MysqlConversation, DeadlockRollsTheServerBack) {
    const Fault fault{.code = 1213};
    const auto instead =
        talk("UPDATE", fault, {C(query("update t")), S(ok(1)), C(query("select 1")), S(rows())});
    EXPECT_EQ(instead.client, deadlock() + rows());
    EXPECT_EQ(instead.server, rollback + query("select 1"));
    const auto after = talk("UPDATE", {.mode = Mode::after, .code = 1213},
                            {C(query("update t")), S(ok(1)), S(ok(1)), C(query("select 1")), S(rows())});
    EXPECT_EQ(after.client, deadlock() + rows());
    EXPECT_EQ(after.server, query("update t") + rollback + query("select 1"));
}

TEST(MysqlConversation, KindsThatAreNoError) {
    const auto question = query("select 1"), answer = rows();
    const auto meet = [&](const Fault& fault) { return talk("SELECT", fault, {C(question), S(answer)}); };
    expect_wordless_kinds(meet, question, answer);
}

// Opaque.

TEST(MysqlConversation, TlsAndCompressionAreStripped) {
    const auto offered =
        plain | capability::tls | capability::compress | capability::zstd | capability::deprecate_eof;
    const auto left = plain | capability::deprecate_eof;
    const auto outcome = play("", {}, {S(greeting(offered)), C(login(left)), S(ok(2))}, true);
    EXPECT_EQ(outcome.client, greeting(left) + ok(2));
    EXPECT_FALSE(outcome.opaque);
}

TEST(MysqlConversation, OpaqueAfterTlsCompressionAndReplication) {
    const auto rest = std::vector<Line>{C("\0\x01\2\3\4\5"s), S("\x16\3\1"s), C("\xff")};
    const auto tls = plain | capability::tls;
    const auto request = packet(1, number(tls, 4) + std::string(28, '\0'));
    for (const auto& before :
         {std::vector<Line>{S(greeting(tls)), C(request)}, logged_in(plain | capability::compress),
          logged_in(plain | capability::optional_metadata), then(logged_in(), {C(command('\x12', "pos"))}),
          std::vector<Line>{S(packet(0, "\x09old"))}, std::vector<Line>{C("hello")},
          std::vector<Line>{S(greeting(plain)), C(packet(1, "\1\0\0\0old"s))}}) {
        const auto script = then(before, rest);
        const auto outcome = play("SELECT", {}, script);
        EXPECT_TRUE(outcome.opaque);
        EXPECT_EQ(outcome.client, of_server(script));
        EXPECT_EQ(outcome.server, of_client(script));
    }
}

TEST(MysqlConversation, TlsThatEndsHereBeginsBehindItsRequest) {
    const auto tls = plain | capability::tls;
    const auto request = packet(1, number(tls, 4) + std::string(28, '\0'));
    auto inside = login(tls);
    inside[3] = '\2';
    // The client need not wait for anything before it begins with TLS.
    for (const auto& start : {std::vector<Line>{S(greeting(tls)), C(request), C(inside)},
                              std::vector<Line>{S(greeting(tls)), C(request + inside)}}) {
        const auto outcome =
            play_ending_tls("SELECT", {.code = 1205}, then(start, {S(ok(3)), C(query("select 1"))}));
        EXPECT_FALSE(outcome.opaque);
        EXPECT_EQ(outcome.client, greeting(tls) + "<tls>" + ok(3) + error(1205));
        EXPECT_EQ(outcome.server, request + "<tls>" + inside);
        EXPECT_EQ(outcome.bitten, (std::vector{"1 SELECT select 1 by error"s}));
    }
    const auto refused = play_ending_tls("connect", {.code = 1045}, {S(greeting(tls)), C(request + inside)});
    EXPECT_EQ(refused.client, greeting(tls) + "<tls>" + mysql_error_packet({}, 1045, 3, true));
    EXPECT_EQ(refused.ending, "close");
    EXPECT_FALSE(play_ending_tls("", {}, logged_in()).opaque) << "a client may do without";
}

TEST(MysqlConversation, UnknownCommandWhileAFaultIsPendingEndsIt) {
    const auto outcome =
        talk("SELECT", {.mode = Mode::after, .code = 1205}, {C(query("select 1")), C(command('\x77'))});
    EXPECT_EQ(outcome.ending, "close");
}

TEST(MysqlConversation, HalfMessagesPassWhenASideEnds) {
    Outcome heard;
    KeepingEffects effects(heard);
    NamedJudge judge(heard, {}, {""});
    const auto conversation = make_mysql_conversation(judge, {});
    conversation->from_server(greeting(plain).substr(0, 9), effects);
    conversation->server_ended(effects);
    conversation->client_ended(effects);
    EXPECT_EQ(heard.client, greeting(plain).substr(0, 9));
    EXPECT_EQ(heard.ends, "cs");
}

TEST(MysqlConversation, TooManyCommandsAheadOfTheirAnswers) {
    std::string pings;
    for (int i = 0; i < 1100; ++i)
        pings += command('\x0e');
    const auto plain_outcome = play("", {}, then(logged_in(), {C(pings)}));
    EXPECT_TRUE(plain_outcome.opaque);
    const auto pending =
        talk("SELECT", {.mode = Mode::after, .code = 1205}, {C(query("select 1")), C(pings)});
    EXPECT_EQ(pending.ending, "close");
}

}  // namespace
}  // namespace homespun::seism::wire
