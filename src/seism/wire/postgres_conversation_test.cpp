#include "seism/wire/postgres_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/postgres_messages.hpp"
#include "seism/wire/sql_conversation_fixture.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;
using fixture::client;
using fixture::Outcome;
using fixture::Said;
using fixture::server;

std::string number(std::size_t value) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0})
        bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}
std::string message(char type, const std::string& payload = {}) {
    return std::string(1, type) + number(payload.size() + 4) + payload;
}
std::string query(const std::string& text) {
    return message('Q', text + '\0');
}
std::string untyped(std::uint32_t code, const std::string& rest = {}) {
    return number(rest.size() + 8) + number(code) + rest;
}
const std::string startup = untyped(196608, "user\0u\0\0"s);
const std::string tls_request = untyped(80877103), gss_request = untyped(80877104);
const std::string auth_asked = message('R', number(5) + "salt"), auth_ok = message('R', number(0));
const std::string session = message('S', "TimeZone\0UTC\0"s) + message('K', "12345678");
const std::string password = message('p', "md5\0"s);

std::string ready(char status = 'I') {
    return message('Z', std::string(1, status));
}
std::string done(const std::string& tag = "SELECT 1") {
    return message('C', tag + '\0');
}
std::string rows() {
    return message('T', "columns") + message('D', "row") + done();
}
std::string error(const std::string& state, const std::string& text, const std::string& severity = "ERROR") {
    return message('E',
                   'S' + severity + '\0' + 'V' + severity + '\0' + 'C' + state + '\0' + 'M' + text + "\0\0"s);
}
const std::string deadlock = error("40P01", "deadlock detected");
const std::string real_error = error("42601", "syntax error");
const std::string not_there = error("26000", "prepared statement \"seism_fault\" does not exist");

std::vector<Said> logged_in() {
    return {client(startup), server(auth_asked), client(password), server(auth_ok + session + ready())};
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
    const auto make = [&](Judge& judge) { return make_postgres_conversation(judge, {.strip_tls = strip}); };
    return fixture::play(make, verb, fault, script);
}
/// Where TLS ends in the middle.
Outcome play_ending_tls(const std::string& verb, const Fault& fault, const std::vector<Said>& script) {
    const auto make = [](Judge& judge) { return make_postgres_conversation(judge, {.terminate_tls = true}); };
    return fixture::play(make, verb, fault, script);
}
/// What comes after the login.
struct Talk {
    std::string client, server, ending;
    std::vector<std::string> bites;
};
Talk talk(const std::string& verb, const Fault& fault, const std::vector<Said>& script) {
    const auto before = logged_in();
    const auto all = play(verb, fault, then(before, script));
    return {all.client.substr(of(false, before).size()), all.server.substr(of(true, before).size()),
            all.ending, all.bites};
}
const Fault deadlocked{.state = "40P01"};
const Fault deadlocked_after{.mode = Mode::after, .state = "40P01"};
const std::string begin = query("begin"), begun = done("BEGIN") + ready('T');

// The extended protocol.
std::string parse(const std::string& name, const std::string& text) {
    return message('P', name + '\0' + text + "\0\0\0"s);
}
std::string bind(const std::string& portal, const std::string& statement) {
    return message('B', portal + '\0' + statement + "\0\0\0\0\0\0\0"s);
}
std::string execute(const std::string& portal = {}) {
    return message('E', portal + "\0\0\0\0\0"s);
}
const std::string describe = message('D', "P\0"s), sync = message('S'), flush = message('H');
const std::string parsed = message('1'), bound = message('2'), described = message('T', "columns");

// Passing.

