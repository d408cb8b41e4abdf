#include "base/histogram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/encoding.hpp"

namespace homespun::base {
namespace {

using testing::HasSubstr;

// Made with HdrHistogram's own tool for Python: 100, 200 ... 100,000, seven times 60,000,000 and twice 0.
constexpr std::string_view independent =
    "HISTFAAAAF14nJNpmSzMwMAezAABzFCaEYj5/wOB/QeIAMtRRiay0URGpkSiYDyTPpWhLpMok/ggx6JMnGDIPUpTRHMyMaNA1lH+KH8A"
    "+cxMTIwIhJ05KjEiJaZPYeQDALJoQRU=";

Histogram of(std::initializer_list<std::int64_t> values) {
    Histogram histogram;
    for (const auto value : values)
        histogram.record(value);
    return histogram;
}

/// Values of every magnitude, those at the edges of buckets among them.
std::int64_t random_value() {
    const auto exponent = *rc::gen::inRange(0, 37);
    const auto base = std::int64_t{1} << exponent;
    if (*rc::gen::inRange(0, 4) == 0) return base + *rc::gen::inRange(-1, 2);
    return base + *rc::gen::inRange<std::int64_t>(0, base);
}

std::vector<std::int64_t> random_values() {
    std::vector<std::int64_t> values(*rc::gen::inRange<std::size_t>(0, 200));
    for (auto& value : values)
        value = random_value();
    return values;
}

Histogram of(const std::vector<std::int64_t>& values) {
    Histogram histogram;
    for (const auto value : values)
        histogram.record(value);
    return histogram;
}

TEST(HistogramTest, IsZeroWhenEmpty) {
    const Histogram empty;
    EXPECT_EQ(empty.count(), 0);
    EXPECT_EQ(empty.min(), 0);
    EXPECT_EQ(empty.max(), 0);
    EXPECT_EQ(empty.mean(), 0);
    EXPECT_EQ(empty.standard_deviation(), 0);
    EXPECT_EQ(empty.quantile(0.5), 0);
    EXPECT_EQ(empty.count_up_to(Histogram::highest_value), 0);
    EXPECT_TRUE(empty.buckets().empty());
}

TEST(HistogramTest, CutsValuesAsHdrHistogramDoes) {
    const auto bucket = [](std::int64_t value) {
        const auto found = of({value}).buckets();
        return std::pair(found.at(0).low, found.at(0).high);
    };
    EXPECT_EQ(bucket(0), std::pair(0L, 0L));
    EXPECT_EQ(bucket(2047), std::pair(2047L, 2047L));
    EXPECT_EQ(bucket(2048), std::pair(2048L, 2049L));
    EXPECT_EQ(bucket(4095), std::pair(4094L, 4095L));
    EXPECT_EQ(bucket(4096), std::pair(4096L, 4099L));
    EXPECT_EQ(bucket(60'000'000), std::pair(59'998'208L, 60'030'975L));
    EXPECT_EQ(bucket(Histogram::highest_value).second, Histogram::highest_value);
}

TEST(HistogramTest, BucketsAreNarrowAndHoldTheirValue) {
    EXPECT_TRUE(rc::check([] {
        const auto value = std::min(random_value(), Histogram::highest_value);
        const auto bucket = of({value}).buckets().at(0);
        RC_ASSERT(bucket.low <= value && value <= bucket.high);
        RC_ASSERT((bucket.high - bucket.low) * 1000 <= bucket.low);
        const auto edges = of({bucket.low, bucket.high, bucket.high + 1}).buckets();
        RC_ASSERT(edges.at(0).count == (bucket.high < Histogram::highest_value ? 2U : 3U));
    }));
}

TEST(HistogramTest, ClampsWhatItCannotHold) {
    const auto histogram = of({-5, Histogram::highest_value + 1, INT64_MAX, INT64_MIN});
    EXPECT_EQ(histogram.count(), 4);
    EXPECT_EQ(histogram.min(), 0);
    EXPECT_EQ(histogram.max(), Histogram::highest_value);
    EXPECT_EQ(histogram.buckets().size(), 2);
    EXPECT_EQ(histogram.count_up_to(0), 2);
    EXPECT_EQ(histogram.count_up_to(-1), 0);
    EXPECT_EQ(histogram.count_up_to(INT64_MAX), 4);
}

TEST(HistogramTest, CountsManyAtOnceAndNoneNotAtAll) {
    Histogram histogram;
    histogram.record(10, 3);
    histogram.record(500, 0);
    EXPECT_EQ(histogram.count(), 3);
    EXPECT_EQ(histogram.max(), 10);
    EXPECT_TRUE(histogram == of({10, 10, 10}));
}

TEST(HistogramTest, FindsQuantiles) {
    Histogram histogram;
    for (int i = 1; i <= 100; ++i)
        histogram.record(i);
    EXPECT_EQ(histogram.quantile(0), 1);
    EXPECT_EQ(histogram.quantile(0.005), 1);
    EXPECT_EQ(histogram.quantile(0.07), 7) << "though 0.07 * 100 is more than 7";
    EXPECT_EQ(histogram.quantile(0.5), 50);
    EXPECT_EQ(histogram.quantile(0.501), 51);
    EXPECT_EQ(histogram.quantile(0.99), 99);
    EXPECT_EQ(histogram.quantile(1), 100);
    EXPECT_EQ(histogram.quantile(7), 100);
    EXPECT_EQ(histogram.quantile(-1), 1);
    EXPECT_EQ(histogram.quantile(NAN), 1);
    histogram.record(1'000'000);
    EXPECT_EQ(histogram.quantile(0.999), 1'000'000) << "never above the largest";
}

TEST(HistogramTest, QuantilesAreTheSortedValues) {
    EXPECT_TRUE(rc::check([] {
        auto values = random_values();
        RC_PRE(!values.empty());
        const auto histogram = of(values);
        for (auto& value : values)
            value = std::min(value, Histogram::highest_value);
        std::ranges::sort(values);
        const auto place = *rc::gen::inRange<std::size_t>(0, values.size());
        const auto q = static_cast<double>(place + 1) / static_cast<double>(values.size());
        const auto found = histogram.quantile(q);
        RC_ASSERT(found >= values[place]);
        RC_ASSERT(found <= values[place] + values[place] / 1000);
        RC_ASSERT(histogram.count_up_to(found) >= place + 1);
        RC_ASSERT(histogram.min() == values.front());
        RC_ASSERT(histogram.max() == values.back());
    }));
}

TEST(HistogramTest, KnowsMeanAndDeviation) {
    const auto histogram = of({2, 4, 4, 4, 5, 5, 7, 9});
    EXPECT_DOUBLE_EQ(histogram.mean(), 5);
    EXPECT_DOUBLE_EQ(histogram.standard_deviation(), 2);
    EXPECT_DOUBLE_EQ(of({4096}).mean(), 4097.5) << "the bucket's middle";
    EXPECT_DOUBLE_EQ(of({4096}).standard_deviation(), 0);
}

TEST(HistogramTest, AddsUpExactly) {
    EXPECT_TRUE(rc::check([] {
        const auto a = random_values(), b = random_values();
        auto both = a;
        both.insert(both.end(), b.begin(), b.end());
        auto sum = of(a);
        sum.add(of(b));
        RC_ASSERT(sum == of(both));
        RC_ASSERT(sum.min() == of(both).min());
        RC_ASSERT(sum.max() == of(both).max());
        sum.add(sum);
        RC_ASSERT(sum.count() == 2 * both.size());
    }));
}

TEST(HistogramTest, IsUsedAgainAfterClear) {
    auto histogram = of({5, 1'000'000});
    histogram.clear();
    EXPECT_TRUE(histogram == Histogram());
    EXPECT_EQ(histogram.max(), 0);
    histogram.record(7);
    EXPECT_TRUE(histogram == of({7}));
    EXPECT_EQ(histogram.min(), 7);
    EXPECT_EQ(histogram.max(), 7);
    EXPECT_FALSE(histogram == of({8}));
    EXPECT_FALSE(histogram == of({7, 7}));
}

TEST(HistogramEncodingTest, ReadsTheIndependentTool) {
    const auto read = Histogram::decode(independent);
    ASSERT_TRUE(read) << read.error().message;
    // What that tool itself says about it.
    EXPECT_EQ(read->count(), 1009);
    EXPECT_EQ(read->min(), 0);
    EXPECT_EQ(read->max(), 60'030'975);
    EXPECT_EQ(read->quantile(0.5), 50'303);
    EXPECT_EQ(read->quantile(0.99), 99'711);
    EXPECT_NEAR(read->mean(), 465'960, 1);
    EXPECT_NEAR(read->standard_deviation(), 4'977'305, 10);
    Histogram same;
    for (int i = 1; i <= 1000; ++i)
        same.record(i * 100);
    same.record(60'000'000, 7);
    same.record(0, 2);
    EXPECT_TRUE(*read == same);
    EXPECT_EQ(Histogram::decode(same.encode())->max(), 60'030'975);
}

TEST(HistogramEncodingTest, ReadsOtherNumbersOfDigits) {
    // 0, 1, 5, 1000, 1000, 123456 and 2000000 by the same tool with one, two, four and five digits.
    const std::pair<std::string_view, double> others[] = {
        {"HISTFAAAACp4nJNpmSzMwMDAwwABjMj0tclLGOw/QASYmFiZLjKy3GZkqmUCAJVmBs8=", 0.05},
        {"HISTFAAAACx4nJNpmSzMwMDAywABTFCaEURcm7yEwf4DVIKJlek5O8trXqZmDiYAnjsHFw==", 0.005},
        {"HISTFAAAAC94nJNpmSzMwMDAzwABLFCaEURcm7yEwf4DRICJiZXpMD/L2UvsTI1tHEwAsWsIMQ==", 0.001},
        {"HISTFAAAADJ4nJNpmSzMwMDAzwABrFCakYGB2c1gxwIG+w8QASYmVqbD/Cxrf/Ixzd1pzwQArSAIig==", 0.001},
    };
    for (const auto& [text, error] : others) {
        const auto read = Histogram::decode(text);
        ASSERT_TRUE(read) << text << ": " << read.error().message;
        EXPECT_EQ(read->count(), 7) << text;
        EXPECT_EQ(read->min(), 0) << text;
        EXPECT_EQ(read->count_up_to(5), 3) << text;
        EXPECT_NEAR(static_cast<double>(read->quantile(0.7)), 1000, 1000 * error + 1) << text;
        EXPECT_NEAR(static_cast<double>(read->max()), 2e6, 2e6 * error) << text;
    }
}

TEST(HistogramEncodingTest, DecodesWhatItEncoded) {
    EXPECT_TRUE(rc::check([] {
        Histogram histogram;
        for (const auto value : random_values()) {
            const auto bits = *rc::gen::inRange(0, 55);
            histogram.record(value, std::uint64_t{1} << bits);
        }
        const auto again = Histogram::decode(histogram.encode());
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == histogram);
        RC_ASSERT(again->min() <= histogram.min());
        RC_ASSERT(again->max() >= histogram.max());
        RC_ASSERT(again->encode() == histogram.encode());
    }));
}

TEST(HistogramEncodingTest, TakesTheLargestCounts) {
    Histogram histogram;
    histogram.record(3, INT64_MAX - 1);
    histogram.record(5);
    const auto again = Histogram::decode(histogram.encode());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(*again == histogram);
    histogram.record(5);
    EXPECT_FALSE(Histogram::decode(histogram.encode())) << "the sum is 2^63";
}

TEST(HistogramEncodingTest, IsShort) {
    Histogram histogram;
    EXPECT_LT(histogram.encode().size(), 60);
    histogram.record(Histogram::highest_value);
    EXPECT_LT(histogram.encode().size(), 70);
}

TEST(HistogramEncodingTest, RefusesDamage) {
    const auto message = [](std::string_view text) {
        const auto read = Histogram::decode(text);
        return read ? "accepted" : read.error().message;
    };
    EXPECT_THAT(message(""), HasSubstr("cut short"));
    EXPECT_THAT(message("*"), HasSubstr("base64"));
    EXPECT_THAT(message("AAAAAAAAAAA="), HasSubstr("V2"));
    const std::string whole(*base64_decode(independent, Base64::standard));
    const auto changed = [&](std::string bytes) { return message(base64_encode(bytes, Base64::standard)); };
    EXPECT_THAT(changed(whole + "x"), HasSubstr("compressed length"));
    EXPECT_THAT(changed(whole.substr(0, whole.size() - 1)), HasSubstr("compressed length"));
    auto longer = whole + "x";
    ++longer[7];
    EXPECT_THAT(changed(longer), HasSubstr("behind"));
    auto shorter = whole.substr(0, whole.size() - 1);
    --shorter[7];
    EXPECT_THAT(changed(shorter), HasSubstr("zlib"));
    for (std::size_t i = 8; i < whole.size(); ++i) {
        auto bytes = whole;
        bytes[i] = static_cast<char>(bytes[i] ^ 1);
        EXPECT_NE(changed(bytes), "accepted") << i << ": zlib has a checksum";
    }
    EXPECT_THAT(message(std::string(std::size_t{5} << 20, 'A')), HasSubstr("too long"));
}

// Stored, so uncompressed, zlib streams: their checksum can be computed by hand.
std::string wrapped(std::string_view payload) {
    const auto number = [](std::uint64_t value, int bytes) {
        std::string text;
        for (int shift = 8 * bytes - 8; shift >= 0; shift -= 8)
            text += static_cast<char>(value >> shift & 0xff);
        return text;
    };
    std::uint32_t a = 1, b = 0;
    for (const char c : payload) {
        a = (a + static_cast<unsigned char>(c)) % 65521;
        b = (b + a) % 65521;
    }
    const auto size = payload.size();
    const auto flipped = [](std::size_t value) { return (value & 0xff) << 8 | (value >> 8 & 0xff); };
    const auto stream = "\x78\x01\x01" + number(flipped(size), 2) + number(flipped(~size), 2) +
                        std::string(payload) + number(b << 16 | a, 4);
    return base64_encode(number(0x1c849314, 4) + number(stream.size(), 4) + stream, Base64::standard);
}

TEST(HistogramEncodingTest, RefusesBadHeadersAndCounts) {
    const auto hex = [](std::string_view head, std::string_view counts) {
        const auto bytes = *hex_decode(std::string(head) + std::string(counts));
        const auto read = Histogram::decode(wrapped(bytes));
        return read ? "count " + std::to_string(read->count()) : read.error().message;
    };
    const auto head = [](std::string_view cookie, std::string_view length, std::string_view offset,
                         std::string_view digits, std::string_view lowest, std::string_view highest) {
        std::string text;
        for (const auto each : {cookie, length, offset, digits, lowest, highest})
            text += each;
        return text + "3ff0000000000000";
    };
    constexpr std::string_view cookie = "1c849313", none = "00000000", three = "00000003";
    constexpr std::string_view one = "0000000000000001", hour = "00000000d693a400";
    EXPECT_EQ(hex(head(cookie, "00000001", none, three, one, hour), "04"), "count 2");
    EXPECT_EQ(hex(head(cookie, none, none, three, one, hour), ""), "count 0");
    EXPECT_THAT(hex("1c849313", ""), HasSubstr("header"));
    EXPECT_THAT(hex(head("1c849301", "00000001", none, three, one, hour), "04"), HasSubstr("V2"));
    EXPECT_THAT(hex(head(cookie, "00000002", none, three, one, hour), "04"), HasSubstr("length"));
    EXPECT_THAT(hex(head(cookie, "00000001", three, three, one, hour), "04"), HasSubstr("shifted"));
    EXPECT_THAT(hex(head(cookie, "00000001", none, "00000006", one, hour), "04"), HasSubstr("digits"));
    EXPECT_THAT(hex(head(cookie, "00000001", none, three, hour, hour), "04"), HasSubstr("lowest"));
    EXPECT_THAT(hex(head(cookie, "00000001", none, three, one, one), "04"), HasSubstr("highest"));
    EXPECT_THAT(hex(head(cookie, "00000001", none, three, one, "8000000000000000"), "04"),
                HasSubstr("highest"));
    const auto counts = [&](std::string_view length, std::string_view text) {
        return hex(head(cookie, length, none, three, one, hour), text);
    };
    EXPECT_THAT(counts("00000001", "84"), HasSubstr("cut short"));
    EXPECT_THAT(counts("00000009", "ffffffffffffffffff"), HasSubstr("above its highest")) << "-2^63 zeros";
    EXPECT_THAT(counts("00000012",
                       "feffffffffffffffff"
                       "feffffffffffffffff"),
                HasSubstr("too many"));
    // 23 * 1024 counts reach up to an hour: as many zeros pass, and nothing behind them.
    EXPECT_EQ(counts("00000003", "ffef02"), "count 0");
    EXPECT_THAT(counts("00000004", "ffef0204"), HasSubstr("above its highest"));
    EXPECT_EQ(hex(head(cookie, "00000004", none, "00000005", one, "7fffffffffffffff"), "ffffff04"),
              "count 0");
}

TEST(HistogramLogTest, WritesHeadAndLines) {
    EXPECT_EQ(histogram_log_head(1441812279.474),
              "#[Histogram log format version 1.3]\n"
              "#[StartTime: 1441812279.474 (seconds since epoch), 2015-09-09T15:24:39Z]\n"
              "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n");
    HistogramLine line{"response", 0.127, 1.0066, of({2'769'000})};
    EXPECT_EQ(to_text(line), "Tag=response,0.127,1.007,2.769," + line.histogram.encode() + "\n");
    line.tag.clear();
    EXPECT_EQ(to_text(line), "0.127,1.007,2.769," + line.histogram.encode() + "\n");
    line.tag = "a,b c\n";
    EXPECT_TRUE(to_text(line).starts_with("Tag=a_b_c_,0.127,"));
}

TEST(HistogramLogTest, WritesAnyStartTime) {
    EXPECT_THAT(histogram_log_head(0), HasSubstr("1970-01-01T00:00:00Z"));
    EXPECT_THAT(histogram_log_head(-1e300), HasSubstr("1970-01-01T00:00:00Z"));
    EXPECT_THAT(histogram_log_head(1e300), HasSubstr("9999-12-31T23:59:59Z"));
    EXPECT_THAT(histogram_log_head(1709164800), HasSubstr("2024-02-29T00:00:00Z"));
}

TEST(HistogramLogTest, ReadsWhatItWrote) {
    const HistogramLine first{"", 0, 1, of({1, 2, 3})}, second{"GET", 1, 0.5, of({70'000})};
    const auto text = histogram_log_head(1.5) + to_text(first) + "\n# a remark\r\n" + to_text(second);
    const auto lines = parse_histogram_log(text);
    ASSERT_TRUE(lines) << lines.error().message;
    ASSERT_EQ(lines->size(), 2);
    EXPECT_EQ(lines->at(0).tag, "");
    EXPECT_EQ(lines->at(0).start_s, 0);
    EXPECT_EQ(lines->at(0).interval_s, 1);
    EXPECT_TRUE(lines->at(0).histogram == first.histogram);
    EXPECT_EQ(lines->at(1).tag, "GET");
    EXPECT_EQ(lines->at(1).start_s, 1);
    EXPECT_EQ(lines->at(1).interval_s, 0.5);
    EXPECT_TRUE(lines->at(1).histogram == second.histogram);
    EXPECT_TRUE(parse_histogram_log("")->empty());
}

TEST(HistogramLogTest, NamesTheBadLine) {
    const auto good = to_text({"", 0, 1, of({1})});
    for (const std::string bad : {"x", "1,2,3", "1,2,3,4,5", "a,1,1,", "1,nan,1,", "1,2,inf,", "1,2,3,AAAA",
                                  "1e999,2,3,AAAA", "Tag=", "Tag=a", "Tag=a b,1,2,3,"}) {
        const auto lines = parse_histogram_log("#\n" + good + bad + "\n" + good);
        ASSERT_FALSE(lines) << bad;
        EXPECT_TRUE(lines.error().message.starts_with("line 3: ")) << lines.error().message;
    }
    const auto tagged_blank = parse_histogram_log("Tag=a b," + good);
    ASSERT_FALSE(tagged_blank);
    EXPECT_THAT(tagged_blank.error().message, HasSubstr("blank"));
}

}  // namespace
}  // namespace homespun::base
