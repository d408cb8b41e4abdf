// What the program counts and logs of each answer.
#include "request_log.hpp"

#include <gtest/gtest.h>

namespace homespun::tests {
namespace {

class Lines final : public base::Logger {
  public:
    void log(base::LogLevel /*level*/, std::string_view event,
             std::initializer_list<base::LogField> fields) override {
        text += base::format_event(base::LogFormat::key_value, event, fields) + "\n";
    }
    std::string text;
};

class RequestLogTest : public testing::Test {
  protected:
    void tell(int status, const barrel::Outcome& outcome) {
        net::http::Request request;
        request.method = "GET";
        request.target = "/x";
        log_.observer()(request, net::http::Response(status), std::chrono::microseconds(5), outcome);
    }
    [[nodiscard]] bool counted(std::string_view reason, int times) const {
        return registry_.render().contains("homespun_refusals_total{reason=\"" + std::string(reason) +
                                           "\"} " + std::to_string(times) + "\n");
    }

    base::metrics::Page page_;
    base::metrics::Registry registry_{page_};
    Lines lines_;
    const ReasonTexts reasons_{
        "# Reasons\n| reason | meaning |\n|---|---|\n| `one`, `two` | 404: it is odd |\n"
        "| `unexplained` | a bug |\n"};
    RequestMetrics metrics_{registry_, reasons_};
    RequestLog log_{lines_, metrics_, false, reasons_};
};

TEST_F(RequestLogTest, ARefusalCountsByItsReason) {
    tell(404, {.reason = "two"});
    EXPECT_TRUE(counted("two", 1));
    EXPECT_TRUE(counted("one", 0));
    EXPECT_NE(lines_.text.find("reason=two hint=\"404: it is odd\""), std::string::npos) << lines_.text;
}
TEST_F(RequestLogTest, ARefusalWithoutAReasonIsCountedAsItIsLogged) {
    tell(503, {});
    EXPECT_TRUE(counted("unexplained", 1));
    EXPECT_TRUE(counted("other", 0));
    EXPECT_NE(lines_.text.find("reason=unexplained hint=\"a bug\""), std::string::npos) << lines_.text;
}
TEST_F(RequestLogTest, AReasonThatThePageDoesNotHaveIsOther) {
    tell(400, {.reason = "new"});
    EXPECT_TRUE(counted("other", 1));
}
TEST_F(RequestLogTest, WhatIsNoRefusalCountsAsNone) {
    tell(200, {});
    EXPECT_TRUE(counted("unexplained", 0));
    EXPECT_TRUE(counted("other", 0));
    EXPECT_EQ(lines_.text, "");
}

}  // namespace
}  // namespace homespun::tests