TEST(PostgresConversation, WithoutFaultAllPassesAndIsJudged) {
    const auto script =
        then(logged_in(),
             {client(query("select 1")), server(rows() + ready()),
              client(query("/* a */ insert into t values (1)")), server(done() + ready()),
              client(parse("", "update t set a = $1") + bind("", "") + describe + execute() + sync),
              server(parsed + bound + message('n') + done() + ready()), client(parse("s", "select 2") + sync),
              server(parsed + ready()), client(bind("p", "s") + execute("p") + execute("none") + sync),
              server(bound + message('D', "row") + done() + real_error + ready()),
              client(message('F', "fastpath")), server(message('V', number(0)) + ready()),
              server(message('A', "notice")), client(message('X'))});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of(false, script));
    EXPECT_EQ(outcome.server, of(true, script));
    EXPECT_EQ(outcome.asked,
              (std::vector<std::string>{"0 connect ''", "1 SELECT 'select 1'",
                                        "2 INSERT '/* a */ insert into t values (1)' writes",
                                        "3 UPDATE 'update t set a = $1' writes", "4 PREPARE 'select 2'",
                                        "5 SELECT 'select 2'", "6 EXECUTE ''", "7 FUNCTION ''"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(PostgresConversation, CopyPasses) {
    const auto script = then(
        logged_in(), {client(query("copy t from stdin")), server(message('G', "in")),
                      client(message('d', "1\n") + message('c')), server(done() + ready()),
                      client(query("copy t to stdout")),
                      server(message('H', "out") + message('d', "1\n") + message('c') + done() + ready())});
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of(false, script));
    EXPECT_EQ(outcome.server, of(true, script));
}

// The connection.

TEST(PostgresConversation, ConnectionIsRefused) {
    const std::pair<std::string, std::string> cases[] = {
        {"", error("53300", "sorry, too many clients already", "FATAL")},
        {"57P03", error("57P03", "the database system is starting up", "FATAL")},
        {"28P01", error("28P01", "password authentication failed for user \"x\"", "FATAL")},
        {"XX000", error("XX000", "internal error", "FATAL")}};
    for (const auto& [state, told] : cases) {
        const auto outcome =
            play("connect", {.state = state}, {client(gss_request), client(tls_request), client(startup)});
        EXPECT_EQ(outcome.client, "NN" + told);
        EXPECT_EQ(outcome.server, "");
        EXPECT_EQ(outcome.ending, "close");
        EXPECT_EQ(outcome.bites, std::vector<std::string>{"0 connect ''"});
    }
    for (const auto* kind : {"close", "reset", "hang"}) {
        const auto other = play("connect", {.kind = kind}, {});
        EXPECT_EQ(other.ending, kind == "hang"s ? "hold" : kind);
        EXPECT_EQ(other.client, "");
    }
    EXPECT_EQ(play("connect", {.kind = "garbage"}, {}).client, std::string(64, '\x80'));
    const auto cut = play("connect", {.kind = "close", .bytes = 3}, {client(startup), server(auth_asked)});
    EXPECT_EQ(cut.client, auth_asked.substr(0, 3));
    EXPECT_EQ(cut.ending, "close");
}

TEST(PostgresConversation, LoginThatWasDoneIsRefused) {
    const auto outcome = play("connect", {.mode = Mode::after}, logged_in());
    EXPECT_EQ(outcome.client, auth_asked + error("53300", "sorry, too many clients already", "FATAL"));
    EXPECT_EQ(outcome.server, startup + password);
    EXPECT_EQ(outcome.ending, "close");
    const auto refused = error("28P01", "no", "FATAL");
    const auto really =
        play("connect", {.mode = Mode::after}, {client(startup), server(auth_asked + refused)});
    EXPECT_EQ(really.client, auth_asked + refused);
    EXPECT_TRUE(really.bites.empty());
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
            talk("UPDATE", fault,
                 {client(query("update t")), client(query("select 1")), server(rows() + ready())});
        EXPECT_EQ(instead.client, told + ready() + rows() + ready());
        EXPECT_EQ(instead.server, query("select 1"));
        EXPECT_EQ(instead.bites, std::vector<std::string>{"1 UPDATE 'update t' writes"});

        auto changed = fault;
        changed.mode = Mode::after;
        const auto after = talk("UPDATE", changed, {client(query("update t")), server(done() + ready())});
        EXPECT_EQ(after.client, told + ready());
        EXPECT_EQ(after.server, query("update t"));

        changed.mode = Mode::before_close;
        const auto closing = talk("UPDATE", changed, {client(query("update t"))});
        EXPECT_EQ(closing.client, told);
        EXPECT_EQ(closing.ending, "close");
    }
}

TEST(PostgresConversation, FatalErrorsClose) {
    for (const auto mode : {Mode::instead, Mode::after}) {
        const auto outcome = talk("SELECT", {.mode = mode, .state = "57P01"},
                                  {client(query("select 1")), server(rows() + ready())});
        EXPECT_EQ(outcome.client,
                  error("57P01", "terminating connection due to administrator command", "FATAL"));
        EXPECT_EQ(outcome.ending, "close");
    }
}

TEST(PostgresConversation, KindsThatAreNoError) {
    const std::vector<Said> script = {client(query("select 1")), server(rows() + ready())};
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
        const auto late = talk("SELECT", {.kind = kind, .bytes = 9999}, script);
        EXPECT_EQ(late.client, rows() + ready());
        EXPECT_EQ(late.ending, ending);
    }
    EXPECT_EQ(talk("SELECT", {.kind = "garbage"}, script).client, std::string(64, '\x80'));
}

