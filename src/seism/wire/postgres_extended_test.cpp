#include <gtest/gtest.h>

#include "seism/wire/postgres_dialogue.hpp"
#include "seism/wire/postgres_messages.hpp"

namespace homespun::seism::wire {
namespace {

using namespace std::string_literals;
using namespace postgres_dialogue;

// The extended protocol.

TEST(PostgresConversation, ExtendedQueryFailsWhereItsExecuteWouldBe) {
    const auto head = parse("", "update t") + bind("", "") + describe;
    const auto answered = parsed + bound + message('n');
    const auto instead = talk("UPDATE", deadlocked,
                              {C(head + execute() + bind("", "") + execute() + sync),
                               S(answered + not_there + ready()), C(query("select 1")), S(rows() + ready())});
    EXPECT_EQ(instead.server, head + failing_execute() + sync + query("select 1"));
    EXPECT_EQ(instead.client, answered + deadlock + ready() + rows() + ready());
    EXPECT_EQ(instead.bitten, std::vector<std::string>{"1 UPDATE update t by error"});

    const auto after =
        talk("UPDATE", deadlocked_after,
             {C(head + execute() + bind("", "") + execute() + sync), S(answered + done() + ready())});
    EXPECT_EQ(after.server, head + execute() + sync);
    EXPECT_EQ(after.client, answered + deadlock + ready());
}

TEST(PostgresConversation, OneOfSeveralExecutesFails) {
    const auto first = parse("", "insert t") + bind("", "") + execute();
    const auto second = parse("", "update t") + bind("", "");
    const auto first_done = parsed + bound + done();
    const auto instead =
        talk("UPDATE", deadlocked,
             {C(first + second + execute() + sync), S(first_done + parsed + bound + not_there + ready())});
    EXPECT_EQ(instead.server, first + second + failing_execute() + sync);
    EXPECT_EQ(instead.client, first_done + parsed + bound + deadlock + ready());
    // What comes before it fails by itself: the server does no more, and the client is told that.
    const auto really =
        talk("UPDATE", deadlocked, {C(first + second + execute() + sync), S(parsed + real_error + ready())});
    EXPECT_EQ(really.client, parsed + real_error + ready());
    EXPECT_TRUE(really.bitten.empty());
}

TEST(PostgresConversation, ExtendedEndingsComeInTheirTurn) {
    const auto head = parse("", "update t") + bind("", "");
    const auto fatal = talk("UPDATE", {.state = "57P01"},
                            {C(query("select 1") + head + execute() + sync), S(rows() + ready())});
    EXPECT_EQ(
        fatal.client,
        rows() + ready() + error("57P01", "terminating connection due to administrator command", "FATAL"));
    EXPECT_EQ(fatal.ending, "close");
    const auto cut = talk("UPDATE", {.kind = "reset", .bytes = 4},
                          {C(head + execute() + sync), S(parsed + bound + done() + ready())});
    EXPECT_EQ(cut.client, parsed + bound + done().substr(0, 4));
    EXPECT_EQ(cut.ending, "reset");
}

TEST(PostgresConversation, PreparingFails) {
    const auto outcome = talk("PREPARE", deadlocked,
                              {C(parse("s", "select 1") + describe + flush + sync), S(not_there + ready())});
    EXPECT_EQ(outcome.server, failing_execute() + sync);
    EXPECT_EQ(outcome.client, deadlock + ready());
}

TEST(PostgresConversation, StatementsAreForgotten) {
    const auto outcome =
        play("", {},
             then(logged_in(), {C(parse("s", "select 1") + bind("p", "s") + message('C', "Pp\0"s) +
                                  execute("p") + message('C', "Ss\0"s) + bind("p", "s") + execute("p"))}));
    EXPECT_EQ(outcome.judged, (std::vector<std::string>{"1 PREPARE select 1", "2 EXECUTE", "3 EXECUTE"}));
}

}  // namespace
}  // namespace homespun::seism::wire
