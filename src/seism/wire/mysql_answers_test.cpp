#include <gtest/gtest.h>

#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_dialogue.hpp"
#include "seism/wire/mysql_errors.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;
using namespace mysql_dialogue;

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
            Outcome heard;
            KeepingEffects effects(heard);
            NamedJudge judge(heard, {.mode = Mode::after, .code = 1205}, {"SELECT"});
            const auto conversation = make_mysql_conversation(judge, {});
            for (const auto& said : logged_in(capabilities))
                said.from == Line::From::client ? conversation->from_client(said.bytes, effects)
                                                : conversation->from_server(said.bytes, effects);
            heard.client.clear();
            conversation->from_client(query("select 1"), effects);
            conversation->from_server(answer, effects);
            EXPECT_EQ(heard.client, error(1205));
            continue;
        }
        const auto outcome =
            talk("SELECT", {.mode = Mode::after, .code = 1205},
                 {C(query("select 1")), S(answer), C(command('\x0e')), S(ok(1))}, capabilities);
        EXPECT_EQ(outcome.client, error(1205) + ok(1));
        EXPECT_EQ(outcome.bitten.size(), 1U);
    }
}

TEST(MysqlConversation, AnswerThatIsNotWholeIsNotToldYet) {
    const auto whole = rows();
    const auto outcome = talk("SELECT", {.mode = Mode::after, .code = 1205},
                              {C(query("select 1")), S(whole.substr(0, whole.size() - 1))});
    EXPECT_EQ(outcome.client, "");
    EXPECT_TRUE(outcome.bitten.empty());
}

TEST(MysqlConversation, LocalFilePassesEvenIfTheAnswerDoesNot) {
    const std::vector<Line> script = {
        C(query("load data local")), S(packet(1, "\xfb/etc/x")), C(packet(2, "1\n")),
        C(packet(0, "2\n")),         C(packet(1, "")),           S(ok(2))};
    const auto outcome = talk("LOAD", {.mode = Mode::after, .code = 1205}, script);
    EXPECT_EQ(outcome.client, packet(1, "\xfb/etc/x") + error(1205, 2));
    EXPECT_EQ(outcome.server, of_client(script));
}

TEST(MysqlConversation, ContinuedCommandIsOneCommand) {
    Outcome heard;
    KeepingEffects effects(heard);
    NamedJudge judge(heard, {.code = 1205}, {"INSERT"});
    const auto conversation = make_mysql_conversation(judge, {});
    for (const auto& said : logged_in())
        said.from == Line::From::client ? conversation->from_client(said.bytes, effects)
                                        : conversation->from_server(said.bytes, effects);
    heard = {};
    const auto huge = "\xff\xff\xff\0\3insert "s + std::string(0xffffff - 8, 'x');
    conversation->from_client(huge, effects);
    EXPECT_EQ(heard.client, "");
    conversation->from_client(packet(1, "\1 the rest"), effects);
    EXPECT_EQ(heard.client, error(1205, 2));
    EXPECT_EQ(heard.server, "");
    ASSERT_EQ(heard.judged.size(), 1U);
    EXPECT_LT(heard.judged[0].size(), 66000U);
}

TEST(MysqlConversation, PipelinedCommandsAreAnsweredInTheirOrder) {
    const auto outcome =
        talk("UPDATE", {.code = 1205},
             {C(query("select 1") + query("update t") + query("select 2") + query("update u")), S(rows()),
              S(rows())});
    EXPECT_EQ(outcome.server, query("select 1") + query("select 2"));
    EXPECT_EQ(outcome.client, rows() + error(1205) + rows() + error(1205));
}

TEST(MysqlConversation, NothingIsToldInTheMidstOfAPacket) {
    // Unasked, as when the server ends the connection.
    const auto notice = mysql_error_packet({.message = std::string(60, 'x')}, 1927, 0, true);
    const auto outcome =
        talk("SELECT", {.code = 1205}, {S(notice.substr(0, 50)), C(query("select 1")), S(notice.substr(50))});
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
    const auto script =
        then(logged_in(),
             {C(command('\x16', "insert into t values (?)")), S(prepared(7, 0, 1) + column(2) + eof(3)),
              C(execute(7)), S(ok(1)), C(command('\x16', "select a from t where b = ?")),
              S(prepared(8, 1, 1) + column(2) + eof(3) + column(4) + eof(5)), C(execute(8)), S(rows()),
              C(command('\x19', number(7, 4))), C(execute(7)), S(error(1243))});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
    EXPECT_EQ(outcome.judged, (std::vector<std::string>{
                                  "1 PREPARE insert into t values (?)", "2 INSERT insert into t values (?)!",
                                  "3 PREPARE select a from t where b = ?",
                                  "4 SELECT select a from t where b = ?", "5 EXECUTE"}));
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
        const auto outcome =
            talk("PREPARE", {.mode = Mode::after, .code = 1205},
                 {C(command('\x16', "select 1")), S(answer), C(command('\x0e')), S(ok(1))}, capabilities);
        EXPECT_EQ(outcome.client, error(1205) + ok(1));
        // The client knows of no statement: nobody else would close it.
        EXPECT_EQ(outcome.server,
                  command('\x16', "select 1") + command('\x19', number(7, 4)) + command('\x0e'));
    }
}

TEST(MysqlConversation, CursorHasItsRowsLater) {
    constexpr std::uint16_t cursor = 0x0042;
    const std::vector<Line> script = {C(command('\x16', "select a from t")),
                                      S(prepared(7, 1, 0) + column(2) + eof(3)),
                                      C(execute(7)),
                                      S(packet(1, "\1") + column(2) + eof(3, cursor)),
                                      C(command('\x1c', number(7, 4) + number(2, 4))),
                                      S(packet(1, "\0\0\1x"s) + eof(2, cursor)),
                                      C(command('\x0e')),
                                      S(ok(1))};
    const auto outcome = talk("FETCH", {.mode = Mode::after, .code = 1205}, script);
    EXPECT_EQ(outcome.client, script[1].bytes + script[3].bytes + error(1205) + ok(1));
}

TEST(MysqlConversation, ExecuteOnTheHeelsOfAFailedPrepareFailsToo) {
    const auto outcome =
        talk("PREPARE", {.code = 1205},
             {C(command('\x16', "delete from t") + execute(0xffffffff)), C(query("select 1"))});
    EXPECT_EQ(outcome.server, query("select 1"));
    EXPECT_EQ(outcome.client, error(1205) + error(1243));
}

TEST(MysqlConversation, LongDataOfAnExecuteThatNeverCameIsForgotten) {
    const auto data = command('\x18', number(7, 4) + "\0\0long"s);
    const auto outcome =
        talk("UPDATE", {.code = 1205},
             {C(command('\x16', "update t set a = ?")), S(prepared(7, 0, 1) + column(2) + eof(3)), C(data),
              C(execute(7)), S(ok(1)), C(execute(7))});
    EXPECT_EQ(outcome.server, command('\x16', "update t set a = ?") + data + command('\x1a', number(7, 4)));
    EXPECT_EQ(outcome.client, prepared(7, 0, 1) + column(2) + eof(3) + error(1205) + error(1205));
}

}  // namespace
}  // namespace homespun::seism::wire
