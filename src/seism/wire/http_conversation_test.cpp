#include "seism/wire/http_conversation.hpp"

#include <gtest/gtest.h>

#include "seism/wire/every_way_fixture.hpp"

namespace homespun::seism::wire {
namespace {

using Lines = std::vector<Line>;
using Names = std::vector<std::string>;

std::unique_ptr<Conversation> http(Judge& judge) {
    return make_http_conversation(judge, {});
}

Outcome meet(const Lines& lines, const Fault& fault = {}, const Names& met = {}) {
    return play_every_way(http, lines, fault, met);
}

Fault fault(std::string kind, Mode mode = Mode::instead) {
    return {.kind = std::move(kind), .mode = mode};
}

std::string request(const std::string& line, const std::string& headers = "", const std::string& body = "") {
    return line + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
}
std::string response(const std::string& status, const std::string& headers, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\n" + headers + "\r\n" + body;
}
const std::string get = request("GET /a?b=c"), head = request("HEAD /h"),
                  post = request("POST /p", "Content-Length: 20\r\n", "GET / HTTP/1.1\r\n\r\nxy"),
                  put = request("PUT /u", "Transfer-Encoding: chunked\r\n",
                                "3;x=\"y\"\r\nabc\r\nA\r\n0\r\n\r\n56789\r\n0\r\nTrailer: t\r\n\r\n");
const std::string to_get = response("200 OK", "Content-Length: 5\r\nDate: today\r\n", "hello"),
                  to_head = response("200 OK", "Content-Length: 500\r\n", ""),
                  interim = response("100 Continue", "", ""), nothing = response("204 No Content", "", ""),
                  to_put =
                      response("201 Created", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
                  not_modified = response("304 Not Modified", "Content-Length: 7\r\n", "");

std::string injected(const std::string& status, const std::string& more = "", const std::string& after = "",
                     const std::string& body = "injected\n") {
    return "HTTP/1.1 " + status + "\r\n" + more +
           "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n" + after + "\r\n" + body;
}
const std::string unavailable = injected("503 Service Unavailable");

TEST(HttpConversationTest, PassesWhatIsNotMet) {
    const std::string asked = get + post + "\r\n" + put + head + get + request("DELETE http://h:1/x?y"),
                      said = to_get + interim + nothing + to_put + to_head + not_modified + to_get;
    const auto outcome = meet({C(asked), S(said)});
    EXPECT_EQ(outcome.server, asked);
    EXPECT_EQ(outcome.client, said);
    EXPECT_EQ(outcome.judged, (Names{"1 GET /a?b=c", "2 POST /p!", "3 PUT /u!", "4 HEAD /h", "5 GET /a?b=c",
                                     "6 DELETE /x?y!"}));
    EXPECT_FALSE(outcome.opaque);
}

TEST(HttpConversationTest, KeepsPipelinesAligned) {
    for (const auto& [asked, name] : {std::pair{post, "2 POST /p!"}, {put, "2 PUT /u!"}}) {
        auto outcome =
            meet({C(get + asked + head + get), S(to_get + to_head + to_get)}, fault("error"), {name});
        EXPECT_EQ(outcome.server, get + head + get);
        EXPECT_EQ(outcome.client, to_get + unavailable + to_head + to_get);
        outcome = meet({C(get + asked + head), S(to_get + interim + to_put + to_head)},
                       fault("error", Mode::after), {name});
        EXPECT_EQ(outcome.server, get + asked + head);
        EXPECT_EQ(outcome.client, to_get + unavailable + to_head);
        outcome = meet({C(get + asked + head), S(to_get)}, fault("error", Mode::before_close), {name});
        EXPECT_EQ(outcome.server, get);
        EXPECT_EQ(outcome.client, to_get + injected("503 Service Unavailable", "", "Connection: close\r\n"));
        EXPECT_EQ(outcome.ending, "close");
    }
}

TEST(HttpConversationTest, TheAnswerComesBehindTheBody) {
    const auto part = request("POST /p", "Content-Length: 5\r\n", "ab");
    EXPECT_EQ(play(http, {C(part)}, fault("error"), {"1 POST /p!"}).client, "");
    EXPECT_EQ(play(http, {C(part), C("cde")}, fault("error"), {"1 POST /p!"}).client, unavailable);
    EXPECT_EQ(play(http, {C(part), client_end()}, fault("error"), {"1 POST /p!"}).client, unavailable);
    // More than 1 MiB is not waited for.
    const auto large = request("POST /p", "Content-Length: 9999999\r\n", std::string(2 << 20, 'x'));
    const auto outcome = play(http, {C(large)}, fault("error"), {"1 POST /p!"});
    EXPECT_EQ(outcome.client, injected("503 Service Unavailable", "", "Connection: close\r\n"));
    EXPECT_EQ(outcome.ending, "close");
}

TEST(HttpConversationTest, ExpectGetsTheFinalStatusAtOnce) {
    const auto expecting = request("PUT /e", "Expect: 100-continue\r\nContent-Length: 5\r\n");
    const auto outcome = meet({C(expecting)}, fault("error"), {"1 PUT /e!"});
    EXPECT_EQ(outcome.client, injected("503 Service Unavailable", "", "Connection: close\r\n"));
    EXPECT_EQ(outcome.ending, "close");
    EXPECT_EQ(outcome.server, "");
    const auto done =
        meet({C(expecting), S(interim), C("12345"), S(nothing)}, fault("error", Mode::after), {"1 PUT /e!"});
    EXPECT_EQ(done.server, expecting + "12345");
    EXPECT_EQ(done.client, interim + unavailable) << "who must do it needs the body";
}

TEST(HttpConversationTest, EachStatus) {
    for (const auto& [code, line] : {std::pair{500, "500 Internal Server Error"},
                                     {501, "501 Not Implemented"},
                                     {502, "502 Bad Gateway"},
                                     {503, "503 Service Unavailable"},
                                     {504, "504 Gateway Timeout"},
                                     {429, "429 Too Many Requests"},
                                     {408, "408 Request Timeout"},
                                     {99, "503 Service Unavailable"}}) {
        EXPECT_EQ(meet({C(get)}, {.code = code, .retry_after_s = 3}, {"1 GET /a?b=c"}).client,
                  injected(line, "Retry-After: 3\r\n"));
    }
    EXPECT_EQ(meet({C(head)}, fault("error"), {"1 HEAD /h"}).client,
              injected("503 Service Unavailable", "", "", ""));
    EXPECT_EQ(meet({C(get)}, {.code = 204}, {"1 GET /a?b=c"}).client, "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(meet({C(get)},
                   {.code = 418, .message = "Tea\r\nX: y", .body = "{}", .content_type = "application/json"},
                   {"1 GET /a?b=c"})
                  .client,
              "HTTP/1.1 418 Tea  X: y\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(HttpConversationTest, ClosesWhereTheClientWantsIt) {
    for (const auto& text :
         {request("GET /x", "Connection: foo, Close\r\n"), std::string("GET /x HTTP/1.0\r\n\r\n")}) {
        const auto outcome = meet({C(text)}, fault("error"), {"1 GET /x"});
        EXPECT_EQ(outcome.client, injected("503 Service Unavailable", "", "Connection: close\r\n"));
        EXPECT_EQ(outcome.ending, "close");
    }
}

TEST(HttpConversationTest, BrokenAnswers) {
    const auto met = [](const Fault& fault) { return meet({C(get + get)}, fault, {"1 GET /a?b=c"}); };
    const std::string text = "Content-Type: text/plain; charset=utf-8\r\n",
                      close = "Connection: close\r\n\r\n";
    for (const auto& [kind, words] :
         {std::pair<std::string, std::string>{"truncate", text + "Content-Length: 100\r\n" + close + "abc"},
          {"broken_chunk", text + "Transfer-Encoding: chunked\r\n" + close + "5\r\nabc"},
          {"wrong_length", text + "Content-Length: 4\r\n" + close + "injected\n"},
          {"double_length",
           "Content-Length: 16\r\n" + text + "Content-Length: 9\r\n" + close + "injected\n"}}) {
        const auto outcome = met(fault(kind));
        EXPECT_EQ(outcome.client, "HTTP/1.1 200 OK\r\n" + words) << kind;
        EXPECT_EQ(outcome.ending, "close") << kind;
        EXPECT_EQ(outcome.server, "") << kind;
    }
    EXPECT_EQ(met({.kind = "garbage", .bytes = 3}).client, "\x80\x80\x80");
    EXPECT_EQ(meet({C(get)}, fault("empty_json"), {"1 GET /a?b=c"}).client,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_GT(play(http, {C(get)}, fault("huge_head"), {"1 GET /a?b=c"}).client.find("\r\n\r\n"), 65536U);
    EXPECT_EQ(meet({C(get)}, fault("stale_date"), {"1 GET /a?b=c"}).client,
              injected("200 OK", "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
    const auto drip = meet({C(get)}, fault("drip"), {"1 GET /a?b=c"});
    EXPECT_EQ(drip.dripped, injected("200 OK", "", "", ""));
    EXPECT_EQ(drip.client, "injected\n");
}

TEST(HttpConversationTest, EndsAbruptlyInItsTurn) {
    for (const auto& [kind, ending] :
         {std::pair{"reset", "reset"}, {"hang", "hold"}, {"close", "close"}, {"empty", "close"}}) {
        auto outcome = meet({C(get + head), S(to_get)}, fault(kind), {"2 HEAD /h"});
        EXPECT_EQ(outcome.server, get);
        EXPECT_EQ(outcome.client, to_get);
        EXPECT_EQ(outcome.ending, ending);
        outcome = meet({C(post + head), S(interim + to_get)}, fault(kind, Mode::after), {"1 POST /p!"});
        EXPECT_EQ(outcome.server, post);
        EXPECT_EQ(outcome.client, "");
        EXPECT_EQ(outcome.ending, ending);
        outcome =
            meet({C(get), S(to_get)}, {.kind = kind, .mode = Mode::after, .bytes = 20}, {"1 GET /a?b=c"});
        EXPECT_EQ(outcome.client, to_get.substr(0, 20));
        EXPECT_EQ(outcome.ending, ending);
        EXPECT_EQ(meet({}, fault(kind), {"0 connect"}).ending, ending);
    }
    EXPECT_EQ(meet({}, fault("error"), {"0 connect"}).client,
              injected("503 Service Unavailable", "", "Connection: close\r\n"));
}

TEST(HttpConversationTest, TheRealAnswerIsCut) {
    for (const auto& [bytes, rest] : {std::pair{0, ""}, {2, "he"}, {99, "hello"}}) {
        const auto outcome =
            meet({C(get + get), S(to_get)}, {.kind = "truncate", .mode = Mode::after, .bytes = bytes},
                 {"1 GET /a?b=c"});
        EXPECT_EQ(outcome.client, to_get.substr(0, to_get.size() - 5) + rest);
        EXPECT_EQ(outcome.ending, "close");
        EXPECT_EQ(outcome.server, get);
    }
}

TEST(HttpConversationTest, TheRealAnswerIsChanged) {
    const auto changed = [](const Fault& fault, const std::string& said) {
        const auto outcome = meet({C(get + head), S(said + to_head)}, fault, {"1 GET /a?b=c"});
        EXPECT_EQ(outcome.server, get + head);
        EXPECT_EQ(outcome.bitten, Names{"1 GET /a?b=c by " + fault.kind});
        EXPECT_TRUE(outcome.client.ends_with(to_head));
        return outcome.client.substr(0, outcome.client.size() - to_head.size());
    };
    const auto coded = response("200 OK", "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nX: y\r\n",
                                "5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(changed({.kind = "status_code", .code = 500}, to_get),
              response("500 Internal Server Error", "Content-Length: 5\r\nDate: today\r\n", "hello"));
    EXPECT_EQ(changed({.kind = "status_code", .code = 500}, nothing),
              response("500 Internal Server Error", "Content-Length: 0\r\n", ""));
    EXPECT_EQ(changed({.kind = "status_code", .code = 204}, coded),
              response("204 No Content", "X: y\r\n", ""));
    EXPECT_EQ(changed({.kind = "status_code", .code = 502, .body = "no"}, coded),
              response("502 Bad Gateway", "X: y\r\nContent-Length: 2\r\n", "no"));
    EXPECT_EQ(changed({.kind = "modify_body", .body = "other", .content_type = "text/css"}, coded),
              response("200 OK", "X: y\r\nContent-Length: 5\r\nContent-Type: text/css\r\n", "other"));
    EXPECT_EQ(changed({.kind = "header", .message = "X-A: b\nDate:"}, to_get),
              response("200 OK", "Content-Length: 5\r\nX-A: b\r\n", "hello"));
    EXPECT_EQ(changed(fault("stale_date", Mode::after), to_get),
              response("200 OK", "Content-Length: 5\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "hello"));
    const auto drip = meet({C(get), S(to_get)}, fault("drip", Mode::after), {"1 GET /a?b=c"});
    EXPECT_EQ(drip.dripped + drip.client, to_get);
    EXPECT_EQ(drip.client, "hello");
    const auto last =
        meet({C(get + head), S(to_get)}, {.kind = "modify_body", .mode = Mode::before_close, .body = "x"},
             {"1 GET /a?b=c"});
    EXPECT_TRUE(last.client.ends_with("\r\n\r\nx")) << last.client;
    EXPECT_EQ(last.ending, "close");
}

TEST(HttpConversationTest, TheRequestIsChanged) {
    const auto outcome =
        meet({C(post + get), S(to_get + to_get)},
             {.kind = "header", .state = "request", .message = "Host: other"}, {"1 POST /p!"});
    EXPECT_EQ(outcome.server,
              "POST /p HTTP/1.1\r\nContent-Length: 20\r\nHost: other\r\n\r\nGET / HTTP/1.1\r\n\r\nxy" + get);
    EXPECT_EQ(outcome.client, to_get + to_get);
    EXPECT_EQ(outcome.bitten.size(), 1U);
}

TEST(HttpConversationTest, AnswersThatEndWithTheConnection) {
    const auto until_close = response("200 OK", "", "some bytes");
    auto outcome = meet({C(get), S(until_close), server_end()});
    EXPECT_EQ(outcome.client, until_close);
    EXPECT_EQ(outcome.ends, "c");
    outcome = meet({C(get), S(until_close), server_end()}, fault("error", Mode::after), {"1 GET /a?b=c"});
    EXPECT_EQ(outcome.client, injected("503 Service Unavailable", "", "Connection: close\r\n"));
    EXPECT_EQ(outcome.ending, "close");
    outcome = meet({C(get), S(to_get.substr(0, 10)), server_end()});
    EXPECT_EQ(outcome.client, to_get.substr(0, 10));
    outcome = meet({C(get + "GET /"), client_end()});
    EXPECT_EQ(outcome.server, get + "GET /");
    EXPECT_EQ(outcome.ends, "s");
}

TEST(HttpConversationTest, OpaqueWhereHttpEnds) {
    const auto upgrade = request("GET /ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
               connect = request("CONNECT h:1");
    const auto switching = response("101 Switching Protocols", "Upgrade: websocket\r\n", "");
    auto outcome = meet({C(upgrade), S(switching + "\x81\x01x"), C("\x81" + get)});
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, switching + "\x81\x01x");
    EXPECT_EQ(outcome.server, upgrade + "\x81" + get);
    EXPECT_EQ(outcome.judged.size(), 1U);
    outcome =
        meet({C(connect), S("HTTP/1.1 200 OK\r\n\r\n"), C(get), S("any")}, fault("error"), {"2 GET /a?b=c"});
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, "HTTP/1.1 200 OK\r\n\r\nany");
    outcome = meet({C(upgrade), S(to_get), C(get)}, fault("error"), {"2 GET /a?b=c"});
    EXPECT_EQ(outcome.client, to_get + unavailable) << "an upgrade that was not granted";
    outcome = meet({C(get + upgrade), S(to_get + switching)}, fault("error", Mode::after), {"2 GET /ws"});
    EXPECT_EQ(outcome.client, to_get + injected("503 Service Unavailable", "", "Connection: close\r\n"));
    EXPECT_EQ(outcome.ending, "close");
    outcome = meet({C(upgrade)}, fault("error"), {"1 GET /ws"});
    EXPECT_EQ(outcome.client, unavailable);

    for (const std::string text :
         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01 HTTP/1.1\r\n\r\n", "GET /\r\n\r\n",
          "any bytes\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"}) {
        outcome = meet({C(text + get), S("any bytes")}, fault("error"), {"1 GET /a?b=c"});
        EXPECT_TRUE(outcome.opaque) << text;
        EXPECT_TRUE(outcome.judged.empty()) << text;
        EXPECT_EQ(outcome.server, text + get);
        EXPECT_EQ(outcome.client, "any bytes");
    }
    outcome = meet({C(get), S("SSH-2.0 any\r\n\r\n")});
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.client, "SSH-2.0 any\r\n\r\n");
}

TEST(HttpConversationTest, MemoryIsBounded) {
    const std::string endless = "GET /" + std::string(300'000, 'x');
    auto outcome = play(http, {C(endless)}, {}, {}, 1000);
    EXPECT_TRUE(outcome.opaque);
    EXPECT_EQ(outcome.server, endless);
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += get;
    outcome = play(http, {C(many)}, {}, {});
    EXPECT_EQ(outcome.judged.size(), 256U);
    EXPECT_EQ(outcome.server, many);
}

/// Writes down what it is told.
class Diary final : public ExchangeListener {
  public:
    std::string text;
    void on_request(const Request& request) override {
        add(request.ordinal, std::string(request.verb) + " " + std::string(request.subject));
    }
    void on_request_body(std::uint64_t, std::string_view content) override { text += content; }
    void on_request_end(std::uint64_t ordinal) override { add(ordinal, "asked"); }
    void on_response_begin(std::uint64_t ordinal) override { add(ordinal, "begins"); }
    void on_response_head(std::uint64_t ordinal, int status, std::string_view) override {
        add(ordinal, std::to_string(status));
    }
    void on_response_body(std::uint64_t, std::string_view content) override { text += content; }
    void on_response_end(std::uint64_t ordinal, End end, std::uint64_t bytes) override {
        add(ordinal, "end " + std::to_string(static_cast<int>(end)) + " " + std::to_string(bytes));
    }

  private:
    void add(std::uint64_t ordinal, const std::string& word) {
        text += "<" + std::to_string(ordinal) + " " + word + ">";
    }
};

TEST(HttpConversationTest, TellsOfEachExchange) {
    const auto told = [](const Lines& lines, const Names& met = {}, std::size_t piece = 0) {
        Diary diary;
        play([&](Judge& judge) { return make_http_conversation(judge, {}, &diary); }, lines, {}, met, piece);
        return diary.text;
    };
    const auto size = [](const std::string& text) { return std::to_string(text.size()) + ">"; };
    for (const std::size_t piece : {0, 1, 7}) {
        EXPECT_EQ(
            told({C(put), S(interim + to_put)}, {}, piece),
            "<1 PUT /u>abc0\r\n\r\n56789<1 asked><1 begins><1 201>hello<1 end 0 " + size(interim + to_put));
        EXPECT_EQ(told({C(get), S(to_get.substr(0, 15)), server_end()}, {}, piece),
                  "<1 GET /a?b=c><1 asked><1 begins><1 end 2 15>");
        EXPECT_EQ(told({C(get + head), server_end()}, {}, piece),
                  "<1 GET /a?b=c><1 asked><2 HEAD /h><2 asked><1 end 1 0><2 end 1 0>");
    }
    EXPECT_EQ(told({C(get), S("any bytes\r\n\r\n")}), "<1 GET /a?b=c><1 asked><1 begins><1 end 3 13>");
    EXPECT_EQ(told({C(get), S(response("101 Switching Protocols", "", ""))}),
              "<1 GET /a?b=c><1 asked><1 begins><1 101><1 end 4 36>");
    EXPECT_EQ(told({C(get)}, {"1 GET /a?b=c"}), "<1 GET /a?b=c><1 asked><1 end 5 0>");
}

}  // namespace
}  // namespace homespun::seism::wire
