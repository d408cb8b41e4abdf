#include "sync/protocol/timestamp.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::protocol {
namespace {

std::int64_t parsed(std::string_view text) {
    const auto timestamp = Timestamp::parse(text);
    return timestamp ? timestamp->hundredths : -1;
}

TEST(Timestamp, TextHasExactlyTwoDecimals) {
    EXPECT_EQ(Timestamp{170000000010}.text(), "1700000000.10");
    EXPECT_EQ(Timestamp{170000000000}.text(), "1700000000.00");
    EXPECT_EQ(Timestamp{}.text(), "0.00");
    EXPECT_EQ(Timestamp{7}.text(), "0.07");
}

TEST(Timestamp, MillisecondsAreCutNotRounded) {
    EXPECT_EQ(Timestamp::from_ms(1'700'000'000'019).hundredths, 170000000001);
    EXPECT_EQ(Timestamp{170000000001}.to_ms(), 1'700'000'000'010);
}

TEST(Timestamp, ParsesAnyNumberOfDecimals) {
    EXPECT_EQ(parsed("0"), 0);
    EXPECT_EQ(parsed("1700000000"), 170000000000);
    EXPECT_EQ(parsed("1700000000.1"), 170000000010);
    EXPECT_EQ(parsed("1700000000.15"), 170000000015);
    EXPECT_EQ(parsed("1699999999.1499999"), 169999999915);
    EXPECT_EQ(parsed("1700000000.149"), 170000000015);
    EXPECT_EQ(parsed("1700000000.144"), 170000000014);
    EXPECT_EQ(parsed("1700000000.999999"), 170000000100);
    EXPECT_EQ(parsed("99999999999.00"), 9999999999900);
}

TEST(Timestamp, RefusesEverythingElse) {
    for (const auto* text : {"", "abc", "-3", "+3", "1e9", "nan", "inf", ".", "1.", ".5", "1.2.3", " 1", "1 ",
                             "0x10", "100000000000", "1,5"}) {
        EXPECT_EQ(parsed(text), -1) << text;
    }
}

TEST(Timestamp, ItsTextReadsBack) {
    for (std::int64_t value : {0L, 1L, 99L, 100L, 170000000010L, 9999999999999L}) {
        EXPECT_EQ(parsed(Timestamp{value}.text()), value);
    }
}

}  // namespace
}  // namespace homespun::sync::protocol
