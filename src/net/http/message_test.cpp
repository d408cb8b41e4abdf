#include "net/http/message.hpp"

#include <gtest/gtest.h>

#include "net/http/application.hpp"

namespace homespun::net::http {
namespace {

TEST(RequestTest, DividesItsTarget) {
    Request request;
    request.target = "/a%2Fb?x=1?y#z";
    EXPECT_EQ(request.path(), "/a%2Fb");
    EXPECT_EQ(request.query(), "x=1?y#z");
    request.target = "/a";
    EXPECT_EQ(request.path(), "/a");
    EXPECT_EQ(request.query(), "");
    request.target = "/?";
    EXPECT_EQ(request.path(), "/");
    EXPECT_EQ(request.query(), "");
    request.target.clear();
    EXPECT_EQ(request.path(), "");
    EXPECT_EQ(request.query(), "");
}

TEST(ReasonPhraseTest, KnowsTheRegisteredOnes) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(412), "Precondition Failed");
    EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(RefusalTest, HasAStatusWithAPhrase) {
    EXPECT_EQ(status_of(Refusal::malformed), 400);
    EXPECT_EQ(status_of(Refusal::head_too_large), 431);
    EXPECT_EQ(status_of(Refusal::body_too_large), 413);
    EXPECT_EQ(status_of(Refusal::too_slow), 408);
    EXPECT_EQ(status_of(Refusal::expectation), 417);
    EXPECT_EQ(status_of(Refusal::version), 505);
    EXPECT_EQ(status_of(Refusal::handler_timeout), 503);
    EXPECT_EQ(status_of(Refusal::handler_failed), 500);
    for (int i = 0; i <= static_cast<int>(Refusal::handler_failed); ++i) {
        EXPECT_NE(reason_phrase(status_of(static_cast<Refusal>(i))), "Unknown");
    }
}

}  // namespace
}  // namespace homespun::net::http
