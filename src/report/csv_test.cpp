#include "report/csv.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace homespun::report {
namespace {

std::string row(const std::vector<std::string>& fields) {
    return csv_row(fields);
}

TEST(CsvTest, QuotesWhatNeedsIt) {
    EXPECT_EQ(row({"a", "b c", "1.5"}), "a,b c,1.5\r\n");
    EXPECT_EQ(row({"a,b", "say \"x\"", "two\nlines", "cr\r"}),
              "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\r\"\r\n");
    EXPECT_EQ(row({"", ""}), ",\r\n");
    EXPECT_EQ(row({""}), "\"\"\r\n") << "not an empty line";
    EXPECT_EQ(row({}), "\r\n");
    EXPECT_EQ(row({"Grüße"}), "Grüße\r\n");
}

TEST(CsvTest, NumbersReadBack) {
    EXPECT_EQ(csv_number(0.1), "0.1");
    EXPECT_EQ(csv_number(1.0 / 3), "0.3333333333333333");
    EXPECT_EQ(csv_number(42), "42");
    EXPECT_EQ(csv_number(std::numeric_limits<double>::quiet_NaN()), "");
    EXPECT_EQ(csv_number(-std::numeric_limits<double>::infinity()), "");
}

}  // namespace
}  // namespace homespun::report
