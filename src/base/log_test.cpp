#include "base/log.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "base/json.hpp"

namespace homespun::base {
namespace {

using namespace std::string_view_literals;

TEST(FormatEventTest, WritesKeyAndValue) {
    EXPECT_EQ(format_event(LogFormat::key_value, "request",
                           {{"method", "GET"}, {"status", std::int64_t{200}}, {"skew", std::int64_t{-3}}}),
              "request method=GET status=200 skew=-3");
    EXPECT_EQ(format_event(LogFormat::key_value, "started", {}), "started");
}

TEST(FormatEventTest, QuotesWhatWouldNotReadBack) {
    EXPECT_EQ(format_event(LogFormat::key_value, "e",
                           {{"a", ""}, {"b", "x y"}, {"c", "k=v"}, {"d", "\"\\"}, {"e", "\x7f"}}),
              "e a=\"\" b=\"x y\" c=\"k=v\" d=\"\\\"\\\\\" e=\"\x7f\"");
}

TEST(FormatEventTest, KeepsAnEventOnOneLine) {
    for (const auto format : {LogFormat::key_value, LogFormat::json}) {
        const auto line =
            format_event(format, "e", {{"path", "/x\r\n2026-01-01T00:00:00.000Z info forged\0"sv}});
        EXPECT_EQ(line.find_first_of("\r\n\0"sv), std::string::npos) << line;
    }
}

TEST(FormatEventTest, WritesJson) {
    const auto line =
        format_event(LogFormat::json, "request", {{"path", "/\"\xC3\xA9"}, {"status", std::int64_t{200}}});
    const auto value = json::parse("{" + line + "}");
    ASSERT_TRUE(value) << line;
    EXPECT_EQ(*value->string("event"), "request");
    EXPECT_EQ(*value->string("path"), "/\"\xC3\xA9");
    EXPECT_EQ(*value->integer("status"), 200);
}

TEST(FormatEventTest, WritesBytesThatAreNoTextPercentEncoded) {
    EXPECT_EQ(format_event(LogFormat::json, "e", {{"path", "/\xFF"}}), R"("event":"e","path":"%2F%FF")");
    EXPECT_EQ(format_event(LogFormat::key_value, "e", {{"path", "/\xFF"}}), "e path=%2F%FF");
}

TEST(StderrLoggerTest, WritesTimeLevelAndEvent) {
    testing::internal::CaptureStderr();
    {
        const auto logger = make_stderr_logger(LogLevel::info, LogFormat::key_value);
        logger->debug("hidden");
        logger->info("shown", {{"n", std::int64_t{1}}});
        logger->warning("careful");
        logger->error("broken");
    }
    const auto written = testing::internal::GetCapturedStderr();
    const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )";
    const std::regex expected(time + "info shown n=1\n" + time + "warning careful\n" + time +
                              "error broken\n");
    EXPECT_TRUE(std::regex_match(written, expected)) << written;
}

TEST(StderrLoggerTest, WritesALineOfJson) {
    testing::internal::CaptureStderr();
    make_stderr_logger(LogLevel::debug, LogFormat::json)->debug("e", {{"text", "100% {} %v"}});
    const auto value = json::parse(testing::internal::GetCapturedStderr());
    ASSERT_TRUE(value);
    EXPECT_EQ(*value->string("level"), "debug");
    EXPECT_EQ(*value->string("event"), "e");
    EXPECT_EQ(*value->string("text"), "100% {} %v") << "patterns in values mean nothing";
}

}  // namespace
}  // namespace homespun::base