// Transactions.

TEST(PostgresConversation, TransactionReallyFails) {
    const auto outcome =
        talk("UPDATE", deadlocked,
             {client(begin), server(begun), client(query("update t")), server(not_there + ready('E'))});
    EXPECT_EQ(outcome.server, begin + failing_query());
    EXPECT_EQ(outcome.client, begun + deadlock + ready('E'));
}

TEST(PostgresConversation, TransactionThatHasFailedStaysSo) {
    const auto outcome = talk("UPDATE", deadlocked,
                              {client(begin), server(real_error + ready('E')), client(query("update t"))});
    EXPECT_EQ(outcome.server, begin);
    EXPECT_EQ(outcome.client, real_error + ready('E') + deadlock + ready('E'));
}

TEST(PostgresConversation, TransactionFailsAfterItsStatementWasDone) {
    const auto outcome =
        talk("UPDATE", deadlocked_after,
             {client(begin), server(begun), client(query("update t")),
              server(message('N', "note") + done() + ready('T')), server(not_there + ready('E')),
              client(query("commit")), server(done("ROLLBACK") + ready())});
    EXPECT_EQ(outcome.server, begin + query("update t") + failing_query() + query("commit"));
    EXPECT_EQ(outcome.client, begun + deadlock + ready('E') + done("ROLLBACK") + ready());
}

TEST(PostgresConversation, CommitThatWasDoneIsToldToHaveFailed) {
    const auto outcome =
        talk("COMMIT", deadlocked_after,
             {client(begin), server(begun), client(query("commit")), server(done("COMMIT") + ready())});
    EXPECT_EQ(outcome.server, begin + query("commit"));
    EXPECT_EQ(outcome.client, begun + deadlock + ready());
}

TEST(PostgresConversation, WhatIsSentAheadMeetsTheFailedTransaction) {
    const auto outcome = talk("UPDATE", deadlocked_after,
                              {client(query("update t") + query("select 1")), server(done() + ready('T')),
                               server(not_there + ready('E')), server(real_error + ready('E'))});
    EXPECT_EQ(outcome.server, query("update t") + failing_query() + query("select 1"));
    EXPECT_EQ(outcome.client, deadlock + ready('E') + real_error + ready('E'));
}

TEST(PostgresConversation, PipelinedQueriesAreAnsweredInTheirOrder) {
    const auto outcome = talk("UPDATE", deadlocked,
                              {client(query("select 1") + query("update t") + query("select 2")),
                               server(rows() + ready() + not_there + ready() + rows() + ready())});
    EXPECT_EQ(outcome.server, query("select 1") + failing_query() + query("select 2"));
    EXPECT_EQ(outcome.client, rows() + ready() + deadlock + ready() + rows() + ready());
}

// The extended protocol.

TEST(PostgresConversation, ExtendedQueryFailsWhereItsExecuteWouldBe) {
    const auto head = parse("", "update t") + bind("", "") + describe;
    const auto answered = parsed + bound + message('n');
    const auto instead =
        talk("UPDATE", deadlocked,
             {client(head + execute() + bind("", "") + execute() + sync),
              server(answered + not_there + ready()), client(query("select 1")), server(rows() + ready())});
    EXPECT_EQ(instead.server, head + failing_execute() + sync + query("select 1"));
    EXPECT_EQ(instead.client, answered + deadlock + ready() + rows() + ready());
    EXPECT_EQ(instead.bites, std::vector<std::string>{"1 UPDATE 'update t' writes"});

    const auto after = talk(
        "UPDATE", deadlocked_after,
        {client(head + execute() + bind("", "") + execute() + sync), server(answered + done() + ready())});
    EXPECT_EQ(after.server, head + execute() + sync);
    EXPECT_EQ(after.client, answered + deadlock + ready());
}

