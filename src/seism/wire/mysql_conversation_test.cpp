#include "seism/wire/mysql_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_errors.hpp"
#include "seism/wire/sql_conversation_fixture.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;
using fixture::client;
using fixture::Outcome;
using fixture::Said;
using fixture::server;
using fixture::VerbJudge;
namespace capability = mysql_capability;

constexpr std::uint64_t plain = capability::protocol_41 | capability::is_mysql;

std::string number(std::uint64_t value, std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes += static_cast<char>(value >> 8 * i & 0xff);
    return bytes;
}
std::string packet(int sequence, const std::string& payload) {
    return mysql_packet(static_cast<MysqlSequence>(sequence), payload);
}
/// As a server's: the capabilities stand at three places.
std::string greeting(std::uint64_t capabilities) {
    return packet(0, "\x0a"s + "10.11.6-MariaDB\0"s + "idid" + "scramble\0"s + number(capabilities, 2) +
                         "\x2d" + "\2\0"s + number(capabilities >> 16, 2) + "\x15" + "reserv" +
                         number(capabilities >> 32, 4) + "scramblescra\0mysql_native_password\0"s);
}
std::string login(std::uint64_t capabilities) {
    return packet(1, number(capabilities, 4) + "\0\0\0\1\x2d"s + std::string(19, '\0') +
                         number(capabilities >> 32, 4) + "user\0\0"s);
}
std::string ok(int sequence, std::uint16_t status = 2) {
    return packet(sequence, "\0\0\0"s + number(status, 2) + "\0\0"s);
}
std::string eof(int sequence, std::uint16_t status = 2) {
    return packet(sequence, "\xfe\0\0"s + number(status, 2));
}
std::string end_as_ok(int sequence, std::uint16_t status = 2) {
    return packet(sequence, "\xfe\0\0"s + number(status, 2) + "\0\0"s);
}
std::string command(char code, const std::string& text = {}) {
    return packet(0, std::string(1, code) + text);
}
std::string query(const std::string& text) {
    return command('\3', text);
}
std::string column(int sequence) {
    return packet(sequence, "\3def\0\0\0\1a"s);
}
/// Two columns, two rows.
std::string rows(int from = 1, std::uint16_t status = 2) {
    return packet(from, "\2") + column(from + 1) + column(from + 2) + eof(from + 3, status) +
           packet(from + 4, "\1x\1y") + packet(from + 5, "\xfb\2zz") + eof(from + 6, status);
}

std::vector<Said> logged_in(std::uint64_t capabilities = plain) {
    return {server(greeting(capabilities)), client(login(capabilities)), server(ok(2))};
}
std::vector<Said> then(std::vector<Said> script, const std::vector<Said>& more) {
    script.insert(script.end(), more.begin(), more.end());
    return script;
}
std::string of(bool by_client, const std::vector<Said>& script) {
    std::string bytes;
    for (const auto& said : script)
        if (said.by_client == by_client) bytes += said.bytes;
    return bytes;
}

Outcome play(const std::string& verb, const Fault& fault, const std::vector<Said>& script,
             bool strip = false) {
    const auto make = [&](Judge& judge) { return make_mysql_conversation(judge, {.strip_tls = strip}); };
    return fixture::play(make, verb, fault, script);
}
/// Where TLS ends in the middle.
Outcome play_ending_tls(const std::string& verb, const Fault& fault, const std::vector<Said>& script) {
    const auto make = [](Judge& judge) { return make_mysql_conversation(judge, {.terminate_tls = true}); };
    return fixture::play(make, verb, fault, script);
}
/// What comes after the login.
struct Talk {
    std::string client, server, ending;
    std::vector<std::string> bites;
};
Talk talk(const std::string& verb, const Fault& fault, const std::vector<Said>& script,
          std::uint64_t capabilities = plain) {
    const auto before = logged_in(capabilities);
    const auto all = play(verb, fault, then(before, script));
    return {all.client.substr(of(false, before).size()), all.server.substr(of(true, before).size()),
            all.ending, all.bites};
}
std::string deadlock(int sequence = 1) {
    return packet(sequence,
                  "\xff\xbd\4#40001Deadlock found when trying to get lock; try restarting transaction"s);
}
std::string error(std::int64_t code, int sequence = 1) {
    return mysql_error_packet({}, code, static_cast<MysqlSequence>(sequence), true);
}
const std::string rollback = query("ROLLBACK");

