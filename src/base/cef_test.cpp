#include "base/cef.hpp"

#include "base/cef_fixture.hpp"

using namespace homespun::base::cef;

namespace {

constexpr std::int64_t moment = 1'795'294'444'123;  // 2026-11-21 20:54:04 UTC

Event failed_login() {
    return {.name = "User Authentication Failed",
            .severity = 5,
            .signature = "AuthFail",
            .user_agent = "Firefox/16.0",
            .method = "GET",
            .path = "/1.1/alice/info/collections",
            .source = "192.0.2.7",
            .host = "sync.example",
            .user = "alice",
            .extensions = {}};
}

TEST(CefTest, ALineIsLikeTheReferences) {
    EXPECT_EQ(format({}, moment, "box", failed_login()).text,
              "Nov 21 20:54:04 box CEF:0|mozilla|weave|1.3|AuthFail|User Authentication Failed|5|"
              "cs1Label=requestClientApplication cs1=Firefox/16.0 requestMethod=GET "
              "request=/1.1/alice/info/collections src=192.0.2.7 dhost=sync.example suser=alice");
}

TEST(CefTest, TheSignatureDefaultsToTheNameAndWhatIsMissingIsNone) {
    const auto line = read_line(format({}, moment, "box", {.name = "Report"}).text);
    EXPECT_EQ(line.head, (std::vector<std::string>{"0", "mozilla", "weave", "1.3", "Report", "Report", "5"}));
    EXPECT_EQ(line.values.at("cs1"), "none");
    EXPECT_EQ(line.values.at("dhost"), "none");
    EXPECT_FALSE(line.values.contains("suser"));
}

TEST(CefTest, HostileTextComesBackAsItWasAndStaysOneLine) {
    auto event = failed_login();
    event.name = R"(a|b\c)";
    event.signature = "x|y";
    event.user_agent = "evil=1 src=10.0.0.1 \\ \r\nNov 21 00:00:00 box CEF:0|a|b|c|d|e|5|";
    event.extensions = {{"msg", "one\ntwo = 2|3"}, {"bad key=", "v"}};
    const auto text = format({}, moment, "box", event).text;
    const auto line = read_line(text);
    EXPECT_EQ(line.head[4], "x|y");
    EXPECT_EQ(line.head[5], R"(a|b\c)");
    EXPECT_EQ(line.values.at("cs1"), event.user_agent);
    EXPECT_EQ(line.values.at("src"), "192.0.2.7");
    EXPECT_EQ(line.values.at("msg"), "one\ntwo = 2|3");
    EXPECT_EQ(line.values.at("bad?key?"), "v");
}

TEST(CefTest, OtherControlCharactersBecomeQuestionMarks) {
    auto event = failed_login();
    event.path = std::string("/a\0b\x1b[31m\x7f", 10);
    EXPECT_EQ(read_line(format({}, moment, "box", event).text).values.at("request"), "/a?b?[31m?");
}

TEST(CefTest, ALongLineDropsTheLongestExtensionsAndSaysHowMany) {
    auto event = failed_login();
    event.extensions = {{"long", std::string(900, 'l')}, {"short", "s"}, {"middle", std::string(500, 'm')}};
    const auto line = format({}, moment, "box", event);
    EXPECT_LE(line.text.size(), max_line);
    EXPECT_EQ(line.dropped, 1U);
    const auto read = read_line(line.text);
    EXPECT_EQ(read.values.at("short"), "s");
    EXPECT_EQ(read.values.at("middle").size(), 500U);
    EXPECT_FALSE(read.values.contains("long"));
}

TEST(CefTest, HugeFieldsOfTheRequestDoNotBreakTheBound) {
    Event event{.name = "n"};
    for (auto* field :
         {&event.user_agent, &event.method, &event.path, &event.source, &event.host, &event.user})
        *field = std::string(100'000, '=');
    const auto text = format({}, moment, "box", event).text;
    EXPECT_LE(text.size(), max_line);
    EXPECT_EQ(read_line(text).head.size(), 7U);
}

TEST(CefTest, BytesThatAreNoCharactersDoNotBreakTheBoundEither) {
    auto event = failed_login();
    event.user_agent = std::string(900, '\x80');
    event.extensions = {{"msg", "kept"}};
    const auto line = format({}, moment, "box", event);
    EXPECT_LE(line.text.size(), max_line);
    EXPECT_EQ(line.dropped, 0U);
    EXPECT_EQ(read_line(line.text).values.at("suser"), "alice");
}

TEST(CefTest, ACutKeepsCharactersWhole) {
    auto event = failed_login();
    event.user_agent.clear();
    for (int n = 0; n < 150; ++n)
        event.user_agent += "\xc3\xa9";
    event.user_agent.insert(0, "x");
    const auto cs1 = read_line(format({}, moment, "box", event).text).values.at("cs1");
    EXPECT_EQ(cs1.size() % 2, 1U);
    EXPECT_GT(cs1.size(), 150U);
    EXPECT_LE(cs1.size(), 160U);
}

}  // namespace
