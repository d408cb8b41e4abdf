#include "sync/client/printable.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::sync::client {
namespace {

TEST(PrintableTest, NothingSteersTheTerminal) {
    EXPECT_EQ(printable_text("a\x1b[31mb\r\n\x7f"), "a\\u{1b}[31mb\\u{d}\\u{a}\\u{7f}");
    EXPECT_EQ(printable_text("\xc2\x9b"
                             "31m"),
              "\\u{9b}31m")
        << "CSI in one character";
    EXPECT_EQ(printable_text("evil\xe2\x80\xaegpj.exe"), "evil\\u{202e}gpj.exe");
    EXPECT_EQ(printable_text("Zwölf 😀 日本"), "Zwölf 😀 日本");
    EXPECT_EQ(printable_text("\xff\xc3(\xe2\x82"), "\\xff\\xc3(\\xe2\\x82");
    EXPECT_EQ(printable_text("a\\u{1b}"), "a\\\\u{1b}") << "an escape that was none is told from one";
}

TEST(PrintableTest, JsonMeansTheSame) {
    const std::string json =
        "{\"a\":\"\\u001b \xc2\x9b \xe2\x80\xae \x7f \xf3\xa0\x80\x81 ß\",\r\n\t\"b\":1.50}";
    const auto shown = printable_json(json);
    EXPECT_EQ(shown, "{\"a\":\"\\u001b \\u009b \\u202e \\u007f \\udb40\\udc01 ß\",   \"b\":1.50}");
    EXPECT_EQ(base::json::parse(shown).value(), base::json::parse(json).value());
}

TEST(PrintableTest, WhateverComesInIsPrintable) {
    EXPECT_TRUE(rc::check("any bytes", [](const std::string& bytes) {
        const auto shown = printable_text(bytes);
        RC_ASSERT(base::is_utf8(shown));
        RC_ASSERT(std::ranges::none_of(shown, [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
        if (std::ranges::all_of(bytes, [](unsigned char c) { return c >= 0x20 && c < 0x7f && c != '\\'; }))
            RC_ASSERT(shown == bytes);
    }));
}

}  // namespace
}  // namespace homespun::sync::client