TEST(PostgresConversation, OneOfSeveralExecutesFails) {
    const auto first = parse("", "insert t") + bind("", "") + execute();
    const auto second = parse("", "update t") + bind("", "");
    const auto first_done = parsed + bound + done();
    const auto instead = talk("UPDATE", deadlocked,
                              {client(first + second + execute() + sync),
                               server(first_done + parsed + bound + not_there + ready())});
    EXPECT_EQ(instead.server, first + second + failing_execute() + sync);
    EXPECT_EQ(instead.client, first_done + parsed + bound + deadlock + ready());
    // What comes before it fails by itself: the server does no more, and the client is told that.
    const auto really =
        talk("UPDATE", deadlocked,
             {client(first + second + execute() + sync), server(parsed + real_error + ready())});
    EXPECT_EQ(really.client, parsed + real_error + ready());
    EXPECT_TRUE(really.bites.empty());
}

TEST(PostgresConversation, ExtendedEndingsComeInTheirTurn) {
    const auto head = parse("", "update t") + bind("", "");
    const auto fatal = talk("UPDATE", {.state = "57P01"},
                            {client(query("select 1") + head + execute() + sync), server(rows() + ready())});
    EXPECT_EQ(
        fatal.client,
        rows() + ready() + error("57P01", "terminating connection due to administrator command", "FATAL"));
    EXPECT_EQ(fatal.ending, "close");
    const auto cut = talk("UPDATE", {.kind = "reset", .bytes = 4},
                          {client(head + execute() + sync), server(parsed + bound + done() + ready())});
    EXPECT_EQ(cut.client, parsed + bound + done().substr(0, 4));
    EXPECT_EQ(cut.ending, "reset");
}

TEST(PostgresConversation, PreparingFails) {
    const auto outcome =
        talk("PREPARE", deadlocked,
             {client(parse("s", "select 1") + describe + flush + sync), server(not_there + ready())});
    EXPECT_EQ(outcome.server, failing_execute() + sync);
    EXPECT_EQ(outcome.client, deadlock + ready());
}

TEST(PostgresConversation, StatementsAreForgotten) {
    const auto outcome = play(
        "", {},
        then(logged_in(), {client(parse("s", "select 1") + bind("p", "s") + message('C', "Pp\0"s) +
                                  execute("p") + message('C', "Ss\0"s) + bind("p", "s") + execute("p"))}));
    EXPECT_EQ(outcome.asked, (std::vector<std::string>{"0 connect ''", "1 PREPARE 'select 1'", "2 EXECUTE ''",
                                                       "3 EXECUTE ''"}));
}

// COPY.

TEST(PostgresConversation, CopyFromTheClientIsNotDoneAfter) {
    const std::vector<Said> script = {client(query("COPY t FROM STDIN")), server(message('G', "in"))};
    const auto passed = talk("COPY", deadlocked_after, script);
    EXPECT_EQ(passed.client, message('G', "in"));
    EXPECT_TRUE(passed.bites.empty());
    EXPECT_EQ(talk("COPY", deadlocked, script).client.substr(0, deadlock.size()), deadlock);
    const auto to =
        talk("COPY", deadlocked_after,
             {client(query("copy t to stdout")),
              server(message('H', "out") + message('d', "1\n") + message('c') + done() + ready())});
    EXPECT_EQ(to.client, deadlock + ready());
}

TEST(PostgresConversation, HiddenCopyIsEnded) {
    const auto hidden = query("update t; copy t from stdin");
    const auto outcome =
        talk("UPDATE", deadlocked_after,
             {client(hidden), server(done() + message('G', "in")), server(real_error + ready())});
    EXPECT_EQ(outcome.server, hidden + copy_fail());
    EXPECT_EQ(outcome.client, deadlock + ready());
    const auto ahead = talk("UPDATE", deadlocked_after,
                            {client(hidden + query("select 1")), server(done() + message('G', "in")),
                             server(real_error + ready()), server(rows() + ready())});
    EXPECT_EQ(ahead.server, hidden + failing_query() + query("select 1"));
    EXPECT_EQ(ahead.client, deadlock + ready() + rows() + ready());
}

// Opaque.

TEST(PostgresConversation, EncryptionIsRefusedWhenStripped) {
    const auto outcome = play("", {}, {client(gss_request), client(tls_request), client(startup)}, true);
    EXPECT_EQ(outcome.client, "NN");
    EXPECT_EQ(outcome.server, startup);
    EXPECT_FALSE(outcome.opaque);
}

TEST(PostgresConversation, RefusedEncryptionIsNoEnd) {
    const auto script = then({client(tls_request), server("N")}, logged_in());
    const auto outcome = play("", {}, script);
    EXPECT_EQ(outcome.client, of(false, script));
    EXPECT_EQ(outcome.server, of(true, script));
    EXPECT_FALSE(outcome.opaque);
}

