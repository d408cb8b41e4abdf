#include "sync/registration/mail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace homespun::sync::registration {
namespace {

using testing::HasSubstr;

TEST(Mail, HoldsTheLink) {
    const auto mail =
        reset_mail("https://sync.example", {.id = 1, .name = "ann", .mail = "a@b.cd"}, "ABCD-EFGH-IJKL-MNOP");
    EXPECT_EQ(mail.to, "a@b.cd");
    EXPECT_EQ(mail.subject, "Resetting your Services password");
    EXPECT_THAT(
        mail.text,
        HasSubstr("\nhttps://sync.example/weave-password-reset?username=ann&key=ABCD-EFGH-IJKL-MNOP\n"));
}

TEST(Mail, IsAMessage) {
    const auto message =
        mail_message({"a@b.cd", "Hello", "one\ntw\u00f6\n"}, "sync@example.org", "id@host", 1763740800000);
    ASSERT_TRUE(message);
    EXPECT_THAT(*message, HasSubstr("Date: Fri, 21 Nov 2025 16:00:00 +0000\r\n"));
    EXPECT_THAT(*message, HasSubstr("From: <sync@example.org>\r\nTo: <a@b.cd>\r\nSubject: Hello\r\n"));
    EXPECT_THAT(*message, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
    const auto body = message->substr(message->find("\r\n\r\n") + 4);
    EXPECT_EQ(base::base64_decode(body.substr(0, body.size() - 2), base::Base64::standard),
              "one\r\ntw\u00f6\r\n");
}

TEST(Mail, NothingGetsIntoTheHeaders) {
    const std::string text = "text";
    for (const std::string bad : {"a@b.cd\r\nBcc: x@y.zz", "a@b.cd\nBcc: x@y.zz", "a@b.cd>\r\nX: y",
                                  "a@b.cd, x@y.zz", "\"a> SIZE=1\"@b.cd", "\"a\r\nBcc: x\"@b.cd", ""}) {
        EXPECT_FALSE(mail_message({bad, "Hello", text}, "sync@example.org", "id", 0)) << bad;
        EXPECT_FALSE(mail_message({"a@b.cd", "Hello", text}, bad, "id", 0)) << bad;
    }
    EXPECT_FALSE(mail_message({"a@b.cd", "Hello\r\nBcc: x@y.zz", text}, "sync@example.org", "id", 0));
    // A text that looks like the end of the message, or like headers, stays text.
    const auto message = mail_message({"a@b.cd", "Hello", "x\r\n.\r\nQUIT\r\n"}, "sync@example.org", "id", 0);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->find("\r\n.\r\n"), std::string::npos);
    EXPECT_EQ(message->find("QUIT"), std::string::npos);
}

}  // namespace
}  // namespace homespun::sync::registration