// Passing.

TEST(MysqlConversation, WithoutFaultAllPassesAndIsJudged) {
    const auto script =
        then(logged_in(),
             {client(query("select a, b from t")), server(rows()), client(query("insert into t values (1)")),
              server(ok(1)), client(command('\x0e')), server(ok(1)), client(command('\2', "d")),
              server(ok(1)), client(query("bad")), server(error(1064)), client(command('\1'))});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of(false, script));
    EXPECT_EQ(outcome.server, of(true, script));
    EXPECT_EQ(outcome.asked, (std::vector<std::string>{"0 connect ''", "1 SELECT 'select a, b from t'",
                                                       "2 INSERT 'insert into t values (1)' writes",
                                                       "3 PING ''", "4 INIT_DB 'd'", "5 BAD 'bad'"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(MysqlConversation, AttributesOfAQueryAreSkipped) {
    const auto capabilities = plain | capability::query_attributes;
    const auto none = "\0\1select 1"s;
    const auto two = "\2\1\2\1\3\0\1a\xfe\0\1b"s + "\7\0\0\0update t"s;  // the second is NULL
    const auto outcome =
        play("", {}, then(logged_in(capabilities), {client(query(none)), server(ok(1)), client(query(two))}));
    ASSERT_EQ(outcome.asked.size(), 3U);
    EXPECT_EQ(outcome.asked[1], "1 SELECT 'select 1'");
    EXPECT_EQ(outcome.asked[2], "2 UPDATE 'update t' writes");
}

// The connection.

TEST(MysqlConversation, ConnectionIsRefusedInsteadOfTheGreeting) {
    const auto outcome = play("connect", {}, {server(greeting(plain))});
    EXPECT_EQ(outcome.client, "\x17\0\0\0\xff\x10\4Too many connections"s);
    EXPECT_EQ(outcome.ending, "close");
    EXPECT_EQ(outcome.bites, std::vector<std::string>{"0 connect ''"});
    EXPECT_EQ(play("connect", {.state = "08004"}, {}).client,
              packet(0, "\xff\x10\4#08004Too many connections"s));
    for (const auto* kind : {"close", "reset", "hang"}) {
        const auto other = play("connect", {.kind = kind}, {});
        EXPECT_EQ(other.ending, kind == "hang"s ? "hold" : kind);
        EXPECT_EQ(other.client, "");
    }
    EXPECT_EQ(play("connect", {.kind = "garbage"}, {}).client, std::string(64, '\x80'));
    const auto cut = play("connect", {.kind = "reset", .bytes = 7}, {server(greeting(plain))});
    EXPECT_EQ(cut.client, greeting(plain).substr(0, 7));
    EXPECT_EQ(cut.ending, "reset");
}

TEST(MysqlConversation, LoginIsRefusedWhereItsAnswerWouldBe) {
    const auto outcome = play("connect", {.code = 1045}, {server(greeting(plain)), client(login(plain))});
    EXPECT_EQ(outcome.client, greeting(plain) + error(1045, 2));
    EXPECT_EQ(outcome.server, "");
    EXPECT_EQ(outcome.ending, "close");
    const std::vector<Said> script = {server(greeting(plain)), client(login(plain)),
                                      server(packet(2, "\xfeplugin")), client(packet(3, "secret")),
                                      server(ok(4))};
    const auto after = play("connect", {.mode = Mode::after, .code = 1203}, script);
    EXPECT_EQ(after.server, of(true, script));
    EXPECT_EQ(after.client, greeting(plain) + packet(2, "\xfeplugin") + error(1203, 4));
    EXPECT_EQ(after.ending, "close");
}

TEST(MysqlConversation, RealRefusalOfTheLoginIsNoBite) {
    const std::vector<Said> script = {server(greeting(plain)), client(login(plain)), server(error(1045, 2))};
    const auto outcome = play("connect", {.mode = Mode::after}, script);
    EXPECT_EQ(outcome.client, of(false, script));
    EXPECT_TRUE(outcome.bites.empty());
}

// Every code, every mode.

TEST(MysqlConversation, EachCodeInEachMode) {
    for (const std::int64_t code : {1021, 1045, 1047, 1114, 1203, 1205, 1290, 1317, 1969, 3024, 4711}) {
        const Fault fault{.code = code};
        const auto* known = mysql_error(code);
        const auto told = packet(1, "\xff"s + number(static_cast<std::uint64_t>(code), 2) + '#' +
                                        std::string(known != nullptr ? known->state : "HY000") +
                                        std::string(known != nullptr ? known->message : "Unknown error"));
        const auto instead =
            talk("UPDATE", fault, {client(query("update t")), client(query("select 1")), server(rows())});
        EXPECT_EQ(instead.client, told + rows());
        EXPECT_EQ(instead.server, query("select 1"));
        EXPECT_EQ(instead.bites, std::vector<std::string>{"1 UPDATE 'update t' writes"});

        auto changed = fault;
        changed.mode = Mode::after;
        const auto after = talk("SELECT", changed, {client(query("select 1")), server(rows())});
        EXPECT_EQ(after.client, told);
        EXPECT_EQ(after.server, query("select 1"));

        changed.mode = Mode::before_close;
        const auto closing = talk("SELECT", changed, {client(query("select 1"))});
        EXPECT_EQ(closing.client, told);
        EXPECT_EQ(closing.server, "");
        EXPECT_EQ(closing.ending, "close");
    }
}

TEST(MysqlConversation, ShutdownClosesAndLostConnectionsAreClosed) {
    const auto shutdown = talk("SELECT", {.code = 1053}, {client(query("select 1"))});
    EXPECT_EQ(shutdown.client, packet(1, "\xff\x1d\4#08S01Server shutdown in progress"s));
    EXPECT_EQ(shutdown.ending, "close");
    const auto lost = talk("SELECT", {.code = 2013}, {client(query("select 1"))});
    EXPECT_EQ(lost.client, "");
    EXPECT_EQ(lost.ending, "close");
}

TEST(MysqlConversation, MessageAndStateOfTheFaultCount) {
    const auto outcome =
        talk("SELECT", {.code = 1, .state = "01234", .message = "no"}, {client(query("select 1"))});
    EXPECT_EQ(outcome.client, packet(1, "\xff\1\0#01234no"s));
}

TEST(MysqlConversation, DeadlockRollsTheServerBack) {
    const Fault fault{.code = 1213};
    const auto instead =
        talk("UPDATE", fault,
             {client(query("update t")), server(ok(1)), client(query("select 1")), server(rows())});
    EXPECT_EQ(instead.client, deadlock() + rows());
    EXPECT_EQ(instead.server, rollback + query("select 1"));
    const auto after = talk(
        "UPDATE", {.mode = Mode::after, .code = 1213},
        {client(query("update t")), server(ok(1)), server(ok(1)), client(query("select 1")), server(rows())});
    EXPECT_EQ(after.client, deadlock() + rows());
    EXPECT_EQ(after.server, query("update t") + rollback + query("select 1"));
}

TEST(MysqlConversation, KindsThatAreNoError) {
    const std::vector<Said> script = {client(query("select 1")), server(rows())};
    for (const auto* kind : {"close", "reset", "hang"}) {
        const auto ending = kind == "hang"s ? "hold"s : kind;
        const auto instead = talk("SELECT", {.kind = kind}, script);
        EXPECT_EQ(instead.client + instead.server, "");
        EXPECT_EQ(instead.ending, ending);
        const auto after = talk("SELECT", {.kind = kind, .mode = Mode::after}, script);
        EXPECT_EQ(after.client, "");
        EXPECT_EQ(after.server, query("select 1"));
        EXPECT_EQ(after.ending, ending);
        const auto cut = talk("SELECT", {.kind = kind, .bytes = 13}, script);
        EXPECT_EQ(cut.client, rows().substr(0, 13));
        EXPECT_EQ(cut.ending, ending);
        EXPECT_EQ(talk("SELECT", {.kind = kind, .bytes = 9999}, script).client, rows());
    }
    EXPECT_EQ(talk("SELECT", {.kind = "garbage"}, script).client, std::string(64, '\x80'));
}

// Answers.

TEST(MysqlConversation, WholeAnswerIsSwallowed) {
    constexpr std::uint16_t more = 0x000a;
    const auto no_eof = plain | capability::deprecate_eof;
    const auto short_rows =
        packet(1, "\1") + column(2) + packet(3, "\1x") + packet(4, "\xfe"s + std::string(20, 'x') + "\0\0"s);
    struct Case {
        std::uint64_t capabilities;
        std::string answer;
    };
    const Case cases[] = {
        {plain, ok(1)},
        {plain, error(1064)},
        {plain, rows()},
        {plain, ok(1, more) + rows(2, more) + rows(9, more) + ok(16)},
        {plain, rows(1, more) + error(1064, 8)},
        {plain, packet(1, "\1") + column(2) + eof(3) + error(1317, 4)},
        {no_eof, packet(1, "\1") + column(2) + packet(3, "\1x") + end_as_ok(4)},
        {no_eof, packet(1, "\1") + column(2) + end_as_ok(3, more) + ok(4)},
        // A row of more than 16 MiB may begin like an end.
        {no_eof, packet(1, "\1") + column(2) + number(0xffffff, 3) + "\3\xfe"s + std::string(0xfffffe, 'x') +
                     packet(4, "\xfe rest of it") + end_as_ok(5)},
        {(plain & ~1ULL) | capability::mariadb_progress, packet(1, "\xff\xff\xff progress"s) + ok(2)},
        {(plain & ~1ULL) | capability::mariadb_cache_metadata,
         packet(1, "\1\0"s) + eof(2) + packet(3, "\1x") + eof(4)},
    };
    for (const auto& [capabilities, answer] : cases) {
        if (answer.size() > 1000) {  // too much for every way of cutting it
            VerbJudge judge("SELECT", {.mode = Mode::after, .code = 1205});
            fixture::Heard heard;
            const auto conversation = make_mysql_conversation(judge, {});
            for (const auto& said : logged_in(capabilities))
                said.by_client ? conversation->from_client(said.bytes, heard)
                               : conversation->from_server(said.bytes, heard);
            heard.client.clear();
            conversation->from_client(query("select 1"), heard);
            conversation->from_server(answer, heard);
            EXPECT_EQ(heard.client, error(1205));
            continue;
        }
        const auto outcome =
            talk("SELECT", {.mode = Mode::after, .code = 1205},
                 {client(query("select 1")), server(answer), client(command('\x0e')), server(ok(1))},
                 capabilities);
        EXPECT_EQ(outcome.client, error(1205) + ok(1));
        EXPECT_EQ(outcome.bites.size(), 1U);
    }
}

TEST(MysqlConversation, AnswerThatIsNotWholeIsNotToldYet) {
    const auto whole = rows();
    const auto outcome = talk("SELECT", {.mode = Mode::after, .code = 1205},
                              {client(query("select 1")), server(whole.substr(0, whole.size() - 1))});
    EXPECT_EQ(outcome.client, "");
    EXPECT_TRUE(outcome.bites.empty());
}

TEST(MysqlConversation, LocalFilePassesEvenIfTheAnswerDoesNot) {
    const std::vector<Said> script = {
        client(query("load data local")), server(packet(1, "\xfb/etc/x")), client(packet(2, "1\n")),
        client(packet(0, "2\n")),         client(packet(1, "")),           server(ok(2))};
    const auto outcome = talk("LOAD", {.mode = Mode::after, .code = 1205}, script);
    EXPECT_EQ(outcome.client, packet(1, "\xfb/etc/x") + error(1205, 2));
    EXPECT_EQ(outcome.server, of(true, script));
}

TEST(MysqlConversation, ContinuedCommandIsOneCommand) {
    VerbJudge judge("INSERT", {.code = 1205});
    fixture::Heard heard;
    const auto conversation = make_mysql_conversation(judge, {});
    for (const auto& said : logged_in())
        said.by_client ? conversation->from_client(said.bytes, heard)
                       : conversation->from_server(said.bytes, heard);
    heard = {};
    const auto huge = "\xff\xff\xff\0\3insert "s + std::string(0xffffff - 8, 'x');
    conversation->from_client(huge, heard);
    EXPECT_EQ(heard.client, "");
    conversation->from_client(packet(1, "\1 the rest"), heard);
    EXPECT_EQ(heard.client, error(1205, 2));
    EXPECT_EQ(heard.server, "");
    ASSERT_EQ(judge.asked.size(), 1U);
    EXPECT_LT(judge.asked[0].size(), 66000U);
}

TEST(MysqlConversation, PipelinedCommandsAreAnsweredInTheirOrder) {
    const auto outcome =
        talk("UPDATE", {.code = 1205},
             {client(query("select 1") + query("update t") + query("select 2") + query("update u")),
              server(rows()), server(rows())});
    EXPECT_EQ(outcome.server, query("select 1") + query("select 2"));
    EXPECT_EQ(outcome.client, rows() + error(1205) + rows() + error(1205));
}

TEST(MysqlConversation, NothingIsToldInTheMidstOfAPacket) {
    // Unasked, as when the server ends the connection.
    const auto notice = mysql_error_packet({.message = std::string(60, 'x')}, 1927, 0, true);
    const auto outcome =
        talk("SELECT", {.code = 1205},
             {server(notice.substr(0, 50)), client(query("select 1")), server(notice.substr(50))});
    EXPECT_EQ(outcome.client, notice + error(1205));
}

// Prepared statements.

std::string prepared(std::uint32_t id, int columns, int parameters) {
    return packet(1, "\0"s + number(id, 4) + number(static_cast<std::uint64_t>(columns), 2) +
                         number(static_cast<std::uint64_t>(parameters), 2) + "\0\0\0"s);
}
std::string execute(std::uint32_t id) {
    return command('\x17', number(id, 4) + "\0\1\0\0\0"s);
}

TEST(MysqlConversation, ExecuteIsKnownByItsStatement) {
    const auto script = then(
        logged_in(),
        {client(command('\x16', "insert into t values (?)")), server(prepared(7, 0, 1) + column(2) + eof(3)),
         client(execute(7)), server(ok(1)), client(command('\x16', "select a from t where b = ?")),
         server(prepared(8, 1, 1) + column(2) + eof(3) + column(4) + eof(5)), client(execute(8)),
         server(rows()), client(command('\x19', number(7, 4))), client(execute(7)), server(error(1243))});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of(false, script));
    EXPECT_EQ(outcome.server, of(true, script));
    EXPECT_EQ(outcome.asked,
              (std::vector<std::string>{"0 connect ''", "1 PREPARE 'insert into t values (?)'",
                                        "2 INSERT 'insert into t values (?)' writes",
                                        "3 PREPARE 'select a from t where b = ?'",
                                        "4 SELECT 'select a from t where b = ?'", "5 EXECUTE ''"}));
}

TEST(MysqlConversation, AnswersOfPreparedStatementsAreSwallowed) {
    const auto no_eof = plain | capability::deprecate_eof;
    const std::pair<std::uint64_t, std::string> cases[] = {
        {plain, prepared(7, 0, 0)},
        {plain, prepared(7, 0, 1) + column(2) + eof(3)},
        {plain, prepared(7, 2, 0) + column(2) + column(3) + eof(4)},
        {plain, prepared(7, 1, 1) + column(2) + eof(3) + column(4) + eof(5)},
        {no_eof, prepared(7, 1, 2) + column(2) + column(3) + column(4)},
        {no_eof, prepared(7, 0, 1) + column(2)},
    };
    for (const auto& [capabilities, answer] : cases) {
        const auto outcome = talk(
            "PREPARE", {.mode = Mode::after, .code = 1205},
            {client(command('\x16', "select 1")), server(answer), client(command('\x0e')), server(ok(1))},
            capabilities);
        EXPECT_EQ(outcome.client, error(1205) + ok(1));
        // The client knows of no statement: nobody else would close it.
        EXPECT_EQ(outcome.server,
                  command('\x16', "select 1") + command('\x19', number(7, 4)) + command('\x0e'));
    }
}

TEST(MysqlConversation, CursorHasItsRowsLater) {
    constexpr std::uint16_t cursor = 0x0042;
    const std::vector<Said> script = {client(command('\x16', "select a from t")),
                                      server(prepared(7, 1, 0) + column(2) + eof(3)),
                                      client(execute(7)),
                                      server(packet(1, "\1") + column(2) + eof(3, cursor)),
                                      client(command('\x1c', number(7, 4) + number(2, 4))),
                                      server(packet(1, "\0\0\1x"s) + eof(2, cursor)),
                                      client(command('\x0e')),
                                      server(ok(1))};
    const auto outcome = talk("FETCH", {.mode = Mode::after, .code = 1205}, script);
    EXPECT_EQ(outcome.client, script[1].bytes + script[3].bytes + error(1205) + ok(1));
}

TEST(MysqlConversation, ExecuteOnTheHeelsOfAFailedPrepareFailsToo) {
    const auto outcome =
        talk("PREPARE", {.code = 1205},
             {client(command('\x16', "delete from t") + execute(0xffffffff)), client(query("select 1"))});
    EXPECT_EQ(outcome.server, query("select 1"));
    EXPECT_EQ(outcome.client, error(1205) + error(1243));
}

TEST(MysqlConversation, LongDataOfAnExecuteThatNeverCameIsForgotten) {
    const auto data = command('\x18', number(7, 4) + "\0\0long"s);
    const auto outcome =
        talk("UPDATE", {.code = 1205},
             {client(command('\x16', "update t set a = ?")), server(prepared(7, 0, 1) + column(2) + eof(3)),
              client(data), client(execute(7)), server(ok(1)), client(execute(7))});
    EXPECT_EQ(outcome.server, command('\x16', "update t set a = ?") + data + command('\x1a', number(7, 4)));
    EXPECT_EQ(outcome.client, prepared(7, 0, 1) + column(2) + eof(3) + error(1205) + error(1205));
}

// Opaque.

TEST(MysqlConversation, TlsAndCompressionAreStripped) {
    const auto offered =
        plain | capability::tls | capability::compress | capability::zstd | capability::deprecate_eof;
    const auto left = plain | capability::deprecate_eof;
    const auto outcome = play("", {}, {server(greeting(offered)), client(login(left)), server(ok(2))}, true);
    EXPECT_EQ(outcome.client, greeting(left) + ok(2));
    EXPECT_FALSE(outcome.opaque);
}

TEST(MysqlConversation, OpaqueAfterTlsCompressionAndReplication) {
    const auto rest = std::vector<Said>{client("\0\x01\2\3\4\5"s), server("\x16\3\1"s), client("\xff")};
    const auto tls = plain | capability::tls;
    const auto request = packet(1, number(tls, 4) + std::string(28, '\0'));
    for (const auto& before :
         {std::vector<Said>{server(greeting(tls)), client(request)}, logged_in(plain | capability::compress),
          logged_in(plain | capability::optional_metadata),
          then(logged_in(), {client(command('\x12', "pos"))}),
          std::vector<Said>{server(packet(0, "\x09old"))}, std::vector<Said>{client("hello")},
          std::vector<Said>{server(greeting(plain)), client(packet(1, "\1\0\0\0old"s))}}) {
        const auto script = then(before, rest);
        const auto outcome = play("SELECT", {}, script);
        EXPECT_TRUE(outcome.opaque);
        EXPECT_EQ(outcome.client, of(false, script));
        EXPECT_EQ(outcome.server, of(true, script));
    }
}

TEST(MysqlConversation, TlsThatEndsHereBeginsBehindItsRequest) {
    const auto tls = plain | capability::tls;
    const auto request = packet(1, number(tls, 4) + std::string(28, '\0'));
    auto inside = login(tls);
    inside[3] = '\2';
    // The client need not wait for anything before it begins with TLS.
    for (const auto& start : {std::vector<Said>{server(greeting(tls)), client(request), client(inside)},
                              std::vector<Said>{server(greeting(tls)), client(request + inside)}}) {
        const auto outcome = play_ending_tls("SELECT", {.code = 1205},
                                             then(start, {server(ok(3)), client(query("select 1"))}));
        EXPECT_FALSE(outcome.opaque);
        EXPECT_EQ(outcome.client, greeting(tls) + "<tls>" + ok(3) + error(1205));
        EXPECT_EQ(outcome.server, request + "<tls>" + inside);
        EXPECT_EQ(outcome.bites, (std::vector{"1 SELECT 'select 1'"s}));
    }
    const auto refused =
        play_ending_tls("connect", {.code = 1045}, {server(greeting(tls)), client(request + inside)});
    EXPECT_EQ(refused.client, greeting(tls) + "<tls>" + mysql_error_packet({}, 1045, 3, true));
    EXPECT_EQ(refused.ending, "close");
    EXPECT_FALSE(play_ending_tls("", {}, logged_in()).opaque) << "a client may do without";
}

TEST(MysqlConversation, UnknownCommandWhileAFaultIsPendingEndsIt) {
    const auto outcome = talk("SELECT", {.mode = Mode::after, .code = 1205},
                              {client(query("select 1")), client(command('\x77'))});
    EXPECT_EQ(outcome.ending, "close");
}

TEST(MysqlConversation, HalfMessagesPassWhenASideEnds) {
    VerbJudge judge("", {});
    fixture::Heard heard;
    const auto conversation = make_mysql_conversation(judge, {});
    conversation->from_server(greeting(plain).substr(0, 9), heard);
    conversation->server_ended(heard);
    conversation->client_ended(heard);
    EXPECT_EQ(heard.client, greeting(plain).substr(0, 9) + "<end>");
    EXPECT_EQ(heard.server, "<end>");
}

TEST(MysqlConversation, TooManyCommandsAheadOfTheirAnswers) {
    std::string pings;
    for (int i = 0; i < 1100; ++i)
        pings += command('\x0e');
    const auto plain_outcome = play("", {}, then(logged_in(), {client(pings)}));
    EXPECT_TRUE(plain_outcome.opaque);
    const auto pending =
        talk("SELECT", {.mode = Mode::after, .code = 1205}, {client(query("select 1")), client(pings)});
    EXPECT_EQ(pending.ending, "close");
}

}  // namespace
}  // namespace homespun::seism::wire
