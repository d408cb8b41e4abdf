#include "seism/wire/redis_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/every_way_fixture.hpp"

namespace homespun::seism::wire {
namespace {

using Lines = std::vector<Line>;
using Names = std::vector<std::string>;

std::unique_ptr<Conversation> redis(Judge& judge) {
    return make_redis_conversation(judge, {});
}

Outcome meet(const Lines& lines, const Fault& fault = {}, const Names& met = {}) {
    return play_every_way(redis, lines, fault, met);
}

std::string command(const std::vector<std::string>& words) {
    auto text = "*" + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words)
        text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return text;
}
const std::string get_a = command({"GET", "a"}), get_b = command({"get", "b"}),
                  set_a = command({"SET", "a", "12345\r\n67"}), ping = "PING\r\n", multi = command({"MULTI"}),
                  exec = command({"EXEC"}), discard = command({"DISCARD"}), hello3 = command({"HELLO", "3"});
const std::string loading = "-LOADING Redis is loading the dataset in memory\r\n";

Fault fault(std::string kind, Mode mode = Mode::instead) {
    return {.kind = std::move(kind), .mode = mode};
}
Fault error(std::string state, Mode mode = Mode::instead) {
    return {.mode = mode, .state = std::move(state)};
}

TEST(RedisConversationTest, PassesWhatIsNotMet) {
    const auto nested = std::string("*3\r\n:1\r\n*2\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n");
    const auto outcome = meet({C(set_a + get_a + "\r\n" + ping + "*0\r\n" + get_b),
                               S("+OK\r\n$9\r\n12345\r\n67\r\n+PONG\r\n" + nested)});
    EXPECT_EQ(outcome.server, set_a + get_a + "\r\n" + ping + "*0\r\n" + get_b);
    EXPECT_EQ(outcome.client, "+OK\r\n$9\r\n12345\r\n67\r\n+PONG\r\n" + nested);
    EXPECT_EQ(outcome.judged, (Names{"1 SET a!", "2 GET a", "3 PING", "4 GET b"}));
    EXPECT_TRUE(outcome.bitten.empty());
    EXPECT_FALSE(outcome.opaque);
}

TEST(RedisConversationTest, KeepsPipelinesAligned) {
    const auto outcome = meet({C(get_a + set_a + get_b + ping), S("$1\r\n1\r\n$1\r\n2\r\n+PONG\r\n")},
                              error("LOADING"), {"2 SET a!"});
    EXPECT_EQ(outcome.server, get_a + get_b + ping);
    EXPECT_EQ(outcome.client, "$1\r\n1\r\n" + loading + "$1\r\n2\r\n+PONG\r\n");
    EXPECT_EQ(outcome.bitten, Names{"2 SET a by error"});
}

TEST(RedisConversationTest, AnAnswerThatIsSwallowedIsReplaced) {
    const auto outcome = meet({C(get_a + set_a + get_b), S("$1\r\n1\r\n+OK\r\n$1\r\n2\r\n")},
                              error("READONLY", Mode::after), {"2 SET a!"});
    EXPECT_EQ(outcome.server, get_a + set_a + get_b);
    EXPECT_EQ(outcome.client,
              "$1\r\n1\r\n-READONLY You can't write against a read only replica.\r\n$1\r\n2\r\n");
}

TEST(RedisConversationTest, ClosesBehindTheAnswer) {
    const auto outcome = meet({C(get_a + get_b + ping), S("$1\r\n1\r\n+PONG\r\n")},
                              error("BUSY", Mode::before_close), {"2 GET b"});
    EXPECT_EQ(outcome.server, get_a);
    EXPECT_TRUE(outcome.client.starts_with("$1\r\n1\r\n-BUSY Redis is busy running a script."))
        << outcome.client;
    EXPECT_EQ(outcome.ending, "close");
}

TEST(RedisConversationTest, HasTheWordsOfEachError) {
    const std::pair<Fault, std::string> cases[] = {
        {error(""), "-ERR injected\r\n"},
        {error("OOM"), "-OOM command not allowed when used memory > 'maxmemory'.\r\n"},
        {error("MASTERDOWN"),
         "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"},
        {error("CLUSTERDOWN"), "-CLUSTERDOWN The cluster is down\r\n"},
        {error("TRYAGAIN"), "-TRYAGAIN Multiple keys request during rehashing of slot\r\n"},
        {error("MOVED"), "-MOVED 3999 127.0.0.1:6381\r\n"},
        {error("NOAUTH"), "-NOAUTH Authentication required.\r\n"},
        {error("NOSCRIPT"), "-NOSCRIPT No matching script. Please use EVAL.\r\n"},
        {error("STRANGE"), "-STRANGE\r\n"},
        {{.state = "MOVED", .message = "1 10.0.0.1:7\r\n+OK"}, "-MOVED 1 10.0.0.1:7  +OK\r\n"},
        {{.message = "my own"}, "-ERR my own\r\n"},
        {fault("no_such_kind"), "-ERR injected\r\n"},
        {fault("max_clients"), "-ERR max number of clients reached\r\n"},
        {{.kind = "garbage", .bytes = 3}, "\x80\x80\x80\r\n"}};
    for (const auto& [met, words] : cases) {
        const auto outcome = meet({C(get_a)}, met, {"1 GET a"});
        EXPECT_EQ(outcome.client, words);
        EXPECT_EQ(outcome.ending, met.kind == "max_clients" ? "close" : "");
        EXPECT_EQ(outcome.server, "");
    }
    EXPECT_TRUE(
        meet({C(get_a)}, error("MISCONF"), {"1 GET a"}).client.starts_with("-MISCONF Redis is configured"));
}

TEST(RedisConversationTest, AMissLooksLikeTheCommandsOwn) {
    const auto missed = [](const std::string& text, const std::string& name) {
        return meet({C(text)}, fault("miss"), {name}).client;
    };
    EXPECT_EQ(missed(get_a, "1 GET a"), "$-1\r\n");
    EXPECT_EQ(missed("MGET a b c\r\n", "1 MGET a"), "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
    EXPECT_EQ(missed("HMGET h b\r\n", "1 HMGET h"), "*1\r\n$-1\r\n");
    EXPECT_EQ(missed("HGETALL h\r\n", "1 HGETALL h"), "*0\r\n");
    EXPECT_EQ(missed("EXISTS h\r\n", "1 EXISTS h"), ":0\r\n");
    EXPECT_EQ(missed("TTL h\r\n", "1 TTL h"), ":-2\r\n");
    EXPECT_EQ(missed("*2000000\r\n$4\r\nMGET\r\n$1\r\na\r\n", "1 MGET a"), "$-1\r\n");
}

TEST(RedisConversationTest, AMissIsANullOfItsOwnBehindHello3) {
    const Lines lines = {C(hello3 + get_a + "HGETALL h\r\n"), S("%1\r\n$5\r\nproto\r\n:3\r\n"),
                         S("%1\r\n$1\r\na\r\n$1\r\nb\r\n")};
    EXPECT_EQ(meet(lines, fault("miss"), {"2 GET a"}).client,
              "%1\r\n$5\r\nproto\r\n:3\r\n_\r\n%1\r\n$1\r\na\r\n$1\r\nb\r\n");
}

TEST(RedisConversationTest, PushesAreNoAnswers) {
    const std::string push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
    const auto outcome = meet({C(hello3), S("%0\r\n"), C(command({"SUBSCRIBE", "x"}) + get_a + get_b),
                               S(push + push + "$1\r\n1\r\n" + push)},
                              error("LOADING"), {"4 GET b"});
    EXPECT_EQ(outcome.client, "%0\r\n" + push + push + "$1\r\n1\r\n" + loading + push);
    EXPECT_FALSE(outcome.opaque);
}

TEST(RedisConversationTest, ACommandOfATransactionMetMakesItFail) {
    const auto outcome =
        meet({C(multi + set_a + get_b + exec + ping), S("+OK\r\n+QUEUED\r\n+OK\r\n+PONG\r\n")}, error("OOM"),
             {"2 SET a!"});
    EXPECT_EQ(outcome.server, multi + get_b + discard + ping);
    EXPECT_EQ(outcome.client,
              "+OK\r\n-OOM command not allowed when used memory > 'maxmemory'.\r\n+QUEUED\r\n"
              "-EXECABORT Transaction discarded because of previous errors.\r\n+PONG\r\n");
}

TEST(RedisConversationTest, AnExecMetIsDiscardedOrDone) {
    const Lines refused = {C(multi + set_a + exec + ping), S("+OK\r\n+QUEUED\r\n+OK\r\n+PONG\r\n")};
    auto outcome = meet(refused, error("LOADING"), {"3 EXEC"});
    EXPECT_EQ(outcome.server, multi + set_a + discard + ping);
    EXPECT_EQ(outcome.client, "+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: " +
                                  loading.substr(1) + "+PONG\r\n");
    EXPECT_EQ(meet(refused, fault("miss"), {"3 EXEC"}).client, "+OK\r\n+QUEUED\r\n*-1\r\n+PONG\r\n");

    outcome = meet({C(multi + set_a + exec + ping), S("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n+PONG\r\n")},
                   error("LOADING", Mode::after), {"3 EXEC"});
    EXPECT_EQ(outcome.server, multi + set_a + exec + ping);
    EXPECT_EQ(outcome.client, "+OK\r\n+QUEUED\r\n" + loading + "+PONG\r\n");
}

TEST(RedisConversationTest, MultiIsNeverDoneBehindTheClientsBack) {
    const auto outcome =
        meet({C(multi + get_a), S("$1\r\n1\r\n")}, error("LOADING", Mode::after), {"1 MULTI"});
    EXPECT_EQ(outcome.server, get_a);
    EXPECT_EQ(outcome.client, loading + "$1\r\n1\r\n");
    EXPECT_EQ(meet({C(multi + discard), S("+OK\r\n+OK\r\n")}, error("LOADING"), {"2 DISCARD"}).server,
              multi + discard);
}

TEST(RedisConversationTest, MeetsTheConnectionItself) {
    auto outcome = meet({}, fault("max_clients"), {"0 connect"});
    EXPECT_EQ(outcome.client, "-ERR max number of clients reached\r\n");
    EXPECT_EQ(outcome.ending, "close");
    outcome = meet({}, error("NOAUTH"), {"0 connect"});
    EXPECT_EQ(outcome.client, "-NOAUTH Authentication required.\r\n");
    EXPECT_EQ(outcome.ending, "close");
    EXPECT_EQ(outcome.bitten, Names{"0 connect by error"});
    EXPECT_EQ(meet({}, fault("reset"), {"0 connect"}).ending, "reset");
    EXPECT_EQ(meet({}, fault("hang"), {"0 connect"}).ending, "hold");
}

TEST(RedisConversationTest, EndsAbruptlyInItsTurn) {
    for (const auto& [kind, ending] : {std::pair{"reset", "reset"}, {"hang", "hold"}, {"close", "close"}}) {
        auto outcome = meet({C(get_a + set_a + ping), S("$1\r\n1\r\n")}, fault(kind), {"2 SET a!"});
        EXPECT_EQ(outcome.server, get_a);
        EXPECT_EQ(outcome.client, "$1\r\n1\r\n");
        EXPECT_EQ(outcome.ending, ending);

        outcome = meet({C(get_a + set_a + ping), S("$1\r\n1\r\n+OK\r\n+PONG\r\n")}, fault(kind, Mode::after),
                       {"2 SET a!"});
        EXPECT_EQ(outcome.server, get_a + set_a);
        EXPECT_EQ(outcome.client, "$1\r\n1\r\n");
        EXPECT_EQ(outcome.ending, ending);
    }
    const auto cut = meet({C(get_a), S("$5\r\n12345\r\n")},
                          {.kind = "reset", .mode = Mode::after, .bytes = 6}, {"1 GET a"});
    EXPECT_EQ(cut.client, "$5\r\n12");
    EXPECT_EQ(cut.ending, "reset");
}

TEST(RedisConversationTest, OpaqueWhereAnswersNoLongerFollowCommands) {
    for (const auto* text : {"SUBSCRIBE x\r\n", "MONITOR\r\n", "psync ? -1\r\n", "client reply off\r\n"}) {
        const auto outcome = meet({C(get_a + text + get_b), S("$1\r\n1\r\n+OK\r\nany bytes")},
                                  error("LOADING"), {"1 GET a", "2 GET b", "3 GET b"});
        EXPECT_EQ(outcome.server, text + get_b);
        EXPECT_EQ(outcome.client, loading + "$1\r\n1\r\n+OK\r\nany bytes");
        EXPECT_EQ(outcome.judged, Names{"1 GET a"});
        EXPECT_TRUE(outcome.opaque);
    }
}

TEST(RedisConversationTest, OpaqueForWhatIsNotRedis) {
    const std::string tls("\x16\x03\x01 GET a\r\n");
    EXPECT_EQ(meet({C(tls), S("\x16 any")}).server, tls);
    EXPECT_TRUE(meet({C(tls), S("\x16 any")}).opaque);
    EXPECT_TRUE(meet({C(tls), S("\x16 any")}).judged.empty());
    for (const std::string bad : {"*x\r\n", "*1\r\n:3\r\n", "*1\r\n$-1\r\n", "*99999999999999\r\n", "*1\n"}) {
        const auto outcome = meet({C(get_a + bad + get_b), S("$1\r\n1\r\n-ERR Protocol error\r\n")});
        EXPECT_EQ(outcome.server, get_a + bad + get_b) << bad;
        EXPECT_EQ(outcome.client, "$1\r\n1\r\n-ERR Protocol error\r\n");
        EXPECT_TRUE(outcome.opaque);
    }
    const auto server = meet({C(get_a + get_b), S("HTTP/1.1 400\r\n\r\n"), C(get_a)});
    EXPECT_EQ(server.client, "HTTP/1.1 400\r\n\r\n");
    EXPECT_EQ(server.server, get_a + get_b + get_a);
    EXPECT_TRUE(server.opaque);
}

TEST(RedisConversationTest, FindsKeysWhereTheyAre) {
    const auto outcome =
        meet({C("EVAL script 1 k v\r\nOBJECT ENCODING o\r\nbitop AND d s\r\nset \"a b\" c\r\n")});
    EXPECT_EQ(outcome.judged, (Names{"1 EVAL k", "2 OBJECT o", "3 BITOP d!", "4 SET a b!"}));
}

TEST(RedisConversationTest, PassesEndsOn) {
    const auto outcome = meet({C(get_a + "*2\r\n$3\r\nGE"), client_end(), S("$1\r\n1\r\n"), server_end()});
    EXPECT_EQ(outcome.server, get_a + "*2\r\n$3\r\nGE");
    EXPECT_EQ(outcome.ends, "sc");
}

TEST(RedisConversationTest, ManyFaultsUnderWayEndTheJudgingNotTheOrder) {
    std::string many, pongs;
    for (int i = 0; i < 10'000; ++i)
        many += ping;
    for (int i = 0; i < 5903; ++i)
        pongs += "+PONG\r\n";
    // The first is at the server; all behind it wait for its answer.
    Names met;
    for (int i = 2; i <= 10'000; ++i)
        met.push_back(std::to_string(i) + " PING");
    const auto outcome = play(redis, {C(many), S(pongs + "+PONG\r\n")}, fault("miss"), met);
    EXPECT_EQ(outcome.judged.size(), 4096U);
    EXPECT_EQ(outcome.bitten.size(), 4095U);
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.server.size(), (10'000U - 4095) * ping.size());
    EXPECT_TRUE(outcome.client.starts_with("+PONG\r\n$-1\r\n"));
    EXPECT_TRUE(outcome.client.ends_with("$-1\r\n" + pongs)) << outcome.client.size();
}

TEST(RedisConversationTest, LargeValuesFlowThrough) {
    // The value is not held: what has come of it has gone on.
    const std::string head = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000000\r\n";
    const std::string part(1 << 20, 'x');
    const auto outcome = play(redis, {C(head + part), C(part)}, {}, {});
    EXPECT_EQ(outcome.server.size(), head.size() + 2 * part.size());
    // A key that never ends is judged by its beginning, and flows on too.
    const std::string key = "*2\r\n$3\r\nGET\r\n$100000000\r\n";
    EXPECT_GT(play(redis, {C(key + part), C(part)}, {}, {}, 4096).server.size(), 2 * part.size() - 8192);
}

}  // namespace
}  // namespace homespun::seism::wire