TEST(PostgresConversation, OpaqueAfterTlsCancelReplicationAndNonsense) {
    const auto rest = std::vector<Said>{client("\0\x01\2\3\4\5"s), server("\x16\3\1"s), client("\xff")};
    for (const auto& before :
         {std::vector<Said>{client(tls_request), server("S")},
          std::vector<Said>{client(gss_request), server("G")},
          std::vector<Said>{client(untyped(80877102, "key12345"))},
          std::vector<Said>{client("\x16\3\1\2\0\1"s)}, std::vector<Said>{client(untyped(131072, "old"))},
          std::vector<Said>{server(real_error)},
          then(logged_in(), {client(query("START_REPLICATION")), server(message('W', "both"))}),
          then(logged_in(), {client(bind("", "")), server(ready())}),
          then(logged_in(), {client("Q\0\0\0\3"s)}), then(logged_in(), {client(message('y'))}),
          then(logged_in(), {client(parse("", "x") + query("select 1"))})}) {
        const auto script = then(before, rest);
        const auto outcome = play("START", {}, script);
        EXPECT_TRUE(outcome.opaque);
        EXPECT_EQ(outcome.client, of(false, script));
        EXPECT_EQ(outcome.server, of(true, script));
    }
}

TEST(PostgresConversation, TlsThatEndsHereBeginsBehindTheYes) {
    const auto session = then(logged_in(), {client(query("select 1"))});
    const auto outcome =
        play_ending_tls("SELECT", deadlocked, then({client(tls_request), server("S")}, session));
    EXPECT_FALSE(outcome.opaque);
    EXPECT_EQ(outcome.client, "S<tls>" + of(false, session) + deadlock + ready());
    EXPECT_EQ(outcome.server, tls_request + "<tls>" + of(true, logged_in()));
    const auto refused =
        play_ending_tls("SELECT", deadlocked, then({client(tls_request), server("N")}, session));
    EXPECT_EQ(refused.client, "N" + of(false, session) + deadlock + ready());
    const auto twice =
        play_ending_tls("", {}, {client(tls_request), server("S"), client(tls_request), server("S")});
    EXPECT_EQ(twice.client, "S<tls>S") << "once";
    EXPECT_TRUE(twice.opaque);
    const auto gss = play_ending_tls("SELECT", {}, {client(gss_request), server("G"), client("\1\2")});
    EXPECT_TRUE(gss.opaque);
    const auto full = error("53300", "sorry, too many clients already", "FATAL");
    const auto met = play_ending_tls(
        "connect", {}, {client(gss_request), client(tls_request), server("S"), client(startup)});
    EXPECT_EQ(met.client, "NS<tls>" + full) << "a client that insists on TLS meets the fault, too";
    EXPECT_EQ(met.server, tls_request + "<tls>");
    EXPECT_EQ(met.ending, "close");
}

TEST(PostgresConversation, NonsenseWhileAFaultIsPendingEndsIt) {
    EXPECT_EQ(talk("SELECT", deadlocked_after, {client(query("select 1")), client(message('y'))}).ending,
              "close");
    EXPECT_EQ(talk("SELECT", deadlocked_after, {client(query("select 1")), server("Z\0\0\0\0"s)}).ending,
              "close");
}

TEST(PostgresConversation, LongStatementIsReadInPart) {
    const auto text = "select " + std::string(200000, 'x');
    fixture::VerbJudge judge("SELECT", deadlocked);
    fixture::Heard heard;
    const auto conversation = make_postgres_conversation(judge, {});
    for (const auto& said : logged_in())
        said.by_client ? conversation->from_client(said.bytes, heard)
                       : conversation->from_server(said.bytes, heard);
    heard = {};
    conversation->from_client(query(text), heard);
    EXPECT_EQ(heard.client, deadlock + ready());
    EXPECT_EQ(heard.server, "");
    ASSERT_EQ(judge.asked.size(), 1U);
    EXPECT_LT(judge.asked[0].size(), 66000U);
}

TEST(PostgresConversation, TooManyQueriesAheadOfTheirAnswers) {
    std::string queries;
    for (int i = 0; i < 1100; ++i)
        queries += query("");
    EXPECT_TRUE(play("", {}, then(logged_in(), {client(queries)})).opaque);
    EXPECT_EQ(talk("SELECT", deadlocked_after, {client(query("select 1")), client(queries)}).ending, "close");
}

}  // namespace
}  // namespace homespun::seism::wire
