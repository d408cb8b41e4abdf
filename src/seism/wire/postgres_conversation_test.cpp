#include "seism/wire/postgres_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/postgres_dialogue.hpp"
#include "seism/wire/postgres_messages.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;
using namespace postgres_dialogue;

// Passing.

TEST(PostgresConversation, WithoutFaultAllPassesAndIsJudged) {
    const auto script =
        then(logged_in(),
             {C(query("select 1")), S(rows() + ready()), C(query("/* a */ insert into t values (1)")),
              S(done() + ready()),
              C(parse("", "update t set a = $1") + bind("", "") + describe + execute() + sync),
              S(parsed + bound + message('n') + done() + ready()), C(parse("s", "select 2") + sync),
              S(parsed + ready()), C(bind("p", "s") + execute("p") + execute("none") + sync),
              S(bound + message('D', "row") + done() + real_error + ready()), C(message('F', "fastpath")),
              S(message('V', number(0)) + ready()), S(message('A', "notice")), C(message('X'))});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
    EXPECT_EQ(outcome.judged,
              (std::vector<std::string>{"1 SELECT select 1", "2 INSERT /* a */ insert into t values (1)!",
                                        "3 UPDATE update t set a = $1!", "4 PREPARE select 2",
                                        "5 SELECT select 2", "6 EXECUTE", "7 FUNCTION"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(PostgresConversation, CopyPasses) {
    const auto script =
        then(logged_in(),
             {C(query("copy t from stdin")), S(message('G', "in")), C(message('d', "1\n") + message('c')),
              S(done() + ready()), C(query("copy t to stdout")),
              S(message('H', "out") + message('d', "1\n") + message('c') + done() + ready())});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
}

// The connection.

TEST(PostgresConversation, ConnectionIsRefused) {
    const std::pair<std::string, std::string> cases[] = {
        {"", error("53300", "sorry, too many clients already", "FATAL")},
        {"57P03", error("57P03", "the database system is starting up", "FATAL")},
        {"28P01", error("28P01", "password authentication failed for user \"x\"", "FATAL")},
        {"XX000", error("XX000", "internal error", "FATAL")}};
    for (const auto& [state, told] : cases) {
        const auto outcome = play("connect", {.state = state}, {C(gss_request), C(tls_request), C(startup)});
        EXPECT_EQ(outcome.client, "NN" + told);
        EXPECT_EQ(outcome.server, "");
        EXPECT_EQ(outcome.ending, "close");
        EXPECT_EQ(outcome.bitten, std::vector<std::string>{"0 connect by error"});
    }
    for (const auto* kind : {"close", "reset", "hang"}) {
        const auto other = play("connect", {.kind = kind}, {});
        EXPECT_EQ(other.ending, kind == "hang"s ? "hold" : kind);
        EXPECT_EQ(other.client, "");
    }
    EXPECT_EQ(play("connect", {.kind = "garbage"}, {}).client, std::string(64, '\x80'));
    const auto cut = play("connect", {.kind = "close", .bytes = 3}, {C(startup), S(auth_asked)});
    EXPECT_EQ(cut.client, auth_asked.substr(0, 3));
    EXPECT_EQ(cut.ending, "close");
}

TEST(PostgresConversation, LoginThatWasDoneIsRefused) {
    const auto outcome = play("connect", {.mode = Mode::after}, logged_in());
    EXPECT_EQ(outcome.client, auth_asked + error("53300", "sorry, too many clients already", "FATAL"));
    EXPECT_EQ(outcome.server, startup + password);
    EXPECT_EQ(outcome.ending, "close");
    const auto refused = error("28P01", "no", "FATAL");
    const auto really = play("connect", {.mode = Mode::after}, {C(startup), S(auth_asked + refused)});
    EXPECT_EQ(really.client, auth_asked + refused);
    EXPECT_TRUE(really.bitten.empty());
}

// Every SQLSTATE, every mode.

TEST(PostgresConversation, EachStateInEachMode) {
    const std::pair<std::string, std::string> states[] = {
        {"40001", "could not serialize access due to concurrent update"},
        {"40P01", "deadlock detected"},
        {"57014", "canceling statement due to statement timeout"},
        {"55P03", "canceling statement due to lock timeout"},
        {"25006", "cannot execute UPDATE in a read-only transaction"},
        {"53100", "could not extend file \"x\": No space left on device"},
        {"53200", "out of memory"},
        {"26000", "prepared statement \"x\" does not exist"},
        {"XX000", "internal error"},
        {"", "internal error"},
        {"99999", "internal error"}};
    for (const auto& [state, text] : states) {
        const Fault fault{.state = state};
        const auto told = error(state.empty() ? "XX000" : state, text);
        const auto instead =
            talk("UPDATE", fault, {C(query("update t")), C(query("select 1")), S(rows() + ready())});
        EXPECT_EQ(instead.client, told + ready() + rows() + ready());
        EXPECT_EQ(instead.server, query("select 1"));
        EXPECT_EQ(instead.bitten, std::vector<std::string>{"1 UPDATE update t by error"});

        auto changed = fault;
        changed.mode = Mode::after;
        const auto after = talk("UPDATE", changed, {C(query("update t")), S(done() + ready())});
        EXPECT_EQ(after.client, told + ready());
        EXPECT_EQ(after.server, query("update t"));

        changed.mode = Mode::before_close;
        const auto closing = talk("UPDATE", changed, {C(query("update t"))});
        EXPECT_EQ(closing.client, told);
        EXPECT_EQ(closing.ending, "close");
    }
}

TEST(PostgresConversation, FatalErrorsClose) {
    for (const auto mode : {Mode::instead, Mode::after}) {
        const auto outcome =
            talk("SELECT", {.mode = mode, .state = "57P01"}, {C(query("select 1")), S(rows() + ready())});
        EXPECT_EQ(outcome.client,
                  error("57P01", "terminating connection due to administrator command", "FATAL"));
        EXPECT_EQ(outcome.ending, "close");
    }
}

TEST(PostgresConversation, KindsThatAreNoError) {
    const auto question = query("select 1"), answer = rows() + ready();
    const auto meet = [&](const Fault& fault) { return talk("SELECT", fault, {C(question), S(answer)}); };
    expect_wordless_kinds(meet, question, answer);
}

// Transactions.

TEST(PostgresConversation, TransactionReallyFails) {
    const auto outcome =
        talk("UPDATE", deadlocked, {C(begin), S(begun), C(query("update t")), S(not_there + ready('E'))});
    EXPECT_EQ(outcome.server, begin + failing_query());
    EXPECT_EQ(outcome.client, begun + deadlock + ready('E'));
}

TEST(PostgresConversation, TransactionThatHasFailedStaysSo) {
    const auto outcome =
        talk("UPDATE", deadlocked, {C(begin), S(real_error + ready('E')), C(query("update t"))});
    EXPECT_EQ(outcome.server, begin);
    EXPECT_EQ(outcome.client, real_error + ready('E') + deadlock + ready('E'));
}

TEST(PostgresConversation, TransactionFailsAfterItsStatementWasDone) {
    const auto outcome =
        talk("UPDATE", deadlocked_after,
             {C(begin), S(begun), C(query("update t")), S(message('N', "note") + done() + ready('T')),
              S(not_there + ready('E')), C(query("commit")), S(done("ROLLBACK") + ready())});
    EXPECT_EQ(outcome.server, begin + query("update t") + failing_query() + query("commit"));
    EXPECT_EQ(outcome.client, begun + deadlock + ready('E') + done("ROLLBACK") + ready());
}

TEST(PostgresConversation, CommitThatWasDoneIsToldToHaveFailed) {
    const auto outcome = talk("COMMIT", deadlocked_after,
                              {C(begin), S(begun), C(query("commit")), S(done("COMMIT") + ready())});
    EXPECT_EQ(outcome.server, begin + query("commit"));
    EXPECT_EQ(outcome.client, begun + deadlock + ready());
}

TEST(PostgresConversation, WhatIsSentAheadMeetsTheFailedTransaction) {
    const auto outcome = talk("UPDATE", deadlocked_after,
                              {C(query("update t") + query("select 1")), S(done() + ready('T')),
                               S(not_there + ready('E')), S(real_error + ready('E'))});
    EXPECT_EQ(outcome.server, query("update t") + failing_query() + query("select 1"));
    EXPECT_EQ(outcome.client, deadlock + ready('E') + real_error + ready('E'));
}

TEST(PostgresConversation, PipelinedQueriesAreAnsweredInTheirOrder) {
    const auto outcome = talk("UPDATE", deadlocked,
                              {C(query("select 1") + query("update t") + query("select 2")),
                               S(rows() + ready() + not_there + ready() + rows() + ready())});
    EXPECT_EQ(outcome.server, query("select 1") + failing_query() + query("select 2"));
    EXPECT_EQ(outcome.client, rows() + ready() + deadlock + ready() + rows() + ready());
}

// COPY.

TEST(PostgresConversation, CopyFromTheClientIsNotDoneAfter) {
    const std::vector<Line> script = {C(query("COPY t FROM STDIN")), S(message('G', "in"))};
    const auto passed = talk("COPY", deadlocked_after, script);
    EXPECT_EQ(passed.client, message('G', "in"));
    EXPECT_TRUE(passed.bitten.empty());
    EXPECT_EQ(talk("COPY", deadlocked, script).client.substr(0, deadlock.size()), deadlock);
    const auto to = talk("COPY", deadlocked_after,
                         {C(query("copy t to stdout")),
                          S(message('H', "out") + message('d', "1\n") + message('c') + done() + ready())});
    EXPECT_EQ(to.client, deadlock + ready());
}

TEST(PostgresConversation, HiddenCopyIsEnded) {
    const auto hidden = query("update t; copy t from stdin");
    const auto outcome = talk("UPDATE", deadlocked_after,
                              {C(hidden), S(done() + message('G', "in")), S(real_error + ready())});
    EXPECT_EQ(outcome.server, hidden + copy_fail());
    EXPECT_EQ(outcome.client, deadlock + ready());
    const auto ahead = talk("UPDATE", deadlocked_after,
                            {C(hidden + query("select 1")), S(done() + message('G', "in")),
                             S(real_error + ready()), S(rows() + ready())});
    EXPECT_EQ(ahead.server, hidden + failing_query() + query("select 1"));
    EXPECT_EQ(ahead.client, deadlock + ready() + rows() + ready());
}

// Opaque.

TEST(PostgresConversation, EncryptionIsRefusedWhenStripped) {
    const auto outcome = play("", {}, {C(gss_request), C(tls_request), C(startup)}, true);
    EXPECT_EQ(outcome.client, "NN");
    EXPECT_EQ(outcome.server, startup);
    EXPECT_FALSE(outcome.opaque);
}

TEST(PostgresConversation, RefusedEncryptionIsNoEnd) {
    const auto script = then({C(tls_request), S("N")}, logged_in());
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of_server(script));
    EXPECT_EQ(outcome.server, of_client(script));
    EXPECT_FALSE(outcome.opaque);
}

TEST(PostgresConversation, OpaqueAfterTlsCancelReplicationAndNonsense) {
    const auto rest = std::vector<Line>{C("\0\x01\2\3\4\5"s), S("\x16\3\1"s), C("\xff")};
    for (const auto& before :
         {std::vector<Line>{C(tls_request), S("S")}, std::vector<Line>{C(gss_request), S("G")},
          std::vector<Line>{C(untyped(80877102, "key12345"))}, std::vector<Line>{C("\x16\3\1\2\0\1"s)},
          std::vector<Line>{C(untyped(131072, "old"))}, std::vector<Line>{S(real_error)},
          then(logged_in(), {C(query("START_REPLICATION")), S(message('W', "both"))}),
          then(logged_in(), {C(bind("", "")), S(ready())}), then(logged_in(), {C("Q\0\0\0\3"s)}),
          then(logged_in(), {C(message('y'))}), then(logged_in(), {C(parse("", "x") + query("select 1"))})}) {
        const auto script = then(before, rest);
        const auto outcome = play("START", {}, script);
        EXPECT_TRUE(outcome.opaque);
        EXPECT_EQ(outcome.client, of_server(script));
        EXPECT_EQ(outcome.server, of_client(script));
    }
}

TEST(PostgresConversation, TlsThatEndsHereBeginsBehindTheYes) {
    const auto session = then(logged_in(), {C(query("select 1"))});
    const auto outcome = play_ending_tls("SELECT", deadlocked, then({C(tls_request), S("S")}, session));
    EXPECT_FALSE(outcome.opaque);
    EXPECT_EQ(outcome.client, "S<tls>" + of_server(session) + deadlock + ready());
    EXPECT_EQ(outcome.server, tls_request + "<tls>" + of_client(logged_in()));
    const auto refused = play_ending_tls("SELECT", deadlocked, then({C(tls_request), S("N")}, session));
    EXPECT_EQ(refused.client, "N" + of_server(session) + deadlock + ready());
    const auto twice = play_ending_tls("", {}, {C(tls_request), S("S"), C(tls_request), S("S")});
    EXPECT_EQ(twice.client, "S<tls>S") << "once";
    EXPECT_TRUE(twice.opaque);
    const auto gss = play_ending_tls("SELECT", {}, {C(gss_request), S("G"), C("\1\2")});
    EXPECT_TRUE(gss.opaque);
    const auto full = error("53300", "sorry, too many clients already", "FATAL");
    const auto met = play_ending_tls("connect", {}, {C(gss_request), C(tls_request), S("S"), C(startup)});
    EXPECT_EQ(met.client, "NS<tls>" + full) << "a client that insists on TLS meets the fault, too";
    EXPECT_EQ(met.server, tls_request + "<tls>");
    EXPECT_EQ(met.ending, "close");
}

TEST(PostgresConversation, NonsenseWhileAFaultIsPendingEndsIt) {
    EXPECT_EQ(talk("SELECT", deadlocked_after, {C(query("select 1")), C(message('y'))}).ending, "close");
    EXPECT_EQ(talk("SELECT", deadlocked_after, {C(query("select 1")), S("Z\0\0\0\0"s)}).ending, "close");
}

TEST(PostgresConversation, LongStatementIsReadInPart) {
    const auto text = "select " + std::string(200000, 'x');
    Outcome heard;
    KeepingEffects effects(heard);
    NamedJudge judge(heard, deadlocked, {"SELECT"});
    const auto conversation = make_postgres_conversation(judge, {});
    for (const auto& said : logged_in())
        said.from == Line::From::client ? conversation->from_client(said.bytes, effects)
                                        : conversation->from_server(said.bytes, effects);
    heard = {};
    conversation->from_client(query(text), effects);
    EXPECT_EQ(heard.client, deadlock + ready());
    EXPECT_EQ(heard.server, "");
    ASSERT_EQ(heard.judged.size(), 1U);
    EXPECT_LT(heard.judged[0].size(), 66000U);
}

TEST(PostgresConversation, TooManyQueriesAheadOfTheirAnswers) {
    std::string queries;
    for (int i = 0; i < 1100; ++i)
        queries += query("");
    EXPECT_TRUE(play("", {}, then(logged_in(), {C(queries)})).opaque);
    EXPECT_EQ(talk("SELECT", deadlocked_after, {C(query("select 1")), C(queries)}).ending, "close");
}

}  // namespace
}  // namespace homespun::seism::wire
